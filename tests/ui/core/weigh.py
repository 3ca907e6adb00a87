"""What a terminal of 200x50 cells in true colour is sent for a key, frame by frame, on a fleet with a lot in it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import structs
from rich.color import ColorSystem
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from acp_tui.terminal.screen import Screen
from acp_tui.ui.app import AcpApp
from tests.fakes.backend import DAY, NOW, FakeBackend, fake_backend
from tests.ui.core.scene import console, settle

SIZE = (200, 50)
_FIRST = ("pay", "order", "ledger", "cart", "search", "库存", "route", "invoice", "login", "metrics", "mail", "price")
_LAST = ("api", "worker", "cache", "gateway", "web", "sync", "collector", "服务", "agent", "job")


def crowded(count: int = 300) -> FakeBackend:
    """The still fleet with many more applications and releases, no two of them alike."""
    fake = fake_backend()
    dice = random.Random(4)
    tables = fake.fleet.tables
    for view in ("applications", "releases"):
        for number in range(count):
            row = tables[view][number % 30]
            name = f"{dice.choice(_FIRST)}-{dice.choice(_LAST)}-{number}"
            facts: dict[str, Any] = {"revision": dice.randrange(1, 90)}
            version = f"{dice.randrange(9)}.{dice.randrange(20)}.{dice.randrange(30)}"
            if view == "releases":
                facts |= {"chart": name[:14], "chart_version": version, "updated_at": NOW - dice.randrange(20 * DAY)}
            else:
                facts |= {"version": version, "created_at": NOW - dice.randrange(20 * DAY)}
            place = structs.replace(row.ref, name=name, namespace=dice.choice(_FIRST))
            tables[view].append(structs.replace(row, ref=place, **facts))
    return fake


class Ear(HeadlessDriver):
    """Hears what Textual writes, in true colour as our driver asks for it."""

    def __init__(self, app: AcpApp, **options: Any) -> None:
        super().__init__(app, **options)
        app.console._color_system = ColorSystem.TRUECOLOR
        self.heard: list[str] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.heard.append(data)


class Scales:
    """Presses keys and weighs what they bring."""

    def __init__(self, app: AcpApp, fake: FakeBackend, pilot: Pilot[None]) -> None:
        self.app = app
        self.fake = fake
        self._pilot = pilot
        self._screen = Screen(*SIZE)
        self._screen.repeats = self._screen.stops.usable = True
        self._screen.feed("\x1b[?1049h")

    async def weigh(self, *keys: str) -> int:
        """Bytes of all frames until nothing moves any more, the cursor's rest among it."""
        for key in keys:
            await self._pilot.press(key)
        return await self.rest()

    async def rest(self) -> int:
        await self._settle()
        sent = 0
        for data in self._heard():
            self._screen.feed(data)
            sent += len(self.frame())
        return sent

    async def _settle(self) -> None:
        await settle(self._pilot)
        while self.app.workspace.changes_wait:
            await self._pilot.pause(0.02)
        await settle(self._pilot)

    def _heard(self) -> list[str]:
        driver = self.app._driver
        assert isinstance(driver, Ear)
        writes, driver.heard = driver.heard, []
        return writes

    async def hear(self) -> None:
        """Wait until nothing moves any more, without a frame being sent."""
        await self._settle()
        for data in self._heard():
            self._screen.feed(data)

    async def press(self, key: str) -> None:
        await self._pilot.press(key)
        await self.hear()

    @property
    def waits(self) -> bool:
        """Whether there may be something to send."""
        return self._screen.pending

    def frame(self) -> bytes:
        """What the terminal is sent now."""
        return self._screen.changes().encode()

    @property
    def text(self) -> str:
        """What the terminal shows now."""
        return "\n".join(self._screen.shown.lines())

    @property
    def cells(self) -> list[str]:
        """The text of every cell of it."""
        return [cell for row in self._screen.shown.texts for cell in row]


@asynccontextmanager
async def scales(fake: FakeBackend | None = None) -> AsyncIterator[Scales]:
    fake = fake or crowded()
    app = console(fake)
    app.driver_class = Ear
    async with app.run_test(headless=False, size=SIZE) as pilot:
        weighing = Scales(app, fake, pilot)
        await weighing.rest()
        yield weighing
