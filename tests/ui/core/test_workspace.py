"""The workspace: where keys lead, what panes show, and that nothing is hidden when something is wrong."""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from acp_tui.config.settings import Settings
from acp_tui.model.errors import KubeconfigError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import Health
from acp_tui.model.operation import OperationState
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from acp_tui.ui.palette import Palette
from acp_tui.ui.panes.panes import Panes
from acp_tui.ui.screens.help import HelpScreen
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.oneline import OneLine
from tests.fakes.backend import NOW, connecting, fake_backend
from tests.ui.core.host import lines_of
from tests.ui.core.scene import console, flushed, hints, names, notice, opened, pane, press, settle, workspace


async def test_the_first_screen_is_the_fleet_with_what_is_wrong_on_top() -> None:
    async with opened() as (app, _):
        assert set(names(app)[:3]) == {"edge-9", "prod-east", "staging"}
        assert app.screen.query_one("#heading", OneLine).text.startswith(
            "acp-tui  Fleet   6 clusters · 4 live · 1 stale · 1 down"
        )
        assert "7 problems" in app.screen.query_one("#heading", OneLine).text


@pytest.mark.parametrize(
    ("key", "view", "title"),
    [
        ("2", "applications", "Applications 32 ✖ 2"),
        ("3", "releases", "Releases 30 ✖ 2"),
        ("4", "quotas", "Quotas 16"),
        ("7", "activity", "Activity 2"),
    ],
)
async def test_a_digit_leads_to_a_view_and_escape_back(key: str, view: str, title: str) -> None:
    async with opened() as (app, pilot):
        await press(pilot, key)
        assert pane(app).aim.view == view
        assert pane(app).grid.title_text == title
        await press(pilot, "escape")
        assert pane(app).aim.view == "clusters"


async def test_the_screen_is_painted_before_any_cluster_answers() -> None:
    answer: asyncio.Future[Backend] = asyncio.Future()
    app = AcpApp(lambda: answer, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "Connecting…" in "\n".join(lines_of(pane(app).grid))

        answer.set_result(fake_backend().backend)
        await settle(pilot)

        assert len(names(app)) == 6


async def test_what_cannot_be_opened_is_told_in_place_of_rows() -> None:
    async def open_backend() -> Backend:
        raise KubeconfigError("There is no kubeconfig", tried="~/.kube/config", advice="set KUBECONFIG, or --demo")

    app = AcpApp(open_backend, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)

        text = "\n".join(lines_of(pane(app).grid))
        assert "There is no kubeconfig" in text
        assert "set KUBECONFIG, or --demo" in text
        await press(pilot, "j", "2", "enter")
        assert app.is_running


async def test_clusters_that_have_not_answered_are_named() -> None:
    fake = fake_backend()
    fake.fleet.tables["clusters"] = [connecting("near"), connecting("far")]
    fake.fleet.tables["releases"] = []
    async with opened(fake) as (app, pilot):
        await press(pilot, "3")

        text = "\n".join(lines_of(pane(app).grid))
        assert "0 of 2 clusters answered." in text
        assert "Waiting for near, far" in text
        assert pane(app).grid.state_text == "2 connecting"


async def test_a_change_of_the_fleet_shows_and_the_cursor_stays() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, "3")
        pane(app).grid.select("prod-west/shop/search/Secret")
        row = next(row for row in fake.fleet.tables["releases"] if row.key == "prod-west/shop/search/Secret")

        fake.fleet.change("releases", structs.replace(row, status="failed"))
        await flushed(app, pilot)

        assert pane(app).grid.title_text == "Releases 30 ✖ 3"
        assert pane(app).grid.key == row.key


async def test_a_cluster_that_falls_silent_says_so_in_each_pane() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, "2")
        silent = [
            structs.replace(row, freshness=Freshness(Age.STALE, NOW - 60, "watch stalled"))
            for row in fake.fleet.tables["clusters"]
        ]

        fake.fleet.change("clusters", *silent)
        await flushed(app, pilot)

        assert "stale" in pane(app).grid.state_text
        assert "live" not in pane(app).grid.state_text


async def test_enter_on_a_cluster_shows_its_applications_and_escape_leads_back_to_it() -> None:
    async with opened() as (app, pilot):
        pane(app).grid.select("staging")
        await press(pilot, "enter")
        assert pane(app).aim.clusters == frozenset({"staging"})
        assert len(names(app)) == 10
        await press(pilot, "escape")
        assert pane(app).grid.key == "staging"


