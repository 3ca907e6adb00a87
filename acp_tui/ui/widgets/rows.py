"""The rows of a grid without their paint: order, filter, folding, and where a key stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, cast

from msgspec import Struct

from acp_tui.fleet.columns import View
from acp_tui.ui.widgets.lineup import Entry, Lineup, R, differing

T = TypeVar("T")
FEW = 1000
"""So many rows that come, go or change find their places one by one; of more, all are put in order again."""
_CHUNK = 200
"""Rows whose words are computed between two looks at the keyboard."""


class Node(Struct, Generic[R], frozen=True):
    """A line of a tree: its row, the guides in front of it, and whether it can be folded (None: a leaf)."""

    row: R
    depth: int
    guide: str
    opened: bool | None


class Query(Struct, frozen=True):
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
        self.nodes: list[Node[R]] | None = None
        self.query = Query()
        self.sort = ""
        self.descending = False
        self.folded: dict[str, bool] = {}
        self._children: Callable[[R], Sequence[R]] | None = None
        self._opened: Callable[[R], bool] = lambda row: True
        self._words: dict[str, tuple[R, str]] = {}
        self._entries: dict[str, Entry[R]] = {}
        self._everything: Lineup[R] = Lineup(view.order)
        self._found = self._everything
        self._wish = ("", False, "")
        self._walked: list[R] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def keys(self) -> Container[str]:
        """Keys of all rows, those that a filter or a fold hides among them."""
        return self._entries if self._children is None else {row.key for row in self.everything()}

    @property
    def shown(self) -> list[R]:
        return self._found.rows if self._children is None else self._walked

    def index(self, key: str) -> int | None:
        if self._children is not None:
            return self._places.get(key)
        entry = self._entries.get(key)
        return None if entry is None else self._found.place(entry)

    def exchange(self, rows: Sequence[R], *, now: float) -> bool:
        """Take these rows where few of them are other objects than before; else False, and nothing is done."""
        wish = (self.sort, self.descending, self.query.text)
        if self._children is not None or wish != self._wish or len(self._entries) != len(self.all):
            return False
        changes = differing(self.all, rows, most=min(FEW, len(self.all) // 2))
        if changes is None:
            return False
        gone, come = ({row.key: row for row in each} for each in changes)
        if len(come) != len(changes[1]) or any(key in self._entries and key not in gone for key in come):
            return False
        for key in gone.keys() - come.keys():
            self._take_out(self._entries.pop(key))
            self._words.pop(key, None)
        for key, row in come.items():
            self._put_in(key, row, now)
        self.all = rows
        return True

    def replacing(self, rows: Sequence[R], *, now: float) -> Generator[None, None, Callable[[], None]]:
        """Put these rows in order, a slice at a time; what comes back at the end shows them."""
        wish = (self.sort, self.descending, self.query.text)
        everything, entries = self._everything, self._entries
        if self._children is not None or rows is not self.all or wish[:2] != self._wish[:2]:
            column = self.view.column(self.sort)
            everything = Lineup(
                self.view.order if column is None else column.sort,
                descending=self.descending and column is not None,
            )
            entries = {}
            yield from everything.filling(_entered(map(everything.entry, rows), entries))
        found = everything
        if self.query.text:
            found = yield from everything.keeping(lambda row: self._matches(row, now))

        def install() -> None:
            self._children = self.nodes = None
            self.all, self._wish = rows, wish
            self._everything, self._entries, self._found = everything, entries, found
            if len(self._words) > 2 * len(rows) + 1000:
                self._words = {key: kept for key, kept in self._words.items() if key in entries}

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
        self._walked = [node.row for node in self.nodes]
        self._places = {row.key: place for place, row in enumerate(self._walked)}

    def everything(self) -> Iterator[R]:
        """All rows in their order, those that a filter or a fold hides among them."""
        if self._children is None:
            yield from self._everything.rows
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

    def _put_in(self, key: str, row: R, now: float) -> None:
        was, entry = self._entries.get(key), self._everything.entry(row)
        self._entries[key] = entry
        matches = self._matches(row, now)
        if was is not None and was[:3] == entry[:3] and matches == self._is_shown(was):
            for lineup in self._lineups(matches):
                lineup.exchange(was, entry)
            return
        if was is not None:
            self._take_out(was)
        for lineup in self._lineups(matches):
            lineup.add(entry)

    def _is_shown(self, entry: Entry[R]) -> bool:
        return self._found is self._everything or self._found.place(entry) is not None

    def _take_out(self, entry: Entry[R]) -> None:
        for lineup in self._lineups(shown=True):
            lineup.remove(entry)

    def _lineups(self, shown: bool) -> tuple[Lineup[R], ...]:
        """Where a row stands that is shown, or is not."""
        if self._found is self._everything or not shown:
            return (self._everything,)
        return (self._everything, self._found)

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


def _entered(entries: Iterable[Entry[R]], by_key: dict[str, Entry[R]]) -> Iterator[Entry[R]]:
    """Writes down each entry by its key; of several with one key only the first is passed on."""
    for entry in entries:
        if by_key.setdefault(entry[2], entry) is entry:
            yield entry


def finished(steps: Generator[None, None, T]) -> T:
    """All steps at once, and what comes back at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(T, end.value)
