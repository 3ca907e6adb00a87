"""Every scene that is kept as a picture, sent as a difference and sent as Textual sends it: a terminal shows the same.

The scenes are those of the picture tests themselves, which find here another way of being compared: what Textual writes
goes to one emulator as it is, and through the difference to two others, one of true colour and one of 256.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from acp_tui.terminal.colours import PALETTE, Depth, nearest
from acp_tui.terminal.screen import Screen as Difference
from acp_tui.ui.app import AcpApp
from tests.terminal.ptys import Cell, Emulator, Stream, plain, seen
from tests.ui.core.conftest import bare_surroundings  # noqa: F401 - what the scenes expect
from tests.ui.core.test_snapshots import *  # noqa: F403 - the scenes
from tests.ui.core.weigh import Ear
from tests.ui.detail.conftest import bare_surroundings as bare_detail_surroundings  # noqa: F401
from tests.ui.detail.test_snapshots import *  # noqa: F403

Before = Callable[[Pilot[None]], Awaitable[None]]


async def heard(app: AcpApp, size: tuple[int, int], before: Before) -> list[str]:
    app.driver_class = Ear
    async with app.run_test(headless=False, size=size) as pilot:
        await before(pilot)
        await pilot.pause()
        driver = app._driver
        assert isinstance(driver, Ear)
        return driver.heard


def as_it_is(writes: list[str], size: tuple[int, int]) -> list[list[Cell]]:
    emulator = Emulator(*size)
    stream = Stream(emulator)
    for data in writes:
        stream.feed(plain(data.encode()))
    return seen(emulator)


def as_a_difference(writes: list[str], size: tuple[int, int], depth: Depth) -> tuple[list[list[Cell]], int]:
    """The screen, and the bytes that made it."""
    emulator = Emulator(*size)
    stream = Stream(emulator)
    screen = Difference(*size, depth=depth)
    screen.repeats = screen.stops.usable = True
    screen.feed("\x1b[?1049h")
    sent = 0
    for data in writes:
        screen.feed(data)
        changes = screen.changes().encode()
        sent += len(changes)
        stream.feed(plain(changes))
    return seen(emulator), sent


def reduced(cells: list[list[Cell]]) -> list[list[Cell]]:
    """The same cells on a terminal of 256 colours, by the nearest colour."""
    return [[(text, _near(fg), _near(bg), *rest) for text, fg, bg, *rest in row] for row in cells]  # type: ignore[misc]


def _near(colour: str) -> str:
    if len(colour) != 6 or colour == "default":
        return colour
    rgb = int(colour[:2], 16), int(colour[2:4], 16), int(colour[4:], 16)
    return "{:02x}{:02x}{:02x}".format(*PALETTE[nearest(rgb, Depth.EIGHT_BIT)])


@pytest.fixture
def snap_compare() -> Callable[..., bool]:
    """In the place of the one that compares pictures."""

    def compare(app: AcpApp, *, terminal_size: tuple[int, int], run_before: Before) -> bool:
        writes = asyncio.run(heard(app, terminal_size, run_before))
        wanted = as_it_is(writes, terminal_size)
        assert len({cell for row in wanted for cell in row}) > 20, "there is a picture"
        depths = (Depth.NONE,) if app.no_color else (Depth.TRUE, Depth.EIGHT_BIT)
        for depth in depths:
            ours, sent = as_a_difference(writes, terminal_size, depth)
            assert ours == (reduced(wanted) if depth is Depth.EIGHT_BIT else wanted)
            assert sent < sum(map(len, writes)) / 2
        return True

    return compare
