"""A line of 30 KB/s on which the fleet changes five times a second: what a key does is seen in a moment, every time.

Time is that of the line and of nothing else: it is reckoned from the bytes of the frames, so that it is the same on
every machine. Frames wait in front of the line as sshd lets them, as many as `Pace` allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest
from msgspec import structs

from acp_tui.model.application import ApplicationSummary
from tests.terminal.line import Line
from tests.ui.core.scene import pane
from tests.ui.core.town import town
from tests.ui.core.weigh import Scales, scales

RATE = 30_000
EVERY, STEP = 0.2, 0.01
KEYS = ("j", "j", "/", "p", "escape", "k", "space", ":", "escape", "space", "j", "k")
PAGES = ("G", "pageup", "pageup", "pagedown", "s", "?", "escape")
"""Keys that draw the whole table anew, or something over it."""
Changes = Callable[[Sequence[ApplicationSummary], int], Iterable[ApplicationSummary]]
"""From the rows in sight and a count."""


def one_cell(rows: Sequence[ApplicationSummary], number: int) -> Iterable[ApplicationSummary]:
    return [structs.replace(rows[0], revision=number)]


def five_rows(rows: Sequence[ApplicationSummary], number: int) -> Iterable[ApplicationSummary]:
    return [structs.replace(row, revision=number + at, version=f"{at}.{number}") for at, row in enumerate(rows[:5])]


def every_row(rows: Sequence[ApplicationSummary], number: int) -> Iterable[ApplicationSummary]:
    words = f"{number * 7919 % 0xFFFFF:05x} " * 12
    said = dict.fromkeys(("reason", "project", "version", "platform_state"), words)
    return [structs.replace(row, **said) for row in rows]


class Session:
    """The console in front of a line; updates and keys happen at moments of the line's time."""

    def __init__(self, here: Scales, change: Changes) -> None:
        self.here = here
        self.change = change
        self.line = Line(rate=RATE, delay=0.02)
        self.updates = 0

    async def until(self, moment: float) -> None:
        """Let the fleet change and frames leave until then."""
        while self.line.now < moment - STEP / 2:
            self.line.until(self.line.now + STEP)
            if self.line.now >= self.updates * EVERY:
                self.updates += 1
                grid = pane(self.here.app).grid
                seen = grid.rows.shown[grid.first : grid.first + grid.page]
                self.here.fake.fleet.change("applications", *self.change(seen, self.updates))
                await self.here.hear()
            self.send()

    def send(self) -> bool:
        if not (self.line.pace.free and self.here.waits):
            return False
        frame = self.here.frame()
        if frame:
            self.line.send(frame)
        return bool(frame)

    async def press(self, key: str) -> float:
        """Seconds until all that the key changed has come over the line."""
        pressed_at = self.line.now
        self.send()
        await self.here.press(key)
        assert self.here.waits, key
        while not self.send():
            await self.until(self.line.now + STEP)
        return self.line.carried_at - pressed_at


@pytest.mark.parametrize(("change", "keys"), [(one_cell, KEYS + PAGES), (five_rows, KEYS + PAGES), (every_row, KEYS)])
async def test_every_key_is_answered_within_150_ms_of_the_line(change: Changes, keys: tuple[str, ...]) -> None:
    async with scales(town()) as here:
        await here.weigh("tab", "2", "z")
        session = Session(here, change)
        await session.until(1.0)
        taken = []
        for number, key in enumerate(keys):
            # At every phase of the updates: just before one, just after it, and in between.
            await session.until(1.0 + 0.43 * number)
            taken.append((key, await session.press(key)))
        assert max(seconds for _, seconds in taken) <= 0.15, taken