async def test_a_filter_narrows_while_it_is_typed() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"ledger")
        assert set(names(app)) == {"ledger"}
        await press(pilot, "enter")
        assert isinstance(app.focused, Grid)
        assert pane(app).grid.title_text.endswith("3/30  /ledger")
        await press(pilot, "escape")
        assert len(names(app)) == 30


async def test_escape_in_the_filter_takes_back_what_was_typed() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"ledger", "escape")

        assert len(names(app)) == 30
        assert isinstance(app.focused, Grid)


async def test_letters_in_the_filter_are_letters_and_no_commands() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"q2?:z")

        assert pane(app).aim.view == "releases"
        assert pane(app).aim.filter == "q2?:z"


@pytest.mark.parametrize(
    ("typed", "view", "clusters", "namespace"),
    [
        ("helm", "releases", None, ""),
        ("rel shop", "releases", None, "shop"),
        ("apps @staging", "applications", frozenset({"staging"}), ""),
        ("ns shop", "clusters", None, "shop"),
        ("ctx prod-east", "clusters", frozenset({"prod-east"}), ""),
        ("quota", "quotas", None, ""),
    ],
)
async def test_a_place_is_typed_after_a_colon(
    typed: str, view: str, clusters: frozenset[str] | None, namespace: str
) -> None:
    async with opened() as (app, pilot):
        await press(pilot, ":")
        for letter in typed:
            await pilot.press({" ": "space", "@": "at", "-": "minus"}.get(letter, letter))
        await press(pilot, "enter")

        assert (pane(app).aim.view, pane(app).aim.clusters, pane(app).aim.namespace) == (view, clusters, namespace)


async def test_any_kind_is_shown_in_the_columns_its_server_prints() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, ":", *"pods", "enter")

        assert [column.title for column in pane(app).grid.view.columns][:4] == ["NAME", "NAMESPACE", "READY", "STATUS"]
        assert fake.inspector.asked == [("table", "pods", None, "")]
        assert pane(app).grid.state_text == "without 1 cluster · 0 s ago"
        pane(app).grid.select("prod-east//Pod/shop/payments-api-7c9d-x2k9p")
        selected = workspace(app).selected_object()
        assert selected is not None
        assert selected.name == "payments-api-7c9d-x2k9p"


async def test_a_kind_nobody_serves_is_told_and_not_asked_for_again() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, ":", *"gizmos", "enter")

        assert "no table for gizmos" in notice(app)
        assert "no table for gizmos" in "\n".join(lines_of(pane(app).grid))
        pane(app).tick()
        assert len(fake.inspector.asked) == 1


async def test_an_unknown_cluster_is_told_with_those_there_are() -> None:
    async with opened() as (app, pilot):
        await press(pilot, ":", *"ctx", "space", *"mars", "enter")

        assert "there is no cluster 'mars'" in notice(app)
        assert "prod-east" in notice(app)
        assert pane(app).aim.clusters is None


async def test_zero_shows_everything_again() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "a", "0")

        assert pane(app).aim.clusters is None
        assert len(names(app)) == 32


async def test_the_clusters_of_a_pane_are_chosen_in_a_dialog() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "c", "-", "end", "space", "enter")

        assert pane(app).aim.clusters == frozenset({"staging"})
        assert len(names(app)) == 10


async def test_panes_have_their_own_view_clusters_and_filter() -> None:
    async with opened(size=(160, 40)) as (app, pilot):
        await press(pilot, "g")
        assert [each.aim.view for each in workspace(app).panes] == ["clusters", "releases"]
        await press(pilot, "/", *"failed", "enter", "tab")
        assert [each.aim.filter for each in workspace(app).panes] == ["", "failed"]
        assert pane(app).aim.view == "clusters"


async def test_there_are_at_most_four_panes_and_the_fifth_says_why_not() -> None:
    async with opened(size=(200, 60)) as (app, pilot):
        for _ in range(4):
            await press(pilot, "g")

        assert len(workspace(app).panes) == 4
        assert "4 panes are all there can be" in notice(app)


async def test_zoom_shows_one_pane_and_back() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "g", "z")
        assert [each.display for each in workspace(app).panes] == [False, True]
        await press(pilot, "tab")
        assert [each.display for each in workspace(app).panes] == [True, False]
        await press(pilot, "z")
        assert [each.display for each in workspace(app).panes] == [True, True]


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
async def test_a_zoomed_pane_has_the_whole_width(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, pilot):
        await press(pilot, "g", "g", "z")

        assert len(workspace(app).panes) > 2
        assert pane(app).size.width == size[0]
        assert pane(app).query_one(".detail").display


