"""The screen the program wants beside the screen the terminal shows, and the shortest way from one to the other."""

from __future__ import annotations

import re
from textwrap import wrap

from acp_tui.terminal.cells import UNKNOWN, Cells
from acp_tui.terminal.colours import Depth
from acp_tui.terminal.pens import DEFAULT, Pen, applied, between, blank

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
REPEATABLE = "\u2e80"
"""Letters before this one are narrow, and may be repeated by number on a terminal that can."""
WORTH_SYNC = 256
"""Characters from which a frame is wrapped so that the terminal shows it at once."""


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
        self._aside: list[str] = []

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
                pen = applied(pen, token["sgr"], depth)
                if token["styled"]:
                    x = wanted.write(x, y, token["styled"], pen)
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
        self._aside.append(sequence)
        self._visible = on
        self.wanted.fill(" ")
        self.forget()

    # writing what the terminal lacks

    @property
    def pending(self) -> bool:
        """Whether there may be something to send."""
        return bool(self._aside or (self._visible and self.wanted.dirty))

    def changes(self) -> str:
        """What to send so that the terminal shows the cells wanted; from now on they count as shown."""
        aside = "".join(self._aside)
        self._aside.clear()
        if not self._visible:
            return aside
        out = _Stroke(repeats=self.repeats)
        wanted, shown = self._curtain() or self.wanted, self.shown
        for y in sorted(wanted.dirty):
            texts, pens = wanted.texts[y], wanted.pens[y]
            if texts != shown.texts[y] or pens != shown.pens[y]:
                _row(out, y, (texts, pens), (shown.texts[y], shown.pens[y]))
                shown.texts[y][:] = texts
                shown.pens[y][:] = pens
        self.wanted.dirty.clear()
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
    for x in differing:
        if x < done:
            continue
        start = x - 1 if texts[x] == "" and x else x
        if not out.reach(start, y, texts, pens):
            out.move(start, y)
        out.draw(texts[start], pens[start])
        done = start + 1
        while done < width and texts[done] == "":
            done += 1
            out.x += 1


class _Stroke:
    """A frame as it is written: where the terminal's cursor is, and what it draws with."""

    __slots__ = ("_count", "_parts", "_pen", "_repeats", "_sure", "_text", "x", "y")

    def __init__(self, *, repeats: bool) -> None:
        self._parts: list[str] = []
        self._pen = DEFAULT
        self._repeats = repeats
        self._text = ""
        self._count = 0
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
        if any(_doubtful(text) for text in gap):
            return False
        if any(not self._draws(text, pen) for text, pen in zip(gap, pens[self.x : x], strict=True)):
            return False
        for text in gap:
            self._put(text)
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

    def draw(self, text: str, pen: Pen) -> None:
        if not self._draws(text, pen):
            self._settle()
            wanted = blank(pen) if text == " " else pen
            self._parts.append(between(self._pen, wanted))
            self._pen = wanted
        self._put(text)
        self.x += 1
        # Where terminals disagree about a width, the next cell is sought by its number.
        self._sure = not _doubtful(text)

    def _put(self, text: str) -> None:
        if text == self._text:
            self._count += 1
        else:
            self._settle()
            self._text, self._count = text, 1

    def _settle(self) -> None:
        """Write what was drawn as often as it was drawn, or say how often."""
        text, count = self._text, self._count
        if not count:
            return
        if self._repeats and count > 4 and text < REPEATABLE:
            self._parts.append(f"{text}\x1b[{count - 1}b")
        else:
            self._parts.append(text * count)
        self._text, self._count = "", 0

    def _draws(self, text: str, pen: Pen) -> bool:
        """Whether the pen in hand draws this cell as wanted."""
        return pen == self._pen or (text == " " and blank(pen) == blank(self._pen))

    def finished(self) -> str:
        self._settle()
        if self._pen != DEFAULT:
            self._parts.append(between(self._pen, DEFAULT))
        return "".join(self._parts)


def _doubtful(text: str) -> bool:
    """Whether terminals may disagree about the width: joined marks and pictures, not plain letters of any script."""
    return len(text) > 1 or text > "\U0001efff"
