"""A screen as rows of cells; a wide character is one cell of text and one empty cell, and is never left in half."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import split_graphemes

from acp_tui.terminal.pens import DEFAULT, Pen

UNKNOWN = "\0"
"""What stands in a cell of which nobody knows what the terminal shows; no text has it."""


class Cells:
    """Text and pen of every cell, row by row; what is written beyond an edge is lost, as on a terminal without wrap."""

    __slots__ = ("dirty", "height", "pens", "texts", "width")

    def __init__(self, width: int, height: int, *, text: str = " ") -> None:
        self.width = width
        self.height = height
        self.texts: list[list[str]] = [[text] * width for _ in range(height)]
        self.pens: list[list[Pen]] = [[DEFAULT] * width for _ in range(height)]
        self.dirty: set[int] = set(range(height))

    def fill(self, text: str) -> None:
        """One text and the default pen in every cell."""
        for row in range(self.height):
            self.texts[row] = [text] * self.width
            self.pens[row] = [DEFAULT] * self.width
        self.dirty.update(range(self.height))

    def resized(self, width: int, height: int) -> Cells:
        """The same picture, cut or with blank cells added at its right and lower edge."""
        other = Cells(width, height)
        for row in range(min(height, self.height)):
            other.texts[row][: self.width] = self.texts[row][:width]
            other.pens[row][: self.width] = self.pens[row][:width]
            if width < self.width and self.texts[row][width] == "":
                other.texts[row][-1] = " "
        return other

    def write(self, x: int, y: int, text: str, pen: Pen) -> int:
        """Write a run without control characters; the column after it."""
        run = text if text.isascii() else cells_of(text)
        end = x + len(run)
        if not 0 <= y < self.height or x >= self.width:
            return end
        texts, pens = self.texts[y], self.pens[y]
        if end > self.width:
            run = _cut(run, self.width - x)
            end = self.width
        if texts[x] == "" and x:
            texts[x - 1] = " "
        if end < self.width and texts[end] == "":
            texts[end] = " "
        texts[x:end] = run
        pens[x:end] = [pen] * (end - x)
        self.dirty.add(y)
        return end

    def lines(self) -> list[str]:
        """The text of every row."""
        return ["".join(row) for row in self.texts]


def _cut(run: str | tuple[str, ...], room: int) -> tuple[str, ...]:
    """The first cells of a run; a wide character that would be halved becomes a space."""
    kept = tuple(run[:room])
    return (*kept[:-1], " ") if kept and run[room] == "" else kept


@lru_cache(maxsize=8192)
def cells_of(text: str) -> tuple[str, ...]:
    """One entry a cell, by the same widths that Textual lays out with; a mark of no width joins the cell before it."""
    out: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            out += [text[start:end], *[""] * (width - 1)]
        elif out:
            at = len(out) - 1 if out[-1] else len(out) - 2
            out[at] += text[start:end]
    return tuple(out)
