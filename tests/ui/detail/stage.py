"""The console with one screen on top of it, as a test drives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.ui.app import AcpApp
from acp_tui.ui.screens.tree import TreeScreen
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.notice import Notice
from tests.fakes.backend import FakeBackend
from tests.ui.detail.scene import console, scene
from tests.ui.workers import workers_done


class Stage:
    """The console with one screen on top of it, and hands to press keys with."""

    def __init__(self, fake: FakeBackend, app: AcpApp, pilot: Pilot[None]) -> None:
        self.fake = fake
        self.app = app
        self.pilot = pilot

    async def push(self, screen: Screen[None]) -> None:
        self.app.push_screen(screen)
        await self.settle()

    async def settle(self) -> None:
        await self.pilot.pause()
        await workers_done(self.app)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def answer(self, text: str) -> None:
        """Type over what stands in the line at the foot of the screen, and press Enter."""
        self.screen.query_one(Entry).value = text
        await self.press("enter")

    @property
    def screen(self) -> Screen[object]:
        return self.app.screen

    @property
    def shown(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    @property
    def said(self) -> str:
        return "\n".join(notice.text for notice in self.screen.query(Notice) if notice.display)


@asynccontextmanager
async def stage(
    make: Callable[[FakeBackend], Screen[None]], *, size: tuple[int, int] = (120, 40), fake: FakeBackend | None = None
) -> AsyncIterator[Stage]:
    fake = fake or scene()
    app = console(fake)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await workers_done(app)
        here = Stage(fake, app, pilot)
        await here.push(make(fake))
        yield here


def tree_of_payments(fake: FakeBackend) -> TreeScreen:
    return TreeScreen(next(row for row in fake.fleet.rows("applications") if row.ref.name == "payments-api"))
