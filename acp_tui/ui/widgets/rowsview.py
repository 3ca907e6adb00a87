"""Rows drawn in a frame: only visible lines are computed, only differing lines are sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Generic, NamedTuple

from rich.segment import Segment
from textual.cache import LRUCache

from acp_tui.fleet.columns import Column, View
from acp_tui.model.refs import Clock
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.framed import Framed, segments
from acp_tui.ui.widgets.lineup import R
from acp_tui.ui.widgets.marks import Marks
from acp_tui.ui.widgets.paint import Brush, Layout, Painted, lay_out, painted_cell
from acp_tui.ui.widgets.rows import Rows

NEWS_SECONDS = 1.0
"""How long a changed cell is shown as changed: one tick."""
_NOTHING: frozenset[int] = frozenset()


class _Face(NamedTuple):
    """All that decides how a line looks; `lit` says that the cursor on it is the one that keys move."""

    cells: tuple[Painted, ...]
    guide: str
    here: bool
    lit: bool
    changed: frozenset[int]
    marked: bool


class RowsView(Framed, Generic[R]):
    """Rows of one view in a frame, painted, with a cursor; 50,000 of them cost what the visible ones cost.

    The cursor belongs to a key: it stays on its row, and on its line of the screen, when rows come, go or change
    order. Until somebody moves it, it stays on the first row. A `lit` grid shows its cursor while something else has
    the keys. Cell texts are computed for visible rows alone, and
    once per row object, because rows are frozen values; `tick` computes them again as time passes.
    """

    heading_lines = 1

    def __init__(
        self,
        view: View[R],
        *,
        clock: Clock = time.time,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.view = view
        self.rows: Rows[R] = Rows(view)
        self.clock = clock
        self.cursor = 0
        self.wide = False
        self.skip = 0
        self.lit = False
        self.marks = Marks()
        self.empty: tuple[tuple[Span, ...], ...] = ()
        self._now = clock()
        self._moved_by_hand = False
        self._key = ""
        self._layout = Layout()
        self._brush: Brush | None = None
        self._faces: list[_Face] = []
        self._texts: dict[str, tuple[R, float, tuple[Painted, ...]]] = {}
        self._changed: dict[str, frozenset[int]] = {}
        self._lines: LRUCache[tuple[_Face, int], list[Segment]] = LRUCache(1024)

    # what is shown

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def key(self) -> str:
        """Key of the row under the cursor, empty for none."""
        return self._key

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self.rows.shown[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def show_view(self, view: View[R]) -> None:
        """Other columns; rows, filter and sort start over."""
        self.view = view
        self.rows = Rows(view)
        self.marks.clear()
        self.cursor = self.first = self.skip = 0
        self._moved_by_hand = False
        self._forget()
        self._announce()
        self.refresh_body()

    def set_empty(self, *lines: Sequence[Span]) -> None:
        """What stands in place of rows when there are none: why, and what to do next."""
        wanted = tuple(tuple(line) for line in lines)
        if wanted != self.empty:
            touched = 1 + max(len(wanted), len(self.empty))
            self.empty = wanted
            if not len(self.rows):
                self.refresh_lines(range(1, touched))

    async def learn_words(self) -> None:
        """Make ready for a filter, without holding up the keyboard."""
        await self.rows.learn_words(now=self._now)

    def tick(self) -> None:
        """Let time pass: lines whose ages read differently now are drawn again, the others cost nothing."""
        self._now = self.clock()
        self._sync()

    def cursor_moved(self) -> None:
        """Called when another row, or none, is under the cursor."""

    def rearranged(self) -> None:
        """Called when sort or filter changed."""

    # painting

    def column_at(self, x: int) -> Column[R] | None:
        """The column under a cell of a line; None for frame and gaps."""
        self._lay_out()
        return self._layout.at(x - 2)

    def heading(self, number: int, width: int) -> Iterable[Segment]:
        self._lay_out()
        return self.brush.heading(self._layout, width=width, sort=self.rows.sort, descending=self.rows.descending)

    def line(self, index: int, width: int) -> Iterable[Segment]:
        if index >= len(self.rows):
            return self._blank(index, width)
        self._lay_out()
        face = self._face(index)
        cached = self._lines.get((face, width))
        if cached is not None:
            return cached
        look = self.look
        over = (look.cursor if face.lit else look.cursor_idle) if face.here else None
        painted = self.brush.line(
            self._layout,
            face.cells,
            width=width,
            over=over,
            lead=self.glyphs.cursor if face.lit else " ",
            guide=face.guide,
            changed=face.changed,
            marked=face.marked,
        )
        self._lines[face, width] = painted
        return painted

    @property
    def brush(self) -> Brush:
        if self._brush is None:
            self._brush = Brush(self.look, self.glyphs, self.rows.query.wanted)
        return self._brush

    def dress(self) -> None:
        self._forget()
        self.refresh()

    def _blank(self, index: int, width: int) -> list[Segment]:
        base = self.look.base
        if len(self.rows) or not 0 <= index - 1 < len(self.empty):
            return [Segment(" " * width, base)]
        out, used = segments(self.empty[index - 1], self.look, width - 3, glyphs=self.glyphs)
        return [Segment("  ", base), *out, Segment(" " * (width - used - 2), base)]

    def _lay_out(self) -> None:
        if not self._layout.columns:
            self._layout = lay_out(self.view, max(1, self.inner_width - 2), wide=self.wide, skip=self.skip)

    def _cells(self, key: str, row: R) -> tuple[Painted, ...]:
        kept = self._texts.get(key)
        if kept is None or kept[0] is not row:
            cells = tuple(painted_cell(self.view, column, row, now=self._now) for column, _ in self._layout.columns)
        elif kept[1] == self._now or not self._layout.ages:
            return kept[2]
        else:
            cells = tuple(
                painted_cell(self.view, column, row, now=self._now) if column.ages else was
                for (column, _), was in zip(self._layout.columns, kept[2], strict=True)
            )
        self._texts[key] = (row, self._now, cells)
        return cells

    def _face(self, index: int) -> _Face:
        row = self.rows.shown[index]
        here = index == self.cursor
        node = self.rows.node(index)
        guide = ""
        if node is not None:
            fold = " " if node.opened is None else (self.glyphs.opened if node.opened else self.glyphs.closed)
            guide = self._signs(node.guide) + fold + " " if node.depth else fold + " "
        lit = here and (self.lit or self.has_focus)
        key = row.key
        return _Face(self._cells(key, row), guide, here, lit, self._changed.get(key, _NOTHING), key in self.marks)

    def _signs(self, guide: str) -> str:
        glyphs = self.glyphs
        return guide.replace("│", glyphs.vertical).replace("├", glyphs.branch).replace("└", glyphs.last_branch)

    def _its_key(self, index: int) -> str:
        return self.rows.shown[index].key

    def _visible(self) -> range:
        return range(self.first, min(self.first + self.page, len(self.rows)))

    def _sync(self) -> None:
        """Draw again the visible lines that look different from what was drawn last."""
        self._lay_out()
        before, self._faces = self._faces, [self._face(index) for index in self._visible()]
        longest = max(len(before), len(self._faces))
        differing = [
            self.first + place
            for place in range(longest)
            if before[place : place + 1] != self._faces[place : place + 1]
        ]
        if len(self._texts) > 4 * (self.page + 50):
            seen = set(map(self._its_key, self._visible()))
            self._texts = {key: kept for key, kept in self._texts.items() if key in seen}
        self.refresh_lines(differing)

    def _forget(self) -> None:
        self._layout = Layout()
        self._brush = None
        self._faces = []
        self._texts.clear()
        self._changed.clear()
        self._lines.clear()

    # the cursor

    def _settle(self, change: Callable[[], None], *, mark: bool = False) -> None:
        """Change the rows and keep the cursor on its row and on its line of the screen."""
        known = {key: self._texts.get(key) for key in map(self._its_key, self._visible())} if mark else {}
        key, offset = self._key, self.cursor - self.first
        had_rows = len(self.rows) > 0
        change()
        if self.marks:
            self.marks.keep(self.rows.keys)
            self.refresh_edge()
        place = self.rows.index(key) if self._moved_by_hand and key else None
        if place is None:
            place = self.cursor if self._moved_by_hand else 0
        self.cursor = max(0, min(place, len(self.rows) - 1))
        first = max(0, min(self.cursor - offset, len(self.rows) - self.page))
        if first != self.first or had_rows != (len(self.rows) > 0):
            self.first = first
            self.refresh_body()
        if mark and self.is_attached:
            self._note_news(known)
        self._sync()
        self._announce()

    def _note_news(self, known: dict[str, tuple[R, float, tuple[Painted, ...]] | None]) -> None:
        self._lay_out()
        news: dict[str, frozenset[int]] = {}
        for index in self._visible():
            row = self.rows.shown[index]
            key = row.key
            was = known.get(key)
            if was is None or was[0] is row:
                continue
            is_now = self._cells(key, row)
            changed = frozenset(
                place
                for place, (column, _) in enumerate(self._layout.columns)
                if not column.ages and was[2][place : place + 1] != is_now[place : place + 1]
            )
            if changed:
                news[key] = changed
        if news:
            self._changed |= news
            self.set_timer(NEWS_SECONDS, partial(self._fade, news), name="fade")

    def _fade(self, news: dict[str, frozenset[int]]) -> None:
        """Its tick is over; a row that changed again meanwhile has a tick of its own."""
        self._changed = {key: cells for key, cells in self._changed.items() if news.get(key) is not cells}
        self._sync()

    def _announce(self) -> None:
        row = self.row
        key = "" if row is None else row.key
        if key != self._key:
            self._key = key
            self.cursor_moved()

    def move_to(self, place: int) -> None:
        """Put the cursor on a line, and scroll only as far as that needs."""
        self._moved_by_hand = True
        self.cursor = max(0, min(place, len(self.rows) - 1))
        first = self.first
        if self.cursor < first:
            first = self.cursor
        elif self.cursor >= first + self.page:
            first = self.cursor - self.page + 1
        first = max(0, min(first, len(self.rows) - self.page))
        if first != self.first:
            self.first = first
            self._faces = []
            self.refresh_body()
        self._sync()
        self._announce()

    def scroll_lines(self, first: int) -> None:
        """Scroll and take the cursor along, so that it is always in sight."""
        wanted = max(0, min(first, self.total - self.page))
        if wanted == self.first:
            return
        self.first = wanted
        self._faces = []
        self.refresh_body()
        self.move_to(min(max(self.cursor, wanted), wanted + max(0, self.page - 1)))

    def on_focus(self) -> None:
        super().on_focus()
        self._sync()

    def on_blur(self) -> None:
        super().on_blur()
        self._sync()

    def on_resize(self) -> None:
        self._layout = Layout()
        self._texts.clear()
        self._faces = []
        self._lines.clear()
        offset = min(self.cursor - self.first, max(0, self.page - 1))
        self.first = max(0, min(self.cursor - offset, len(self.rows) - self.page))
        self._sync()
        self.refresh()
