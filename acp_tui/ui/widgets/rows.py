"""The rows of a grid without their paint: order, filter, folding, and where a key stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, cast

from acp_tui.fleet.columns import View


class Keyed(Protocol):
    """What every row has: a key that stays the same while the object does."""

    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Keyed)
T = TypeVar("T")
SLICE = 2000
"""Rows that are put in order or searched between two looks at the keyboard."""
_CHUNK = 200
"""Rows whose words are computed between two looks at the keyboard."""


@dataclass(frozen=True, slots=True)
class Node(Generic[R]):
    """A line of a tree: its row, the guides in front of it, and whether it can be folded (None: a leaf)."""

    row: R
    depth: int
    guide: str
    opened: bool | None


@dataclass(frozen=True, slots=True)
class Query:
    """A filter as typed: every word must be found, every `!word` must not."""

    text: str = ""
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Query:
        words = text.lower().split()
        return cls(
            text,
            tuple(word for word in words if not word.startswith("!")),
            tuple(word[1:] for word in words if word.startswith("!") and len(word) > 1),
        )


class Rows(Generic[R]):
    """All rows and those shown: filtered, in order, or walked as a tree.

    A row is searched in the words of all its columns, shown or hidden; those words are kept until the row itself is
    another object, because rows are frozen values.
    """

    def __init__(self, view: View[R]) -> None:
        self.view = view
        self.all: Sequence[R] = ()
        self.shown: list[R] = []
        self.nodes: list[Node[R]] | None = None
        self.query = Query()
        self.sort = ""
        self.descending = False
        self.folded: dict[str, bool] = {}
        self._children: Callable[[R], Sequence[R]] | None = None
        self._opened: Callable[[R], bool] = lambda row: True
        self._index: dict[str, int] = {}
        self._words: dict[str, tuple[R, str]] = {}
        self._in_order: tuple[Sequence[R], str, bool, list[R]] | None = None

    def __len__(self) -> int:
        return len(self.shown)

    def index(self, key: str) -> int | None:
        return self._index.get(key)

    def exchange(self, rows: Sequence[R], *, now: float) -> bool:
        """Take these rows where only some of them are other objects in the same places; else False, and nothing is."""
        return self._children is None and self._exchange(rows, now)

    def replacing(self, rows: Sequence[R], *, now: float) -> Generator[None, None, Callable[[], None]]:
        """Put these rows in order, a slice at a time; what comes back at the end shows them."""
        sort, descending = self.sort, self.descending
        ordered = yield from self._ordering(rows)
        shown: list[R] = []
        index: dict[str, int] = {}
        for start in range(0, len(ordered), SLICE):
            part = ordered[start : start + SLICE]
            if self.query.text:
                part = [row for row in part if self._matches(row, now)]
            index.update((row.key, place) for place, row in enumerate(part, len(shown)))
            shown += part
            yield

        def install() -> None:
            self._children = self.nodes = None
            self.all, self.shown, self._index = rows, shown, index
            self._in_order = (rows, sort, descending, ordered)
            if len(self._words) > 2 * len(rows) + 1000:
                self._words = {row.key: self._words[row.key] for row in rows if row.key in self._words}

        return install

    def replace(self, rows: Sequence[R], *, now: float) -> None:
        """Take these rows at once; where only some are other objects in the same places, only those are looked at."""
        if not self.exchange(rows, now=now):
            finished(self.replacing(rows, now=now))()

    def replace_tree(
        self,
        roots: Sequence[R],
        *,
        children: Callable[[R], Sequence[R]],
        opened: Callable[[R], bool],
        now: float,
    ) -> None:
        """Rows as a tree; `opened` says how a branch stands until somebody folds it."""
        self._children, self._opened = children, opened
        self.all = roots
        self.arrange(now=now)

    def arrange(self, *, now: float) -> None:
        """Filter and order again, after rows, filter, sort or folds changed."""
        if self._children is None:
            finished(self.replacing(self.all, now=now))()
            return
        self.nodes = list(self._walk(self.all, self._children, now=now))
        self.shown = [node.row for node in self.nodes]
        self._index = {row.key: place for place, row in enumerate(self.shown)}

    def everything(self) -> Iterator[R]:
        """All rows in their order, those that a filter or a fold hides among them."""
        if self._children is None:
            yield from self._in_order[3] if self._in_order is not None else ()
            return
        stack = list(reversed(self.all))
        while stack:
            row = stack.pop()
            yield row
            stack.extend(reversed(self._children(row)))

    def fold(self, key: str, opened: bool) -> None:
        self.folded[key] = opened

    def node(self, index: int) -> Node[R] | None:
        return None if self.nodes is None else self.nodes[index]

    def parent(self, index: int) -> int | None:
        """The line a line of a tree hangs from."""
        if self.nodes is None:
            return None
        depth = self.nodes[index].depth
        return next((place for place in range(index - 1, -1, -1) if self.nodes[place].depth < depth), None)

    async def learn_words(self, *, now: float) -> None:
        """Compute what rows are searched in, a few at a time, before the first letter of a filter is typed."""
        for start in range(0, len(self.all), _CHUNK):
            for row in self.all[start : start + _CHUNK]:
                self._words_of(row, now)
            await asyncio.sleep(0)

    def _ordering(self, rows: Sequence[R]) -> Generator[None, None, list[R]]:
        """Sorted slices, merged slice by slice."""
        kept = self._in_order
        if kept is not None and kept[0] is rows and kept[1:3] == (self.sort, self.descending):
            return kept[3]
        column = self.view.column(self.sort)
        key = self.view.order if column is None else column.sort
        descending = self.descending and column is not None
        slices: list[list[R]] = []
        unknown: list[R] = []
        for start in range(0, len(rows), SLICE):
            part = list(rows[start : start + SLICE])
            if column is not None:
                part, without = parted(part, key)
                unknown += without
            part.sort(key=key, reverse=descending)
            slices.append(part)
            yield
        ordered = slices.pop() if len(slices) == 1 else []
        merged = merge(*slices, key=key, reverse=descending)
        while part := list(islice(merged, SLICE)):
            ordered += part
            yield
        return ordered + unknown

    def _exchange(self, rows: Sequence[R], now: float) -> bool:
        """Put other objects in the places of those with the same key; False where more than that changed."""
        before = self.all
        if len(rows) != len(before) or self._in_order is None or self._in_order[0] is not before:
            return False
        changed = [(was, row) for was, row in zip(before, rows, strict=True) if was is not row]
        column = self.view.column(self.sort)
        sort = self.view.order if column is None else column.sort
        for was, row in changed:
            if was.key != row.key or sort(was) != sort(row) or self._matches(was, now) != self._matches(row, now):
                return False
        others = {row.key: row for _, row in changed}
        ordered = self._in_order[3]
        if others:
            ordered = [others.get(row.key, row) for row in ordered] if len(others) > 1 else _with(ordered, changed[0])
            for key, row in others.items():
                place = self._index.get(key)
                if place is not None:
                    self.shown[place] = row
        self.all = rows
        self._in_order = (rows, self.sort, self.descending, ordered)
        return True

    def _matches(self, row: R, now: float) -> bool:
        if not self.query.text:
            return True
        words = self._words_of(row, now)
        for word in self.query.wanted:
            if word not in words:
                return False
        return not any(word in words for word in self.query.unwanted)

    def _words_of(self, row: R, now: float) -> str:
        kept = self._words.get(row.key)
        if kept is None or kept[0] is not row:
            cells = (self.view.cell(column, row, now).text for column in self.view.columns if not column.ages)
            kept = self._words[row.key] = (row, " ".join(cells).lower())
        return kept[1]

    def _walk(self, roots: Sequence[R], children: Callable[[R], Sequence[R]], *, now: float) -> Iterable[Node[R]]:
        kept = self._kept(roots, children, now=now) if self.query.text else None
        stack: list[tuple[R, int, str, str]] = [(root, 0, "", "") for root in reversed(roots)]
        while stack:
            row, depth, guide, below = stack.pop()
            if kept is not None and row.key not in kept:
                continue
            branches = children(row)
            opened = None if not branches else kept is not None or self.folded.get(row.key, self._opened(row))
            yield Node(row, depth, guide, opened)
            if not opened:
                continue
            inside = [child for child in branches if kept is None or child.key in kept]
            for place in range(len(inside) - 1, -1, -1):
                last = place == len(inside) - 1
                stack.append(
                    (inside[place], depth + 1, below + ("└" if last else "├"), below + ("  " if last else "│ "))
                )

    def _kept(self, roots: Sequence[R], children: Callable[[R], Sequence[R]], *, now: float) -> set[str]:
        """Keys of the rows that match and of all above them."""
        kept: set[str] = set()
        stack: list[tuple[R, tuple[str, ...]]] = [(root, ()) for root in roots]
        while stack:
            row, above = stack.pop()
            if self._matches(row, now):
                kept.update(above, (row.key,))
            path = (*above, row.key)
            stack.extend((child, path) for child in children(row))
        return kept


def _with(rows: list[R], change: tuple[R, R]) -> list[R]:
    rows = rows.copy()
    rows[rows.index(change[0])] = change[1]
    return rows


def parted(rows: Iterable[T], key: Callable[[T], Any]) -> tuple[list[T], list[T]]:
    """Rows whose place is known, and those that go last in any order.

    A place is not known where the key is None, or starts with True as `fleet.columns.maybe` makes it.
    """
    known: list[T] = []
    unknown: list[T] = []
    for row in rows:
        value = key(row)
        last = value is None or (isinstance(value, tuple) and bool(value) and value[0] is True)
        (unknown if last else known).append(row)
    return known, unknown


def finished(steps: Generator[None, None, T]) -> T:
    """All steps at once, and what comes back at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(T, end.value)
