"""A grid with a cursor for columns too: one cell of a table is under the fingers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from acp_tui.fleet.columns import GAP
from acp_tui.fleet.panes.matrix import NAME, NARROWEST, ROOMY, matrix_view
from acp_tui.insight.matrix import MatrixCell, MatrixRow
from acp_tui.ui.widgets.grid import Grid

Painter = Callable[[Segment], Segment]
WIDEST = 26
_LEAD = 1


class MatrixGrid(Grid[MatrixRow]):
    """The first column stands still, the others move sideways as far as the cursor needs."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(matrix_view(()), id=id)
        self.clusters: tuple[str, ...] = ()
        self.column = 0
        self.wide = True
        self._room = 0

    @property
    def cluster(self) -> str:
        """The cluster of the column under the cursor, empty for none."""
        return self.clusters[self.column] if self.column < len(self.clusters) else ""

    @property
    def cell(self) -> MatrixCell | None:
        row = self.row
        return row.cell(self.cluster) if row is not None else None

    def show_matrix(self, rows: Sequence[MatrixRow], clusters: tuple[str, ...]) -> None:
        """Rows, and the columns that go with them; the cursor stays on its cluster."""
        if clusters != self.clusters:
            here = self.cluster
            self.clusters = clusters
            self.column = clusters.index(here) if here in clusters else 0
            self._room = 0
        self._fit()
        self.show(rows)

    def point_at(self, key: str, cluster: str) -> None:
        """Put both cursors there, as far as it is shown."""
        if cluster in self.clusters:
            self._to_column(self.clusters.index(cluster))
        self.select(key)

    def _fit(self) -> None:
        """Columns as wide as the terminal lets them be all at once, and never so narrow that words are cut."""
        count = max(1, len(self.clusters))
        each = (self.inner_width - _LEAD - NAME) // count - GAP
        room = min(WIDEST, max(NARROWEST, each)) if self.clusters else NARROWEST
        room = room if room >= ROOMY else min(room, NARROWEST + 2)
        if room == self._room:
            return
        self._room = room
        self.show_under(matrix_view(self.clusters, width=room), self.rows.all)
        self._keep_in_sight()

    def on_resize(self) -> None:
        self.first = min(self.first, self.cursor)  # it was pointed at before there was any line
        super().on_resize()
        self._fit()
        self._keep_in_sight()

    # the cursor

    def do_left(self) -> None:
        self._to_column(self.column - 1)

    def do_right(self) -> None:
        self._to_column(self.column + 1)

    def do_wide(self) -> None:
        """All columns are as wide as they are told here, so there is no other width to go to."""

    def _to_column(self, column: int) -> None:
        wanted = max(0, min(column, len(self.clusters) - 1))
        if wanted == self.column:
            return
        self.column = wanted
        self._keep_in_sight()
        self.refresh_lines([self.cursor])
        self.refresh(Region(0, 1, self.size.width, 1))
        self.cursor_moved()

    def _keep_in_sight(self) -> None:
        """Move sideways only as far as needed."""
        if not self.clusters or not self.size.width:
            return
        if self.column < self.skip:
            self._columns_changed(skip=self.column)
        while self._span() is None and self.skip < self.column:
            self._columns_changed(skip=self.skip + 1)

    def _span(self) -> tuple[int, int] | None:
        """Where the column under the cursor stands in a line: from which cell to which."""
        self._lay_out()
        start = _LEAD
        for column, width in self._layout.columns:
            if column.id == self.cluster:
                return (start, start + width)
            start += width + GAP
        return None

    # painting

    def line(self, index: int, width: int) -> Iterable[Segment]:
        painted = list(super().line(index, width))
        if index != self.cursor or index >= len(self.rows):
            return painted
        style = self.look.cursor if self.lit or self.has_focus else self.look.cursor_idle
        return self._pointed(painted, width, lambda segment: Segment(segment.text, (segment.style or style) + style))

    def heading(self, number: int, width: int) -> Iterable[Segment]:
        painted = list(super().heading(number, width))
        bright = self.look.title_focus
        return self._pointed(painted, width, lambda segment: Segment(segment.text, bright))

    def _pointed(self, painted: list[Segment], width: int, paint: Painter) -> list[Segment]:
        span = self._span()
        if span is None:
            return painted
        strip = Strip(painted, width)
        here = [paint(segment) for segment in strip.crop(*span)]
        return [*strip.crop(0, span[0]), *here, *strip.crop(span[1], width)]

    # events

    def on_click(self, event: events.Click) -> None:
        self._lay_out()
        column = self._layout.at(event.x - 2)
        if event.y > 1 and column is not None and column.id in self.clusters:
            self._to_column(self.clusters.index(column.id))
        super().on_click(event)
