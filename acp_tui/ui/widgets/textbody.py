"""The lines of a long text and the screen rows they take: wrapping, finding, trimming; no terminal in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

from acp_tui.ui.widgets.tint import Line, Tint, plain, text_of
from acp_tui.wire.text import clean

_COLUMN = re.compile(r"(?:^ +|  +)(?=\S)")
TAB = 8
"""Columns a tab stop takes; tabs become spaces when a line enters."""


class Row(NamedTuple):
    """Characters `start` to `end` of a line, `indent` cells in from the left."""

    line: int
    start: int
    end: int
    indent: int


class TextBody:
    """Plain or painted lines, addressed by row once a width to wrap at is given.

    Holds 50,000 lines without a widget or a style a line: texts are kept, paint is computed for the rows on screen.
    `limit` bounds the number of lines; the oldest go first.
    """

    def __init__(self, *, limit: int = 100_000) -> None:
        self.limit = limit
        self.dropped = 0
        self.texts: list[str] = []
        self._painted: dict[int, Line] = {}
        self._tint: Tint = plain
        self._wrap = 0
        self._starts: list[int] = [0]
        self._width = 0

    def __len__(self) -> int:
        return len(self.texts)

    def replace(self, lines: Iterable[str | Line], *, tint: Tint = plain) -> None:
        """Start over with these lines; painted ones keep their paint, plain ones are tinted when drawn."""
        self.texts.clear()
        self._painted.clear()
        self._tint = tint
        self._width = 0
        self.dropped = 0
        self._starts = [0]
        self.append(lines)

    def append(self, lines: Iterable[str | Line]) -> int:
        """Add lines at the end; returns how many rows of the oldest lines went to respect the limit."""
        first = len(self.texts)
        for line in lines:
            if isinstance(line, str):
                self.texts.extend(_flat(part) for part in (line.split("\n") if "\n" in line else (line,)))
            else:
                self._painted[len(self.texts)] = line
                self.texts.append(text_of(line))
        added = self.texts[first:]
        self._width = max([self._width, *map(_cells, added)])
        if self._wrap:
            self._starts.extend(accumulate(map(self._rows_of, added), initial=self._starts.pop()))
        return self._trim()

    def wrap(self, width: int) -> None:
        """Fold lines at `width` cells; 0 leaves them whole."""
        if width == self._wrap:
            return
        self._wrap = width
        self._starts = list(accumulate(map(self._rows_of, self.texts), initial=0)) if width else [0]

    @property
    def width(self) -> int:
        """Cells of the widest line, or the wrapping width."""
        return self._wrap or self._width

    @property
    def rows(self) -> int:
        return self._starts[-1] if self._wrap else len(self.texts)

    def row_of_line(self, index: int) -> int:
        """First row of a line."""
        return self._starts[index] if self._wrap else index

    def at_row(self, row: int) -> Row:
        """The line on a row, which of its characters stand there, and how far in they begin."""
        if not self._wrap:
            return Row(row, 0, len(self.texts[row]), 0)
        index = bisect_right(self._starts, row) - 1
        start, end, indent = self._cuts(self.texts[index])[row - self._starts[index]]
        return Row(index, start, end, indent)

    def paint(self, index: int) -> Line:
        painted = self._painted.get(index)
        return self._tint(self.texts[index]) if painted is None else painted

    def find(self, term: str) -> list[int]:
        """Indices of the lines that hold the term; a capital in it makes the search mind capitals."""
        if not term:
            return []
        if term != term.lower():
            return [index for index, text in enumerate(self.texts) if term in text]
        return [index for index, text in enumerate(self.texts) if term in text.lower()]

    def marks(self, index: int, term: str) -> Iterator[tuple[int, int]]:
        """Where in a line the term stands."""
        if not term:
            return
        text = self.texts[index] if term != term.lower() else self.texts[index].lower()
        start = text.find(term)
        while start >= 0:
            yield start, start + len(term)
            start = text.find(term, start + len(term))

    def _trim(self) -> int:
        surplus = len(self.texts) - self.limit
        if surplus <= 0:
            return 0
        rows = self.row_of_line(surplus)
        del self.texts[:surplus]
        self.dropped += surplus
        self._painted = {index - surplus: line for index, line in self._painted.items() if index >= surplus}
        if self._wrap:
            self._starts = [start - rows for start in self._starts[surplus:]]
        return rows

    def _rows_of(self, text: str) -> int:
        return 1 if _cells(text) <= self._wrap else len(self._cuts(text))

    def _cuts(self, text: str) -> list[tuple[int, int, int]]:
        """Where a line is folded: after a word where one ends near the edge, and on under its last column."""
        hang = _hang(text, self._wrap)
        cuts: list[tuple[int, int, int]] = []
        start, indent = 0, 0
        while True:
            end = _reach(text, start, self._wrap - indent)
            if end == len(text):
                return [*cuts, (start, end, indent)]
            space = text.rfind(" ", start + (end - start) // 2, end)
            end = space + 1 if space >= 0 else end
            cuts.append((start, end, indent))
            start, indent = end, hang


def _hang(text: str, width: int) -> int:
    """Cells that the last column of a line stands in from the left, where that is less than half of the width."""
    places = [found.end() for found in _COLUMN.finditer(text, 0, width // 2)]
    return _cells(text[: places[-1]]) if places else 0


def _reach(text: str, start: int, room: int) -> int:
    """The first character from `start` on that does not fit into `room` cells; never less than one further."""
    if text.isascii():
        return min(len(text), start + max(1, room))
    used = 0
    for place in range(start, len(text)):
        used += get_character_cell_size(text[place])
        if used > room and place > start:
            return place
    return len(text)


def _flat(text: str) -> str:
    """Tabs as spaces, and nothing that a terminal would obey: this is the last door before the screen."""
    return clean(text.expandtabs(TAB) if "\t" in text else text)


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
