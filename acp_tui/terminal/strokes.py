"""Runs of cells that differ, drawn in few characters: moves, changes of the pen and gaps weighed against each other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from acp_tui.terminal.pens import DEFAULT, Pen, between, blank

GAP = 8
"""Cells between two changes that may be cheaper to write again than to step over."""
NEAR = 4
"""So many lines or cells are gone one by one; farther ones by number."""
_RUN = re.compile(r"([ -\u2e7f])\1{2,}")
"""What may be worth saying by number: letters of this range are narrow."""
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

    @property
    def text(self) -> str:
        return "".join(self.texts[self.start : self.end])

    def draws(self, start: int, end: int) -> bool:
        """Whether its pen draws other cells of its row as they are wanted."""
        pen = self.pen
        return all(
            self.pens[x] == pen or (self.texts[x] == " " and blank(self.pens[x]) == blank(pen))
            for x in range(start, end)
        )


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


class ByPen(Struct):
    """The same runs pen by pen: over many rows of few colours, more moves and far fewer changes of the pen.

    Rows in which terminals may disagree about a width come first and from left to right, because there a cell repairs
    what the one before it did. Spaces go with what they follow, or with any pen that paints the same space.
    """

    odd: list[Run] = field(default_factory=list)
    groups: dict[Pen, list[Run]] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Sequence[Run]) -> ByPen:
        odd = {run.y for run in runs if _doubtful(run.texts[run.start : run.end])}
        made = cls([run for run in runs if run.y in odd])
        groups, spaces = made.groups, []
        before: Run | None = None
        for run in runs:
            if run.y in odd:
                continue
            if not run.text.isspace():
                groups.setdefault(run.pen, []).append(run)
                before = run
            elif before and before.y == run.y and run.start - before.end <= NEAR and before.draws(before.end, run.end):
                groups[before.pen].append(run)
                before = before._replace(end=run.end)
            else:
                spaces.append(run)
        grounds = {blank(pen): pen for pen in sorted(groups, key=lambda pen: len(groups[pen]))}
        for run in spaces:
            groups.setdefault(grounds.get(blank(run.pen), blank(run.pen)), []).append(run)
        for group in groups.values():
            group.sort(key=lambda run: (run.y, run.start))
        return made

    def jumps(self) -> Counter[tuple[int, int]]:
        """From where to where the pen is moved in a row, over cells that nobody would write again, and how often."""
        found: Counter[tuple[int, int]] = Counter()
        for group in self.groups.values():
            y, end = -1, 0
            for run in group:
                end = end if run.y == y else 0
                if run.start - end > NEAR or not run.draws(end, run.start):
                    found[end, run.start] += 1
                y, end = run.y, run.end
        return found

    def drawn(self, *, repeats: bool, stops: Sequence[int] = ()) -> str:
        out = Stroke(repeats=repeats, stops=stops)
        for run in self.odd:
            out.put(run)
        for group in self.groups.values():
            for run in group:
                out.put(run)
        return out.finished()


def row_by_row(runs: Iterable[Run], *, repeats: bool, stops: Sequence[int] = ()) -> str:
    """The runs as they come, from left to right and down the screen."""
    out = Stroke(repeats=repeats, stops=stops)
    for run in runs:
        out.put(run)
    return out.finished()


class Stroke:
    """A frame as it is written: where the terminal's cursor is, and what it draws with.

    `stops` are the columns at which a tabulator halts, in their order; empty where the terminal's are not known. Its
    row is known from the first move on; its column is not behind a character of doubtful width, nor behind the last
    column, about which terminals disagree.
    """

    __slots__ = ("_drawn", "_parts", "_pen", "_repeats", "_stops", "_sure", "x", "y")

    def __init__(self, *, repeats: bool, stops: Sequence[int] = ()) -> None:
        self._parts: list[str] = []
        self._pen = DEFAULT
        self._repeats = repeats
        self._stops = stops
        self._drawn: list[str] = []
        self._sure = False
        self.x = 0
        self.y = -1

    def put(self, run: Run) -> None:
        """Draw a run, coming to it the cheapest way."""
        texts = run.texts[run.start : run.end]
        if self.x >= len(run.texts):
            self._sure = False
        self._take(run.pen, space="".join(texts).isspace())
        self._come(run.start, run.y, run)
        self._draw(texts)

    def finished(self) -> str:
        self._settle()
        if self._pen != DEFAULT:
            self._parts.append(between(self._pen, DEFAULT))
        return "".join(self._parts)

    # the pen

    def _take(self, pen: Pen, *, space: bool) -> None:
        if self._draws(" " if space else "", pen):
            return
        self._settle()
        wanted = blank(pen) if space else pen
        self._parts.append(between(self._pen, wanted))
        self._pen = wanted

    def _draws(self, text: str, pen: Pen) -> bool:
        """Whether the pen in hand draws this cell as wanted."""
        return pen is self._pen or pen == self._pen or (text == " " and blank(pen) == blank(self._pen))

    # the way

    def _come(self, x: int, y: int, run: Run) -> None:
        """Go to a cell by the shortest of: writing cells again, tabulators, steps, a new line, its two numbers."""
        if y == self.y and self._sure and x >= self.x:
            self._go(*self._along(self.x, x, run))
            self.x = x
            return
        ways = [(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H", "")]
        if y >= self.y >= 0:
            down = y - self.y
            moves, written = self._along(0, x, run)
            ways.append((_line(down) + moves, written))
            if self._sure:
                aside = _step(x - self.x, "C") or ("\b" * (self.x - x) if self.x - x <= NEAR else f"\x1b[{self.x - x}D")
                ways.append(("\x1bD" * down + aside if down <= 2 else f"\x1b[{down}B{aside}", ""))
        self._go(*min(ways, key=_cost))
        self.x, self.y, self._sure = x, y, True

    def _go(self, moves: str, written: str) -> None:
        if moves:
            self._settle()
            self._parts.append(moves)
        if written:
            self._drawn.append(written)

    def _along(self, start: int, x: int, run: Run) -> tuple[str, str]:
        """From one cell of a row to another on its right: moves, and what is written after them."""
        if start == x:
            return "", ""
        best = (_step(x - start, "C"), "")
        cost = len(best[0])
        again = self._again(start, x, run, cost)
        if again is not None:
            best, cost = ("", again), _bytes(again)
        first, last = bisect_right(self._stops, start), bisect_right(self._stops, x)
        if not 0 < last - first < cost:
            return best
        halt, tabs = self._stops[last - 1], "\t" * (last - first)
        if halt == x:
            return (tabs, "") if len(tabs) < cost else best
        again = self._again(halt, x, run, cost)
        ways = [best, (tabs + _step(x - halt, "C"), "")]
        if again is not None:
            ways.append((tabs, again))
        return min(ways, key=_cost)

    def _again(self, start: int, x: int, run: Run, most: int) -> str | None:
        """The text of cells before a change, where the pen in hand draws them and they cost no more than `most`."""
        if x - start > GAP:
            return None
        gap = run.texts[start:x]
        text = "".join(gap)
        if gap[0] == "" or _bytes(text) > most or _doubtful(gap):
            return None
        draws = all(self._draws(cell, pen) for cell, pen in zip(gap, run.pens[start:x], strict=True))
        return text if draws else None

    # drawing

    def _draw(self, texts: list[str]) -> None:
        if not _doubtful(texts):
            self._drawn += texts
            self.x += len(texts)
            return
        for text in texts:
            # Where terminals disagree about a width, the cell after it is sought by its number.
            if text and not self._sure:
                self._settle()
                self._parts.append(f"\x1b[{self.y + 1};{self.x + 1}H")
            self._drawn.append(text)
            self.x += 1
            self._sure = not _doubtful([text])

    def _settle(self) -> None:
        """Write what was drawn with the pen in hand; what repeats is said by number where the terminal can."""
        if self._drawn:
            text = "".join(self._drawn)
            self._drawn.clear()
            self._parts.append(_RUN.sub(_by_number, text) if self._repeats else text)


def _line(down: int) -> str:
    """To the first column, here or so many lines further down; a new line, because a line feed alone may do either."""
    return "\x1bE" * down if 0 < down <= 2 else f"\r{_step(down, 'B')}"


def _step(count: int, way: str) -> str:
    if count < 1:
        return ""
    return f"\x1b[{count}{way}" if count > 1 else f"\x1b[{way}"


def _cost(way: tuple[str, str]) -> int:
    return len(way[0]) + _bytes(way[1])


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _by_number(run: re.Match[str]) -> str:
    said = f"{run[1]}\x1b[{len(run[0]) - 1}b"
    return said if _bytes(said) < _bytes(run[0]) else run[0]


def _doubtful(texts: list[str]) -> bool:
    """Whether terminals may disagree about a width: of joined marks and pictures, not of the letters of any script."""
    joined = "".join(texts)
    return not joined.isascii() and (len(joined) + texts.count("") != len(texts) or max(joined) > "\U0001efff")
