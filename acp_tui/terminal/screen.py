"""The screen the program wants beside the screen the terminal shows, and the shortest way from one to the other."""

from __future__ import annotations

import re
from bisect import bisect_left
from textwrap import wrap

from acp_tui.terminal.cells import UNKNOWN, Cells
from acp_tui.terminal.colours import Depth
from acp_tui.terminal.pens import DEFAULT, Pen, applied, begun, between, blank

_TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[\d;:]*)m(?P<styled>[^\x00-\x1f\x7f-\x9f]*)"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<row>\d*);?(?P<column>\d*)H"
    r"|\x1b\]8;(?P<link>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b\[\?(?P<mode>1049|1047|47|2026)(?P<set>[hl])"
    r"|(?P<aside>\x07|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[<=>?][\d;:]*[ -/]*[@-~]|\x1b\[[\d;]*(?: q|[cntu]))"
    r"|(?P<control>[\r\n\x08])"
    r"|(?P<strange>\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~])"
    r"|(?P<dropped>.)",
    re.DOTALL,
)
GAP = 8
"""Cells between two changes that may be cheaper to write again than to step over."""
_RUN = re.compile(r"([ -\u2e7f])\1{4,}")
"""What is worth saying by number: letters of this range are narrow."""
WORTH_SYNC = 1000
"""Characters from which a frame is wrapped so that the terminal shows it at once; fewer travel in one packet."""


