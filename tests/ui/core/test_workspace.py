"""The first screen: what panes show of the fleet, and that nothing is hidden when something is wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from textual.pilot import Pilot

from acp_tui.config.settings import Settings
from acp_tui.model.errors import KubeconfigError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import Health
from acp_tui.model.operation import OperationState
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend, Sight
from acp_tui.ui.panes.aim import OBJECTS, Aim
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.oneline import OneLine
from tests.fakes.backend import NOW, connecting, fake_backend
from tests.ui.core.host import lines_of
from tests.ui.core.scene import console, flushed, names, notice, opened, pane, press, settle


async def test_the_first_screen_is_the_fleet_with_what_is_wrong_on_top() -> None:
    async with opened() as (app, _):
        assert set(names(app)[:3]) == {"edge-9", "prod-east", "staging"}
        assert app.screen.query_one("#heading", OneLine).text.startswith(
            "acp-tui  Fleet   6 clusters · 4 live · 1 stale · 1 down"
        )
        assert "7 problems" in app.screen.query_one("#heading", OneLine).text


async def test_the_screen_is_painted_before_any_cluster_answers() -> None:
    answer: asyncio.Future[Backend] = asyncio.Future()
    app = AcpApp(lambda: answer, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "Connecting…" in "\n".join(lines_of(pane(app).grid))

        answer.set_result(fake_backend().backend)
        await settle(pilot)

        assert len(names(app)) == 6


@asynccontextmanager
async def sighted() -> AsyncIterator[tuple[AcpApp, Pilot[None], Callable[[], None]]]:
    """A console that can look already and cannot act before the last one is called."""
    answer: asyncio.Future[Backend] = asyncio.Future()
    app = AcpApp(lambda: answer, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
    fake = fake_backend()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.look_at(Sight(fake.fleet, fake.inspector))
        yield app, pilot, lambda: answer.set_result(fake.backend)


async def test_rows_are_shown_before_anything_can_be_done_about_them() -> None:
    async with sighted() as (app, pilot, can_act):
        await asyncio.wait_for(app.rows_are_there(within=5), 10)
        await pilot.pause()

        assert len(names(app)) == 6
        await pilot.press("3", "/", *"pay", "enter")
        await pilot.pause()
        assert set(names(app)) == {"payments-api", "payments-worker"}, "what needs no act is done at once"

        await pilot.press("U", "escape")
        await pilot.pause()
        assert app.screen is app.workspace
        assert pane(app).aim.filter == "pay", "a key waits behind one that waits"

        can_act()
        await settle(pilot)


async def test_an_act_whose_key_came_early_is_reviewed_as_soon_as_it_can_be() -> None:
    async with sighted() as (app, pilot, can_act):
        await pilot.press("3", "j", "U")
        await pilot.pause()
        assert app.screen is app.workspace

        can_act()
        await settle(pilot)
        assert app.screen is not app.workspace


async def test_it_begins_with_the_table_that_was_asked_for_among_clusters_that_there_are() -> None:
    fake = fake_backend()
    settings = Settings(theme="dark", glyphs="full")
    asked = Aim(OBJECTS, kind="pods", clusters=frozenset({"prod-east", "nowhere"}))
    app = AcpApp(fake.open, settings=settings, clock=lambda: NOW, env={}, asked=asked)
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)

        (only,) = app.workspace.panes
        assert only.aim == Aim(OBJECTS, kind="pods", clusters=frozenset({"prod-east"}))
        assert only.grid.rows.all


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
