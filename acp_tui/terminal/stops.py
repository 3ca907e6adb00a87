"""Tabulator stops where many cells begin: one byte instead of the five of a move, for every column of a table."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

EVERY = 8
"""Where terminals have their stops, and where programs expect them."""
MANY = 6
"""A column that is jumped to so often in one frame may be worth a stop."""
CANDIDATES = 20
"""So many columns are weighed, the most wanted first."""
COSTS = 7
"""Bytes that it takes to set or to clear a stop."""
_SET, _CLEAR = "\x1bH", "\x1b[g"


class Stops:
    """The columns at which the terminal's tabulator halts; none are used until it has shown that it takes ours.

    Only stops in sight are ever touched, because those beyond the right edge could not be put back.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.usable = False
        self.columns: tuple[int, ...] = ()
        self._known = False
        self._touched = False

    def forget(self, width: int) -> None:
        """Nobody knows any more where they are."""
        self.width = width
        self.columns = ()
        self._known = False

    def fitting(self, jumps: Counter[tuple[int, int]]) -> tuple[int, ...]:
        """The stops for a frame in which the pen jumps so often; those of now where others do not pay."""
        if not self.usable:
            return ()
        ends: Counter[int] = Counter()
        for (_, end), count in jumps.items():
            ends[end] += count
        wanted: list[int] = []
        least = _spent(jumps, wanted)
        for column, count in ends.most_common(CANDIDATES):
            if count < MANY:
                break
            tried = sorted([*wanted, column])
            spent = _spent(jumps, tried)
            if least - spent > (0 if column in self.columns else COSTS):
                wanted, least = tried, spent
        changes = COSTS * len(set(wanted).symmetric_difference(self.columns))
        return tuple(wanted) if _spent(jumps, self.columns) > least + changes else self.columns

    def change(self, columns: tuple[int, ...]) -> str:
        """What makes these the stops, from any column of any row."""
        sweep = "" if self._known else _swept(self.width)
        parts, at = [], 0
        for column in sorted(set(columns).symmetric_difference(self.columns)):
            parts.append(f"\x1b[{column - at}C" + (_SET if column in columns else _CLEAR))
            at = column
        return f"{sweep}\r{''.join(parts)}"

    def changed(self, columns: tuple[int, ...]) -> None:
        """It was sent."""
        self.columns = columns
        self._known = self._touched = True

    def put_back(self) -> str:
        """What leaves them as programs expect them; empty where they were never touched. They are not used again."""
        back = restored(self.width) if self._touched else ""
        self.forget(self.width)
        self.usable = self._touched = False
        return back


def _swept(width: int) -> str:
    """Take away whatever stops there are, one after the other; behind the last one that does nothing."""
    return "\r" + f"\t{_CLEAR}" * (width // EVERY + CANDIDATES)


def restored(width: int) -> str:
    """A stop every eight columns and no other, in a line of so many."""
    return f"{_swept(width)}\r" + f"\x1b[{EVERY}C{_SET}" * ((width - 1) // EVERY) + "\r"


def _spent(jumps: Counter[tuple[int, int]], stops: Sequence[int]) -> int:
    """Bytes of all the jumps, with tabulators as far as they lead."""
    spent = 0
    for (start, end), count in jumps.items():
        step = 4 if end - start < 10 else 5
        first, last = bisect_right(stops, start), bisect_right(stops, end)
        if first < last:
            left = end - stops[last - 1]
            step = min(step, last - first + min(left, 4))
        spent += step * count
    return spent