async def test_a_pane_can_be_closed_but_not_the_last() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "g", "X")
        assert len(workspace(app).panes) == 1
        await press(pilot, "X")
        assert "there is one pane only" in notice(app)


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
        assert hints(app).startswith("h history  b roll back  U upgrade  D uninstall")
        assert "? keys" in hints(app)


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


async def test_a_bad_theme_is_told_and_the_default_paints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "acp-tui" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('[meta]\nkind = "dark"\n[colours]\ntext = "mauve-ish"\n')
    async with opened(settings=Settings(theme="mine", glyphs="full")) as (app, _):
        assert "mine.toml:" in notice(app)
        assert app.theme == "dark"


async def test_themes_change_while_it_runs() -> None:
    async with opened() as (app, pilot):
        before = app.look.base
        await app.screen.perform_named("global.theme")  # type: ignore[attr-defined]
        await pilot.pause()

        assert app.theme == "high-contrast"
        assert app.look.base != before
        assert notice(app) == "Theme: High contrast"


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


async def test_the_strip_below_tells_first_causes_of_the_row() -> None:
    async with opened(size=(120, 40)) as (app, pilot):
        pane(app).grid.select("prod-east")
        await settle(pilot)

        lines = ["".join(text for text, _ in line) for line in pane(app).query_one(".detail", Lines).lines]
        assert lines[0].split()[:4] == ["✖", "3m", "release", "shop/payments-api"]
        assert "image registry/pay:1.9.2 not found" in lines[0]


async def test_a_cluster_of_which_nothing_is_known_is_never_called_well() -> None:
    fake = fake_backend()
    fake.fleet.tables["clusters"] = [connecting("far")]
    async with opened(fake, size=(120, 40)) as (app, _):
        lines = ["".join(text for text, _ in line) for line in pane(app).query_one(".detail", Lines).lines]

        assert lines == ["○ nothing is known of this cluster yet"]
        assert "OK" not in "\n".join(lines_of(pane(app).grid))


async def test_markup_in_names_is_text() -> None:
    fake = fake_backend()
    row = fake.fleet.tables["releases"][0]
    evil = structs.replace(row, ref=structs.replace(row.ref, name="[red]x[/red]"), reason="[link=x]y")
    fake.fleet.tables["releases"] = [evil]
    async with opened(fake, size=(120, 40)) as (app, pilot):
        await press(pilot, "3")

        assert "[red]x[/red]" in lines_of(pane(app).grid)[2]


async def test_a_hidden_screen_is_not_redrawn_but_true_when_it_is_back() -> None:
    fake = fake_backend()
    async with opened(fake, size=(120, 40)) as (app, pilot):
        await press(pilot, "?")
        row = fake.fleet.tables["clusters"][1]

        fake.fleet.change("clusters", structs.replace(row, health=Health.DEGRADED, reason="a node is gone"))
        await pilot.pause()
        assert "a node is gone" not in "\n".join(lines_of(pane(app).grid))
        await press(pilot, "escape")

        assert "a node is gone" in "\n".join(lines_of(pane(app).grid))


async def test_no_colours_means_no_colours_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console(env={"NO_COLOR": "1"}, settings=Settings(theme="light", glyphs="full"))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)

        strips = app.screen._compositor.render_strips()
        drawn = [segment.style for strip in strips for segment in strip if segment.style is not None]
        colours = {colour.name for style in drawn for colour in (style.color, style.bgcolor) if colour is not None}
        assert colours <= {"default"}
        assert os.environ["NO_COLOR"] == "1"


async def test_running_operations_are_counted_in_the_heading() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        assert "▸ 1 running" in app.screen.query_one("#heading", OneLine).text
        running = fake.controller.operation("op-2")
        fake.controller.tell(structs.replace(running, state=OperationState.SUCCEEDED, ended_at=NOW))
        await flushed(app, pilot)

        assert "running" not in app.screen.query_one("#heading", OneLine).text


async def test_an_aim_shows_what_lies_in_it() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, "3")
        workspace(app).pane.go(replace(pane(app).aim, namespace="shop", clusters=frozenset({"prod-west"})))
        await settle(pilot)

        assert sorted(names(app)) == ["payments-api", "payments-worker", "search"]


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


async def test_a_last_tick_after_the_screens_are_gone_is_no_error() -> None:
    async with opened() as (app, _):
        pass

    assert not app.screen_stack
    app._tick()
