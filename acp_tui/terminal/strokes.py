"""Runs of cells that differ, drawn in few characters: moves, changes of the pen and gaps weighed against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acp_tui.terminal.pens import DEFAULT, Pen, between, blank

GAP = 8
"""Cells between two changes that may be cheaper to write again than to step over."""
_RUN = re.compile(r"([ -\u2e7f])\1{4,}")
"""What is worth saying by number: letters of this range are narrow."""
Row = tuple[list[str], list[Pen]]


class Run(NamedTuple):
    """Cells `start` to `end` of a row, all of one pen."""

    y: int
    start: int
    end: int
    texts: list[str]
    pens: list[Pen]

    @property
    def pen(self) -> Pen:
        return self.pens[self.start]


def runs_of(y: int, wanted: Row, shown: Row) -> Iterator[Run]:
    """The cells of a row that differ; a wide character is never taken in half."""
    texts, pens = wanted
    differing = [
        x
        for x, (text, old_text, pen, old_pen) in enumerate(zip(texts, shown[0], pens, shown[1], strict=True))
        if text != old_text or (pen is not old_pen and pen != old_pen and (text != " " or blank(pen) != blank(old_pen)))
    ]
    width = len(texts)
    done = 0
    for place, x in enumerate(differing):
        if x < done:
            continue
        start = x - 1 if texts[x] == "" and x else x
        pen = pens[start]
        done = x + 1
        for follower in differing[place + 1 :]:
            if follower != done or pens[done] is not pen:
                break
            done += 1
        while done < width and texts[done] == "":
            done += 1
        yield Run(y, start, done, texts, pens)


def by_pen(runs: Iterable[Run], *, repeats: bool) -> str:
    """The same runs pen by pen: over many rows of few colours, more moves and far fewer changes of the pen.

    Rows in which terminals may disagree about a width come first and from left to right, because there a cell repairs
    what the one before it did.
    """
    runs = list(runs)
    odd = {run.y for run in runs if _doubtful(run.texts[run.start : run.end])}
    groups: dict[Pen, list[Run]] = {}
    grounds: dict[Pen, Pen] = {}
    spaces: list[Run] = []
    out = Stroke(repeats=repeats)
    for run in runs:
        if run.y in odd:
            out.put(run)
        elif "".join(run.texts[run.start : run.end]).isspace():
            spaces.append(run)
        else:
            groups.setdefault(run.pen, []).append(run)
            grounds.setdefault(blank(run.pen), run.pen)
    for run in spaces:
        groups.setdefault(grounds.get(blank(run.pen), blank(run.pen)), []).append(run)
    for group in groups.values():
        for run in sorted(group, key=lambda run: (run.y, run.start)):
            out.put(run)
    return out.finished()


class Stroke:
    """A frame as it is written: where the terminal's cursor is, and what it draws with."""

    __slots__ = ("_drawn", "_parts", "_pen", "_repeats", "_sure", "x", "y")

    def __init__(self, *, repeats: bool) -> None:
        self._parts: list[str] = []
        self._pen = DEFAULT
        self._repeats = repeats
        self._drawn: list[str] = []
        self._sure = False
        self.x = 0
        self.y = -1

    def put(self, run: Run) -> None:
        """Draw a run, coming to it the cheapest way."""
        if self.x >= len(run.texts):
            # Behind the last column terminals disagree about where the cursor is.
            self._sure = False
        if not self.reach(run.start, run.y, run.texts, run.pens):
            self.move(run.start, run.y)
        self.draw(run.texts[run.start : run.end], run.pen)

    def reach(self, x: int, y: int, texts: list[str], pens: list[Pen]) -> bool:
        """Come to a cell by writing the few cells before it again; False where a move is cheaper or needed."""
        if y != self.y or not self._sure or x < self.x:
            return False
        if x == self.x:
            return True
        gap = texts[self.x : x]
        if len(gap) > GAP or gap[0] == "" or len("".join(gap).encode()) > len(f"\x1b[{x - self.x}C"):
            return False
        if _doubtful(gap):
            return False
        if any(not self._draws(text, pen) for text, pen in zip(gap, pens[self.x : x], strict=True)):
            return False
        self._drawn += gap
        self.x = x
        return True

    def move(self, x: int, y: int) -> None:
        self._settle()
        place = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
        if self._sure and y >= self.y:
            steps = _step(y - self.y, "B") + (_step(x - self.x, "C") or _step(self.x - x, "D"))
            place = min(steps, place, key=len)
        self._parts.append(place)
        self.x, self.y, self._sure = x, y, True

    def draw(self, texts: list[str], pen: Pen) -> None:
        """Draw cells with one pen, from where we are."""
        if _doubtful(texts):
            # Where terminals disagree about a width, the cell after it is sought by its number.
            for text in texts:
                if text and not self._sure:
                    self.move(self.x, self.y)
                self._draw(text, pen, 1)
                self._sure = not _doubtful([text])
        else:
            self._draw("".join(texts), pen, len(texts))

    def _draw(self, text: str, pen: Pen, cells: int) -> None:
        space = text.isspace()
        if not self._draws(" " if space else text, pen):
            self._settle()
            wanted = blank(pen) if space else pen
            self._parts.append(between(self._pen, wanted))
            self._pen = wanted
        self._drawn.append(text)
        self.x += cells

    def _settle(self) -> None:
        """Write what was drawn with the pen in hand; what repeats is said by number where the terminal can."""
        text = "".join(self._drawn)
        self._drawn.clear()
        self._parts.append(_RUN.sub(_by_number, text) if self._repeats else text)

    def _draws(self, text: str, pen: Pen) -> bool:
        """Whether the pen in hand draws this cell as wanted."""
        return pen == self._pen or (text == " " and blank(pen) == blank(self._pen))

    @property
    def length(self) -> int:
        """Characters so far."""
        self._settle()
        return sum(map(len, self._parts))

    def finished(self) -> str:
        self._settle()
        if self._pen != DEFAULT:
            self._parts.append(between(self._pen, DEFAULT))
        return "".join(self._parts)


def _step(count: int, way: str) -> str:
    if count < 1:
        return ""
    return f"\x1b[{count}{way}" if count > 1 else f"\x1b[{way}"


def _by_number(run: re.Match[str]) -> str:
    return f"{run[1]}\x1b[{len(run[0]) - 1}b"


def _doubtful(texts: list[str]) -> bool:
    """Whether terminals may disagree about a width: of joined marks and pictures, not of the letters of any script."""
    joined = "".join(texts)
    return not joined.isascii() and (len(joined) + texts.count("") != len(texts) or max(joined) > "\U0001efff")
