"""The console on the still fleet, as a test opens it."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from textual.pilot import Pilot

from acp_tui.config.settings import Settings
from acp_tui.ui.app import AcpApp
from acp_tui.ui.panes.pane import Pane
from acp_tui.ui.screens.workspace import Workspace
from acp_tui.ui.widgets.notice import Notice
from acp_tui.ui.widgets.oneline import OneLine
from tests.fakes.backend import NOW, FakeBackend, fake_backend
from tests.ui.workers import workers_done


def console(
    fake: FakeBackend | None = None, *, settings: Settings | None = None, env: dict[str, str] | None = None
) -> AcpApp:
    """The app on a fake fleet whose clock stands still."""
    return AcpApp(
        (fake or fake_backend()).open,
        settings=settings or Settings(theme="dark", glyphs="full"),
        clock=lambda: NOW,
        env=env or {},
    )


@contextmanager
def utc() -> Iterator[None]:
    """The clock in the heading reads the same everywhere."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


async def settle(pilot: Pilot[None]) -> None:
    """Wait until every worker is done, every message is handled, and what is told of a row is told."""
    await workers_done(pilot.app)
    await pilot.pause()
    await pilot.pause()
    app = pilot.app
    while isinstance(app, AcpApp) and app.screen_stack and not all(pane.at_rest for pane in app.workspace.panes):
        await pilot.pause(0.02)


@asynccontextmanager
async def opened(
    fake: FakeBackend | None = None, *, size: tuple[int, int] = (100, 30), settings: Settings | None = None
) -> AsyncIterator[tuple[AcpApp, Pilot[None]]]:
    """The console with the fleet on the screen."""
    app = console(fake, settings=settings)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def flushed(app: AcpApp, pilot: Pilot[None]) -> None:
    """Wait until the changes the fleet told are on the screen."""
    while app.workspace.changes_wait:
        await pilot.pause(0.01)
    await pilot.pause()


def workspace(app: AcpApp) -> Workspace:
    return app.workspace


def pane(app: AcpApp) -> Pane:
    return app.workspace.pane


def names(app: AcpApp) -> list[str]:
    """The first cells of the rows in the pane that has the keys."""
    grid = pane(app).grid
    return [grid.view.columns[0].cell(row, NOW).text for row in grid.rows.shown]


def hints(app: AcpApp) -> str:
    return app.screen.query_one("#hints", OneLine).text


def notice(app: AcpApp) -> str:
    """What the message line says, empty when there is none."""
    return next((each.text for each in app.screen.query(Notice) if each.display), "")