class Screen:
    """Takes what a program writes to a terminal and gives back only what changes there.

    `feed` reads text, cursor moves and colours into the cells wanted. Modes, queries, titles and other sequences that
    paint nothing are handed on in their order. A sequence that is not known is handed on as well, and from then on
    nothing is taken for shown, so that the next frame is a full one. A lone control character
    is dropped: it has no width. Below `smallest` columns and lines a sentence stands in place of the picture.
    """

    def __init__(
        self, width: int, height: int, *, depth: Depth = Depth.TRUE, smallest: tuple[int, int] = (0, 0)
    ) -> None:
        self.wanted = Cells(width, height)
        self.shown = Cells(width, height, text=UNKNOWN)
        self.synchronized = False
        self.repeats = False
        self._depth = depth
        self._smallest = smallest
        self._pen = DEFAULT
        self._at = (0, 0)
        self._resting: tuple[int, int] | None = None
        self._visible = False
        self._stands = False
        self._aside: list[str] = []
        self._turn = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.wanted.width, self.wanted.height

    def forget(self) -> None:
        """Take nothing for shown: the next frame paints every cell."""
        self.shown.fill(UNKNOWN)
        self.wanted.dirty.update(range(self.wanted.height))
        self._resting = None

    def resize(self, width: int, height: int) -> None:
        """A terminal of another size shows nobody knows what."""
        self.wanted = self.wanted.resized(width, height)
        self.shown = Cells(width, height, text=UNKNOWN)
        self._resting = None

    def stands(self) -> None:
        """The terminal is on its alternate screen already: it is not told to go there, which might clear it."""
        self._stands = True

    def hand_on(self, sequence: str) -> None:
        """Send this as it is before the next frame, whatever it does to a cell that is not painted yet."""
        self._aside.append(sequence)

    # reading what the program writes

    def feed(self, data: str) -> None:
        """Read one piece of output; a piece never ends inside a sequence."""
        x, y = self._at
        pen = self._pen
        wanted, depth = self.wanted, self._depth
        for token in _TOKEN.finditer(data):
            kind = token.lastgroup
            if kind == "styled":
                codes, text = token["sgr"], token["styled"]
                # Every run of Textual begins with a full style and ends with a reset, so these two have the short way.
                if codes == "0" and not pen.link:
                    pen = DEFAULT
                else:
                    pen = begun(codes, depth) if pen is DEFAULT else applied(pen, codes, depth)
                if text:
                    x = wanted.write(x, y, text, pen)
            elif kind == "text":
                x = wanted.write(x, y, token["text"], pen)
            elif kind == "column":
                x, y = int(token["column"] or 1) - 1, int(token["row"] or 1) - 1
            elif kind == "link":
                pen = pen._replace(link="" if token["link"] == ";" else token["link"])
            elif kind == "control":
                x, y = (max(0, x - 1), y) if token[0] == "\b" else (0, y + (token[0] == "\n"))
            elif kind == "set":
                self._switch(token[0], token["mode"], on=token["set"] == "h")
            elif kind != "dropped":
                self._aside.append(token[0])
                if kind == "strange":
                    self.forget()
        self._at = (x, y)
        self._pen = pen

    def _switch(self, sequence: str, mode: str, *, on: bool) -> None:
        if mode == "2026":
            # The frame is wrapped when it is sent; that the program asks for it says that the terminal can.
            self.synchronized = True
            return
        if not (on and self._stands):
            self._aside.append(sequence)
        self._stands = False
        self._visible = on
        self.forget()

    # writing what the terminal lacks

    @property
    def pending(self) -> bool:
        """Whether there may be something to send."""
        return bool(self._aside or (self._visible and self.wanted.dirty))

    def changes(self, room: int | None = None) -> str:
        """What to send so that the terminal shows the cells wanted; from now on they count as shown.

        With `room`, no further row is begun once so many characters are used: the rest is pending, and next in turn.
        """
        aside = "".join(self._aside)
        self._aside.clear()
        if not self._visible:
            return aside
        out = _Stroke(repeats=self.repeats)
        wanted, shown = self._curtain() or self.wanted, self.shown
        behind = sorted(wanted.dirty)
        turn = bisect_left(behind, self._turn)
        for y in behind[turn:] + behind[:turn]:
            if room is not None and out.length >= room:
                self._turn = y
                break
            self.wanted.dirty.discard(y)
            texts, pens = wanted.texts[y], wanted.pens[y]
            if texts != shown.texts[y] or pens != shown.pens[y]:
                _row(out, y, (texts, pens), (shown.texts[y], shown.pens[y]))
                shown.texts[y][:] = texts
                shown.pens[y][:] = pens
        else:
            self._turn = 0
        frame = out.finished()
        rest = min(self._at[0], wanted.width - 1), min(self._at[1], wanted.height - 1)
        # Where nothing is typed, Textual lets the hidden cursor rest in the corner, and any other place is as good.
        if rest != (0, 0) and (frame or rest != self._resting):
            frame += f"\x1b[{rest[1] + 1};{rest[0] + 1}H"
            self._resting = rest
        if self.synchronized and len(frame) >= WORTH_SYNC:
            frame = f"\x1b[?2026h{frame}\x1b[?2026l"
        return aside + frame

    def _curtain(self) -> Cells | None:
        """A sentence in place of a picture that has no room."""
        width, height = self.size
        columns, lines = self._smallest
        if width >= columns and height >= lines:
            return None
        cells = Cells(width, height)
        words = f"acp-tui needs {columns}x{lines} cells, here are {width}x{height}"
        for row, line in enumerate(wrap(words, width)):
            cells.write(0, row, line, DEFAULT)
        return cells


Row = tuple[list[str], list[Pen]]


def _row(out: _Stroke, y: int, wanted: Row, shown: Row) -> None:
    """Draw the cells of a row that differ, and small gaps between them that are cheaper to draw than to step over."""
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
        if not out.reach(start, y, texts, pens):
            out.move(start, y)
        out.draw(texts[start:done], pen)


class _Stroke:
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
        if y == self.y and self._sure and x > self.x:
            step = x - self.x
            self._parts.append(f"\x1b[{step}C" if step > 1 else "\x1b[C")
        else:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
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


def _by_number(run: re.Match[str]) -> str:
    return f"{run[1]}\x1b[{len(run[0]) - 1}b"


def _doubtful(texts: list[str]) -> bool:
    """Whether terminals may disagree about a width: of joined marks and pictures, not of the letters of any script."""
    joined = "".join(texts)
    return not joined.isascii() and (len(joined) + texts.count("") != len(texts) or max(joined) > "\U0001efff")
