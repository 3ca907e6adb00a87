"""The screen the program wants beside the screen the terminal shows, and the shortest way from one to the other."""

from __future__ import annotations

import re
from textwrap import wrap

from acp_tui.terminal.cells import UNKNOWN, Cells
from acp_tui.terminal.colours import Depth
from acp_tui.terminal.pens import DEFAULT, applied, begun
from acp_tui.terminal.scroll import shift_between
from acp_tui.terminal.stops import Stops
from acp_tui.terminal.strokes import ByPen, Run, row_by_row, runs_of

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
WORTH_SORTING = 12
"""Runs of cells from which another order may need fewer changes of the pen than it needs more moves."""
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
        self.stops = Stops(width)
        self._depth = depth
        self._smallest = smallest
        self._pen = DEFAULT
        self._at = (0, 0)
        self._resting: tuple[int, int] | None = None
        self._visible = False
        self._stands = False
        self._aside: list[str] = []

    @property
    def size(self) -> tuple[int, int]:
        return self.wanted.width, self.wanted.height

    def forget(self) -> None:
        """Take nothing for shown: the next frame paints every cell."""
        self.shown.fill(UNKNOWN)
        self.wanted.dirty.update(range(self.wanted.height))
        self.stops.forget(self.wanted.width)
        self._resting = None

    def resize(self, width: int, height: int) -> None:
        """A terminal of another size shows nobody knows what."""
        self.wanted = self.wanted.resized(width, height)
        self.shown = Cells(width, height, text=UNKNOWN)
        self.stops.forget(width)
        self._resting = None

    def stands(self) -> None:
        """The terminal is on its alternate screen already: it is not told to go there, which might clear it."""
        self._stands = True

    def hand_on(self, sequence: str) -> None:
        """Send this as it is before the next frame, whatever it does to a cell that is not painted yet."""
        if sequence:
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

    def changes(self) -> str:
        """What to send so that the terminal shows the cells wanted; from now on they count as shown."""
        aside = "".join(self._aside)
        self._aside.clear()
        if not self._visible:
            return aside
        wanted, shown = self._curtain() or self.wanted, self.shown
        rows = [y for y in wanted.dirty if _differ(wanted, shown, y)]
        shift = shift_between(wanted, shown, rows)
        if shift is not None:
            shift.apply(shown)
            rows = [y for y in {*rows, *shift.rows} if _differ(wanted, shown, y)]
        runs: list[Run] = []
        for y in sorted(rows):
            texts, pens = wanted.texts[y], wanted.pens[y]
            runs += runs_of(y, (texts, pens), (shown.texts[y], shown.pens[y]))
            shown.texts[y][:] = texts
            shown.pens[y][:] = pens
        self.wanted.dirty.clear()
        frame = (shift.sequence if shift is not None else "") + self._drawn(runs)
        rest = min(self._at[0], wanted.width - 1), min(self._at[1], wanted.height - 1)
        # Where nothing is typed, Textual lets the hidden cursor rest in the corner, and any other place is as good.
        if rest != (0, 0) and (frame or rest != self._resting):
            frame += f"\x1b[{rest[1] + 1};{rest[0] + 1}H"
            self._resting = rest
        if self.synchronized and len(frame) >= WORTH_SYNC:
            frame = f"\x1b[?2026h{frame}\x1b[?2026l"
        return aside + frame

    def _drawn(self, runs: list[Run]) -> str:
        """The runs in the order that takes least, and with other tabulator stops where they pay for themselves."""
        stops = self.stops
        frame = row_by_row(runs, repeats=self.repeats, stops=stops.columns)
        if len(runs) < WORTH_SORTING:
            return frame
        sorted_runs = ByPen.of(runs)
        frame = min(frame, sorted_runs.drawn(repeats=self.repeats, stops=stops.columns), key=len)
        columns = stops.fitting(sorted_runs.jumps())
        if columns != stops.columns:
            other = stops.change(columns) + sorted_runs.drawn(repeats=self.repeats, stops=columns)
            if len(other) < len(frame):
                stops.changed(columns)
                return other
        return frame

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


def _differ(one: Cells, other: Cells, y: int) -> bool:
    return one.texts[y] != other.texts[y] or one.pens[y] != other.pens[y]
