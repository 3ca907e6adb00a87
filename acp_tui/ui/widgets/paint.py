"""From a row to painted cells: which columns stand where, and the segments of one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style

from acp_tui.fleet.columns import GAP, Column, View
from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import Glyphs
from acp_tui.ui.look import Look
from acp_tui.ui.widgets.cells import cut, fit, width_of

BAR = 6
"""Cells of a quota bar where there is room for it."""
SHORTEST_BAR = 3
_QUIET = (Tone.PLAIN, Tone.DIM)
NUMBERS = 16
"""So many cells are left for `74% 91.5/123.5Gi` behind a bar, as long as the bar can give some."""


class Painted(NamedTuple):
    """A cell ready to paint; equal ones look the same. `filled` is how much of its bar is full, -1 for no bar."""

    text: str
    tone: Tone
    filled: int = -1


class Layout(Struct, frozen=True):
    """The columns that are shown, with their widths; `hidden` counts those that did not fit.

    `heads` are the columns from the left that the cursor lies over: those that name the row. Over the whole row it
    would be drawn twice at every step, in all its colours.
    """

    columns: tuple[tuple[Column[Any], int], ...] = ()
    hidden: int = 0
    heads: int = 1

    @property
    def ages(self) -> bool:
        """Whether anything in these columns moves with the clock."""
        return any(column.ages for column, _ in self.columns)

    def at(self, x: int) -> Column[Any] | None:
        """The column under a cell of the line."""
        start = 0
        for column, width in self.columns:
            if start <= x < start + width:
                return column
            start += width + GAP
        return None


def lay_out(view: View[Any], width: int, *, wide: bool = False, skip: int = 0) -> Layout:
    """Columns for `width` cells.

    Normally unimportant columns go. With `wide`, or once the reader moved `skip` columns sideways, no priority
    counts: the first column stays and the others follow in their order as far as they fit.
    """
    if not wide and not skip:
        columns = view.fit(width)
        return _layout(_trim(columns, width), len(view.columns) - len(columns))
    first, *rest = view.columns
    kept = [first]
    used = first.width
    for column in rest[skip:]:
        if used + GAP + column.width > width:
            break
        used += GAP + column.width
        kept.append(column)
    spare = max(0, width - used)
    shares = sum(column.grow for column in kept)
    placed = tuple((column, column.width + (spare * column.grow // shares if shares else 0)) for column in kept)
    return _layout(_trim(placed, width), len(view.columns) - len(kept))


def _layout(columns: tuple[tuple[Column[Any], int], ...], hidden: int) -> Layout:
    names = [column.names for column, _ in columns]
    heads = names.index(True) if True in names[:2] else 0
    while heads < len(names) and names[heads]:
        heads += 1
    return Layout(columns, hidden, max(1, heads))


def _trim(columns: Sequence[tuple[Column[Any], int]], width: int) -> tuple[tuple[Column[Any], int], ...]:
    """Columns until the line is full; the one at the end is narrowed rather than drawn over the frame."""
    kept: list[tuple[Column[Any], int]] = []
    used = 0
    for column, wanted in columns:
        room = width - used
        if room < min(wanted, 4):
            break
        kept.append((column, min(wanted, room)))
        used += min(wanted, room) + GAP
    return tuple(kept)


def painted_cell(view: View[Any], column: Column[Any], row: Any, *, now: float) -> Painted:
    cell = view.cell(column, row, now)
    if column.bar is None:
        return Painted(cell.text, cell.tone)
    ratio = column.bar(row)
    return Painted(cell.text, cell.tone, -1 if ratio is None else round(min(max(ratio, 0.0), 1.0) * BAR))


class Brush(Struct, frozen=True):
    """Paints lines in one look, with one set of signs and one set of words to highlight."""

    look: Look
    glyphs: Glyphs
    words: tuple[str, ...] = ()

    def line(
        self,
        layout: Layout,
        cells: Sequence[Painted],
        *,
        width: int,
        over: Style | None = None,
        lead: str = " ",
        guide: str = "",
        changed: frozenset[int] = frozenset(),
        marked: bool = False,
    ) -> list[Segment]:
        """One row in exactly `width` cells: the place of cursor and mark, the cells, and blank to the end.

        `over` is laid over the styles of the cells that name the row (the cursor), `guide` stands before the first
        cell (a tree), the cells whose places are in `changed` are shown as just changed, and a `marked` row begins
        with the sign of a mark and says its name in the same colour.
        """
        base = self.look.base
        sign = self.glyphs.mark if marked else lead
        out = [Segment(sign, self._laid(self.look.frame_focus if sign != " " else base, over))]
        used = 1
        for place, ((column, room), cell) in enumerate(zip(layout.columns, cells, strict=True)):
            laid = over if place < layout.heads else None
            if place:
                out.append(Segment(" " * GAP, self._laid(base, laid)))
                used += GAP
            shown = cell._replace(tone=Tone.ACCENT) if marked and not place and cell.tone in _QUIET else cell
            out += self._cell(
                column, room, shown, over=laid, guide=guide if not place else "", changed=place in changed
            )
            used += room
        out.append(Segment(" " * max(0, width - used), base))
        return out

    def heading(self, layout: Layout, *, width: int, sort: str, descending: bool) -> list[Segment]:
        """The titles, with an arrow at the column the rows are sorted by and a sign for columns out of view."""
        arrow = self.glyphs.descending if descending else self.glyphs.ascending
        words: list[str] = []
        for column, room in layout.columns:
            title = column.title
            if column.id == sort:
                title = cut(title, room - 1, "") + arrow
            words.append(fit(title, room, "", right=column.align == "right"))
        text = " " + (" " * GAP).join(words)
        more = self.glyphs.more if layout.hidden else " "
        return [Segment(fit(text, width - 1, ""), self.look.header), Segment(more, self.look.header)]

    def _cell(
        self,
        column: Column[Any],
        room: int,
        cell: Painted,
        *,
        over: Style | None,
        guide: str,
        changed: bool,
    ) -> Iterable[Segment]:
        style = self._laid(self.look.of(cell.tone), over)
        if changed:
            style = style + self.look.changed
        out: list[Segment] = []
        if guide:
            shown = cut(guide, room, "")
            out.append(Segment(shown, self._laid(self.look.of(Tone.DIM), over)))
            room -= width_of(shown)
        text = self.glyphs.say(cell.text)
        bar = min(BAR, max(SHORTEST_BAR, room - NUMBERS - 1))
        if cell.filled >= 0 and room > bar + 1:
            out += self._bar(cell, bar, over)
            room -= bar + 1
        if column.glyph:
            sign = self.glyphs.of(cell.tone)
            text = f"{sign} {text}" if sign else f"  {text}"
        shown = fit(text, room, self.glyphs.ellipsis, right=column.align == "right", middle=column.middle)
        out += self._matched(shown, style) if self.words else [Segment(shown, style)]
        return out

    def _bar(self, cell: Painted, length: int, over: Style | None) -> list[Segment]:
        filled = round(cell.filled * length / BAR)
        full, empty = self.glyphs.bar_full * filled, self.glyphs.bar_empty * (length - filled)
        dim = self._laid(self.look.of(Tone.DIM), over)
        parts = [Segment(full, self._laid(self.look.of(cell.tone), over)), Segment(empty, dim), Segment(" ", dim)]
        return [part for part in parts if part.text]

    def _matched(self, text: str, style: Style) -> list[Segment]:
        low = text.lower()
        if len(low) != len(text):
            return [Segment(text, style)]
        spans = sorted((start, start + len(word)) for word in self.words for start in _places(low, word))
        out: list[Segment] = []
        position = 0
        for start, end in spans:
            if start < position:
                continue
            if start > position:
                out.append(Segment(text[position:start], style))
            out.append(Segment(text[start:end], style + self.look.match))
            position = end
        if position < len(text):
            out.append(Segment(text[position:], style))
        return out

    @staticmethod
    def _laid(style: Style, over: Style | None) -> Style:
        return style if over is None else style + over


def _places(text: str, word: str) -> Iterable[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + len(word))
