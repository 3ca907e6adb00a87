"""The rows of a grid without their paint: order, filter, folding, and where a key stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from acp_tui.fleet.columns import View


class Keyed(Protocol):
    """What every row has: a key that stays the same while the object does."""

    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Keyed)
T = TypeVar("T")
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

    def replace(self, rows: Sequence[R], *, now: float) -> None:
        """Take these rows; where only some of them are other objects in the same places, only those are looked at."""
        if self._children is None and self._exchange(rows, now):
            return
        self._children = None
        self.all = rows
        self.arrange(now=now)

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
        if self._children is not None:
            self.nodes = list(self._walk(self.all, self._children, now=now))
            self.shown = [node.row for node in self.nodes]
        else:
            self.nodes = None
            ordered = self._ordered()
            self.shown = [row for row in ordered if self._matches(row, now)] if self.query.text else ordered.copy()
        self._index = {row.key: place for place, row in enumerate(self.shown)}
        if len(self._words) > 2 * len(self.all) + 1000:
            self._words = {row.key: self._words[row.key] for row in self.all if row.key in self._words}

    def everything(self) -> Iterator[R]:
        """All rows in their order, those that a filter or a fold hides among them."""
        if self._children is None:
            yield from self._ordered()
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

    def _ordered(self) -> list[R]:
        kept = self._in_order
        if kept is not None and kept[0] is self.all and kept[1:3] == (self.sort, self.descending):
            return kept[3]
        column = self.view.column(self.sort)
        if column is None:
            ordered = sorted(self.all, key=self.view.order)
        else:
            ordered = in_order(self.all, column.sort, descending=self.descending)
        self._in_order = (self.all, self.sort, self.descending, ordered)
        return ordered

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


def in_order(rows: Iterable[T], key: Callable[[T], Any], *, descending: bool = False) -> list[T]:
    """Rows by that key; a key of None, or one that starts with True as `fleet.columns.maybe` makes it, goes last."""
    known: list[tuple[Any, T]] = []
    unknown: list[T] = []
    for row in rows:
        value = key(row)
        if value is None or (isinstance(value, tuple) and value and value[0] is True):
            unknown.append(row)
        else:
            known.append((value, row))
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in known] + unknown
