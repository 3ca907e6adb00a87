"""What keys do, what is said when they cannot, and that nothing they start ends the program."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from acp_tui.config.settings import Settings
from acp_tui.model.errors import KubeconfigError
from acp_tui.ui.palette import Palette
from acp_tui.ui.panes.panes import Panes
from acp_tui.ui.screens.help import HelpScreen
from acp_tui.ui.screens.matrix import MatrixScreen
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.oneline import OneLine
from tests.ui.core.scene import hints, notice, opened, pane, press, settle


async def test_what_cannot_be_done_says_why() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "b")
        assert notice(app) == ""
        await press(pilot, "y")
        assert notice(app) == "YAML: no object under the cursor"


async def test_read_only_refuses_every_act() -> None:
    settings = Settings(theme="dark", glyphs="full", read_only=True)
    async with opened(settings=settings) as (app, pilot):
        await press(pilot, "3", "U")

        assert notice(app).startswith("Upgrade: read-only")
        assert "read-only" in app.screen.query_one("#heading", OneLine).text
        assert "upgrade" not in hints(app)


async def test_the_hint_line_tells_what_keys_do_here() -> None:
    async with opened() as (app, pilot):
        assert hints(app).startswith("a its apps  h its releases")
        await press(pilot, "3")
        assert hints(app).startswith("enter open  / filter  h history  b roll back  U upgrade  D uninstall")
        assert "? keys" in hints(app)


@pytest.mark.parametrize("view", ["1", "2", "3", "4"])
async def test_a_narrow_terminal_keeps_the_hints_used_most(view: str) -> None:
    async with opened(size=(80, 24)) as (app, pilot):
        await press(pilot, view)
        assert "enter open  / filter" in hints(app)
        assert "copy names" not in hints(app)


async def test_hints_are_cut_by_whole_words_and_help_is_always_there() -> None:
    async with opened(size=(60, 20)) as (app, pilot):
        await press(pilot, "3")

        assert len(hints(app)) <= 58
        assert hints(app).endswith("? keys  : go to  ")


async def test_help_lists_each_key_of_the_place_with_the_reason_where_it_does_nothing() -> None:
    async with opened(size=(140, 60)) as (app, pilot):
        await press(pilot, "3", "?")
        assert isinstance(app.screen, HelpScreen)
        text = "\n".join("".join(span[0] for span in line) for line in app.screen.query_one(Lines).lines)
        assert "Roll back" in text
        assert "(no object under the cursor)" in text
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1


async def test_the_palette_finds_an_action_by_its_name_and_does_it() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "ctrl+p", *"quota")
        assert isinstance(app.screen, Palette)
        assert app.screen.query_one(Grid).key == "workspace.view_quotas"
        await press(pilot, "enter")
        assert pane(app).aim.view == "quotas"


async def test_keys_of_another_keymap_work_and_are_shown() -> None:
    async with opened(settings=Settings(theme="dark", glyphs="full", keymap="k9s")) as (app, pilot):
        await press(pilot, "3", "G")
        assert pane(app).grid.cursor == 29
        await press(pilot, "g")
        assert pane(app).grid.cursor == 0
        assert "r roll back" in hints(app)


async def test_a_bad_keymap_is_told_once_and_the_console_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "acp-tui" / "keymaps"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('[table]\n\nsort = "ctrl+i"\n')
    async with opened(settings=Settings(theme="dark", glyphs="full", keymap="mine")) as (app, pilot):
        assert f"{folder / 'mine.toml'}:3: " in notice(app).replace("\n", "")
        await press(pilot, "2")
        assert notice(app) == ""
        assert pane(app).aim.view == "applications"


async def test_an_action_that_fails_is_a_message_and_not_the_end() -> None:
    async with opened() as (app, pilot):

        def broken() -> None:
            raise ZeroDivisionError("by nothing")

        app.screen.query_one(Panes).do_zoom = broken  # type: ignore[method-assign]
        await press(pilot, "g")
        await press(pilot, "z")

        assert "Zoom failed unexpectedly: ZeroDivisionError: by nothing" in notice(app)
        assert app.is_running


async def test_an_error_stays_until_a_key_is_pressed() -> None:
    async with opened() as (app, pilot):
        app.show_error(KubeconfigError("No such context", tried="/etc/kubeconfig", advice="see acp-tui doctor"))
        await pilot.pause()
        assert notice(app).splitlines() == ["No such context", "/etc/kubeconfig", "see acp-tui doctor"]
        await press(pilot, "j")
        assert notice(app) == ""


async def test_leaving_while_something_runs_asks_nothing_and_says_that_it_goes_on() -> None:
    async with opened() as (app, pilot):
        (running,) = app.running()
        await press(pilot, "q")
        assert not app.is_running
        said = "".join(str(each) for each in app._exit_renderables)
        assert said == f"{running.headline} goes on: acp-tui journal follow {running.id}"


async def test_a_text_is_edited_in_the_persons_own_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "replicas: 3" >> "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    async with opened() as (app, _):
        monkeypatch.setattr(type(app), "suspend", lambda self: nullcontext())

        assert await app.edit_text("image: a\n") == "image: a\nreplicas: 3\n"


async def test_a_last_tick_while_a_screen_loses_its_parts_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = []
    async with opened() as (app, pilot):
        app.push_screen(MatrixScreen())
        await settle(pilot)
        close_all = app._close_all

        async def close_all_between_ticks() -> None:
            await app.screen.query("*").remove()
            app._tick()
            ticks.append(app.screen)
            await close_all()

        monkeypatch.setattr(app, "_close_all", close_all_between_ticks)

    assert [type(screen) for screen in ticks] == [MatrixScreen]


async def test_a_last_tick_after_the_screens_are_gone_is_no_error() -> None:
    async with opened() as (app, _):
        pass

    assert not app.screen_stack
    app._tick()
