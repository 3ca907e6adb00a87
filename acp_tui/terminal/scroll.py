"""Lines that stand a little higher or lower than before: the terminal moves them itself, in a few bytes for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple, TypeVar

from acp_tui.terminal.cells import Cells
from acp_tui.terminal.pens import DEFAULT

T = TypeVar("T")
LEAST = 6
"""So many lines at least have to move together."""


class Shift(NamedTuple):
    """The lines from `top` to `bottom` move `by` lines up, or down where it is negative; what comes in is blank."""

    top: int
    bottom: int
    by: int

    @property
    def sequence(self) -> str:
        """Deleted or inserted lines inside margins, which every terminal knows; the margins are taken back."""
        lines, way = abs(self.by), "M" if self.by > 0 else "L"
        head = self.top + 1
        return f"\x1b[{head};{self.bottom + 1}r\x1b[{head}H\x1b[{lines if lines > 1 else ''}{way}\x1b[r"

    @property
    def rows(self) -> range:
        return range(self.top, self.bottom + 1)

    def apply(self, cells: Cells) -> None:
        """Move the lines of a screen as the terminal does while it draws with the default pen."""
        here = slice(self.top, self.bottom + 1)
        cells.texts[here] = _moved(cells.texts[here], self.by, " ")
        cells.pens[here] = _moved(cells.pens[here], self.by, DEFAULT)


def _moved(rows: list[list[T]], by: int, blank: T) -> list[list[T]]:
    come = [[blank] * len(rows[0]) for _ in range(abs(by))]
    return [*rows[by:], *come] if by > 0 else [*come, *rows[:by]]


def shift_between(wanted: Cells, shown: Cells, rows: Collection[int]) -> Shift | None:
    """How most of these rows, which differ, can be had from other rows that are shown; None where that is not so.

    The last column is not looked at: a scroll bar stands there, and moves otherwise.
    """
    if len(rows) < LEAST:
        return None
    texts = ["".join(row[:-1]) for row in shown.texts]
    often = Counter(texts)
    places = {text: y for y, text in enumerate(texts) if often[text] == 1}
    steps: dict[int, list[int]] = {}
    for y in rows:
        place = places.get("".join(wanted.texts[y][:-1]), y)
        if place != y:
            steps.setdefault(place - y, []).append(y)
    if not steps:
        return None
    by, moved = max(steps.items(), key=lambda step: len(step[1]))
    if len(moved) < max(LEAST, len(rows) / 2):
        return None
    return Shift(min(moved) + min(by, 0), max(moved) + max(by, 0), by)
