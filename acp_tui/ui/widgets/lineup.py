"""Rows in one order, in which a few that come, go or change find their places by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from heapq import merge
from itertools import compress, count, islice
from operator import is_not, not_
from typing import Any, Generic, Protocol, TypeVar


class Keyed(Protocol):
    """What every row has: a key that stays the same while the object does."""

    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Keyed)
Entry = tuple[bool, Any, str, R]
"""Whether it stands behind those of the other value, what it is sorted by, its key, the row."""
SLICE = 2000
"""Rows that are put in order or searched between two looks at the keyboard."""
_TRIED = 100
_BEHIND = "\U0010ffff"
"""Stands behind every key."""


class Lineup(Generic[R]):
    """Rows by a sort key, then by their own key; those whose place is not known come last in any order.

    A place is not known where the sort key is None, or starts with True as `fleet.columns.maybe` makes it. Descending
    turns the sort keys round, and leaves rows of one sort key as they are. Keys are computed once for a row object.
    """

    def __init__(self, sort: Callable[[R], Any], *, descending: bool = False) -> None:
        self.rows: list[R] = []
        self._sort = sort
        self._descending = descending
        self._entries: list[Entry[R]] = []

    def entry(self, row: R) -> Entry[R]:
        value = self._sort(row)
        unknown = value is None or (isinstance(value, tuple) and bool(value) and value[0] is True)
        return (unknown is not self._descending, None if unknown else value, row.key, row)

    def place(self, entry: Entry[R]) -> int | None:
        """Where the row of this very entry stands."""
        at = bisect_left(self._entries, entry[:3])
        there = at < len(self._entries) and self._entries[at] is entry
        return self._place(entry, at) if there else None

    def add(self, entry: Entry[R]) -> None:
        at = bisect_left(self._entries, entry[:3])
        self.rows.insert(self._place(entry, at), entry[3])
        self._entries.insert(at, entry)

    def remove(self, entry: Entry[R]) -> bool:
        """False where it was not among them."""
        place = self.place(entry)
        if place is None:
            return False
        del self.rows[place]
        del self._entries[bisect_left(self._entries, entry[:3])]
        return True

    def exchange(self, entry: Entry[R], other: Entry[R]) -> None:
        """Put another row in the place of one that is among them; both have the same keys."""
        at = bisect_left(self._entries, entry[:3])
        self.rows[self._place(entry, at)] = other[3]
        self._entries[at] = other

    def filling(self, entries: Iterable[Entry[R]]) -> Generator[None, None, None]:
        """Take entries, a slice at a time."""
        slices: list[list[Entry[R]]] = []
        entries = iter(entries)
        while part := list(islice(entries, SLICE)):
            part.sort()
            slices.append(part)
            yield
        if len(slices) == 1:
            self._entries = slices.pop()
        merged = merge(*slices)
        while part := list(islice(merged, SLICE)):
            self._entries += part
            yield
        yield from self._showing()

    def keeping(self, wanted: Callable[[R], bool]) -> Generator[None, None, Lineup[R]]:
        """Those of its rows that are wanted, asked a slice at a time."""
        kept = Lineup(self._sort, descending=self._descending)
        for start in range(0, len(self._entries), SLICE):
            kept._entries += [entry for entry in self._entries[start : start + SLICE] if wanted(entry[3])]
            yield
        yield from kept._showing()
        return kept

    def _showing(self) -> Generator[None, None, None]:
        entries = self._mirrored() if self._descending else iter(self._entries)
        while part := [entry[3] for entry in islice(entries, SLICE)]:
            self.rows += part
            yield

    def _mirrored(self) -> Iterator[Entry[R]]:
        end = len(self._entries)
        while end:
            start = bisect_left(self._entries, self._entries[end - 1][:2], hi=end)
            yield from self._entries[start:end]
            end = start

    def _place(self, entry: Entry[R], at: int) -> int:
        """Where a row is shown whose entry stands there, or would."""
        if not self._descending:
            return at
        first = bisect_left(self._entries, entry[:2], hi=at)
        end = bisect_left(self._entries, (*entry[:2], _BEHIND), lo=at)
        return len(self._entries) - end + at - first


def differing(before: Sequence[R], after: Sequence[R], *, most: int) -> tuple[list[R], list[R]] | None:
    """Row objects that are only in the one, and only in the other; None where they are more than `most`.

    Where most of those tried are others than before, all are taken for that, because comparing many takes long.
    """
    if len(before) == len(after):
        places = list(islice(compress(count(), map(is_not, before, after)), most + 1))
        if len(places) <= most:
            return [before[place] for place in places], [after[place] for place in places]
    elif abs(len(before) - len(after)) > most:
        return None
    was = set(map(id, before))
    some = after[:: max(1, len(after) // _TRIED)]
    if sum(id(row) not in was for row in some) > len(some) / 2:
        return None
    are = set(map(id, after))
    gone = list(islice(compress(before, map(not_, map(are.__contains__, map(id, before)))), most + 1))
    come = list(islice(compress(after, map(not_, map(was.__contains__, map(id, after)))), most + 1))
    return (gone, come) if max(len(gone), len(come)) <= most else None
