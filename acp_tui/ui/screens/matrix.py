"""Releases down, clusters across: which is ahead, which are odd, and the acts that bring them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from acp_tui.actions import Action
from acp_tui.fleet.cells import age
from acp_tui.insight.matrix import Known, MatrixCell, MatrixRow, Standing, in_words, matrix
from acp_tui.model.freshness import Age
from acp_tui.model.health import Tone
from acp_tui.model.release import OwnerKind, ReleaseRef
from acp_tui.model.rollout import Drifted
from acp_tui.ui.look import Span
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.matrixgrid import MatrixGrid
from acp_tui.ui.widgets.tint import Line

Place = tuple[str, str]
"""A cell: key of its row, and cluster."""
DETAIL = 7


class MatrixScreen(Listing):
    """Follows the fleet; reads the records of the rows in sight, and live objects only of the cell it is asked for."""

    PLACE = "matrix"
    CSS = """
    MatrixScreen #matrix { height: 1fr; min-height: 6; }
    MatrixScreen #cell { height: 7; }
    """

    def __init__(self, ref: ReleaseRef | None = None) -> None:
        super().__init__()
        self.ref = ref
        self.drifts: dict[ReleaseRef, Drifted] = {}
        self.marked: Place | None = None
        self._known: Known = {}
        self._late = False
        self._asked: set[tuple[ReleaseRef, int]] = set()
        self._looking: set[ReleaseRef] = set()
        self._leave = _nothing
        self._matrix = MatrixGrid(id="matrix")

    def heading(self) -> tuple[Span, ...]:
        return (("Matrix ", Tone.DIM), ("releases down, clusters across", Tone.PLAIN))

    @property
    def grid(self) -> MatrixGrid:
        return self._matrix

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self._matrix,)

    def body(self) -> Iterable[Widget]:
        yield self._matrix
        yield Lines(id="cell")
        yield Bar()

    def opened(self) -> None:
        self.grid.set_empty((("No releases.", Tone.DIM),))
        self.query_one("#cell", Lines).can_focus = False
        self._leave = self.backend.fleet.subscribe(self._changed)
        self.update()
        if self.ref is not None:
            self.grid.point_at(f"{self.ref.namespace}/{self.ref.name}", self.ref.cluster)

    def on_resize(self) -> None:
        self.call_after_refresh(self._read)

    def on_unmount(self) -> None:
        self._leave()

    def tick(self) -> None:
        super().tick()
        self._tell()
        self._read()

    def _changed(self, views: frozenset[str]) -> None:
        if not views & {"releases", "clusters"}:
            return
        if self.is_current:
            self.update()
        else:
            self._late = True

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._late:
            self._late = False
            self.update()

    def update(self) -> None:
        """Take the fleet as it is now."""
        fleet = self.backend.fleet
        rows = matrix(fleet.rows("releases"), fleet.clusters(), drifts=self.drifts, known=self._known)
        clusters = tuple(cell.cluster for cell in rows[0].cells) if rows else ()
        self.grid.show_matrix([self._with_mark(row) for row in rows], clusters)
        self._say_title(rows)
        self._tell()
        self._read()
        self.refresh_hints()

    def _with_mark(self, row: MatrixRow) -> MatrixRow:
        if self.marked is None or self.marked[0] != row.key:
            return row
        return MatrixRow(row.namespace, row.name, row.cells, row.newest, self.marked[1])

    def _say_title(self, rows: tuple[MatrixRow, ...]) -> None:
        shown, total = len(self.grid.rows), len(rows)
        broken = sum(row.rank == 0 for row in rows)
        apart = sum(any(cell.standing is Standing.BEHIND for cell in row.cells) for row in rows)
        spans: list[Span] = [(f"Matrix {shown}" + (f"/{total}" if shown != total else ""), Tone.PLAIN)]
        if broken:
            spans.append((f" {self.acp.glyphs.of(Tone.FAIL)} {broken}", Tone.FAIL))
        if apart:
            spans.append((f" {self.acp.glyphs.of(Tone.WARN)} {apart} apart", Tone.WARN))
        if self.grid.rows.query.text:
            spans.append((f"  /{self.grid.rows.query.text}", Tone.ACCENT))
        self.grid.set_title(*spans)
        unread = sum(
            cell.row is not None and not cell.row.values_hash for row in self._in_sight() for cell in row.cells
        )
        self.grid.set_state(*(((f"reading {unread} records", Tone.DIM),) if unread and self._reads else ()))

    # what is asked of clusters

    def _in_sight(self) -> tuple[MatrixRow, ...]:
        grid = self.grid
        return tuple(grid.rows.shown[grid.first : grid.first + max(1, grid.page)])

    @property
    def _reads(self) -> bool:
        return any(worker.group == "records" and not worker.is_finished for worker in self.workers)

    def _read(self) -> None:
        """Newest records of the rows in sight that nobody read yet: each is asked for once."""
        rows = [cell.row for row in self._in_sight() for cell in row.cells if cell.row is not None]
        wanted = [row for row in rows if not row.values_hash and (row.ref, row.revision) not in self._asked]
        if not wanted:
            return
        self._asked |= {(row.ref, row.revision) for row in wanted}
        reading = self.backend.fleet.read_newest([row.ref for row in wanted])
        self.run_worker(reading, group="records", exit_on_error=False)

    def do_drift(self) -> None:
        """Look at the live objects of the cell; once more for the whole row, where the cell was looked at."""
        row, cell = self.grid.row, self.grid.cell
        if row is None or cell is None or cell.row is None:
            return
        known = cell.row.ref in self.drifts
        cells = [each for each in row.cells if each.row is not None] if known else [cell]
        for each in cells:
            if each.row is not None:
                self._look(each.row.ref)
        self._tell()

    def _look(self, ref: ReleaseRef) -> None:
        async def look() -> None:
            self._looking.add(ref)
            try:
                self.drifts[ref] = await self.backend.rollouts.drift(ref)
            finally:
                self._looking.discard(ref)
            self.update()

        self.acp.run_safely(look(), doing=f"Drift of {ref.name} in {ref.cluster}")

    # what can be done

    def why_not(self, action: Action) -> str:
        cell = self.grid.cell
        if action.context == "matrix" or action.name == "table.open":
            if cell is None:
                return "there is no cell"
            if cell.row is None and action.id != "mark_cell":
                return f"{self.grid.row.name if self.grid.row else 'it'} is not in {cell.cluster}"
            if action.id == "compare" and self._other() is None:
                return "mark another cell first"
        if action.name == "release.matrix":
            return "this is the matrix"
        return super().why_not(action)

    def selected_release(self) -> ReleaseRef | None:
        cell = self.grid.cell
        return cell.row.ref if cell is not None and cell.row is not None else None

    def on_grid_moved(self, event: Grid.Moved) -> None:
        self._tell()
        self._read()
        self.refresh_hints()

    def on_grid_arranged(self, event: Grid.Arranged) -> None:
        self.update()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        self.do_history()

    def do_mark_cell(self) -> None:
        here = (self.grid.key, self.grid.cluster)
        self.marked = None if self.marked == here else here
        self.update()

    def _other(self) -> MatrixCell | None:
        """The cell to compare with: the marked one, else the newest of the row, else any other there."""
        row, cell = self.grid.row, self.grid.cell
        if row is None or cell is None:
            return None
        if self.marked is not None and self.marked != (self.grid.key, self.grid.cluster):
            place = next((each for each in self.grid.rows.all if each.key == self.marked[0]), None)
            found = place.cell(self.marked[1]) if place is not None else None
            if found is not None and found.row is not None:
                return found
        others = [each for each in row.cells if each.row is not None and each.cluster != cell.cluster]
        return next((each for each in others if each.standing is Standing.NEWEST), others[0] if others else None)

    def do_compare(self) -> None:
        """What the cell under the cursor has otherwise than the other one."""
        from acp_tui.ui.screens.compare import CompareScreen

        cell, other = self.grid.cell, self._other()
        if cell is not None and cell.row is not None and other is not None and other.row is not None:
            self.app.push_screen(
                CompareScreen(other.row.ref, older=other.row.revision, newer=cell.row.revision, other=cell.row.ref)
            )

    def do_roll_out(self) -> None:
        """The version of this cell to other clusters."""
        from acp_tui.ui.screens.rollout import RolloutScreen

        row, cell = self.grid.row, self.grid.cell
        if row is not None and cell is not None and cell.row is not None:
            self.app.push_screen(RolloutScreen.of_cell(row, cell))

    # what it says

    def _tell(self) -> None:
        row, cell = self.grid.row, self.grid.cell
        lines = self.query_one("#cell", Lines)
        if row is None or cell is None:
            lines.set_title()
            lines.show([])
            return
        mark: tuple[Span, ...] = ((" PROD", Tone.ACCENT),) if cell.production else ()
        lines.set_title((f"{row.name} · {row.namespace} · {cell.cluster}", Tone.PLAIN), *mark)
        lines.show(list(self._cell_lines(row, cell)))

    def _cell_lines(self, row: MatrixRow, cell: MatrixCell) -> Iterable[Line]:
        now, sign, found = self.acp.clock(), self.acp.glyphs.of, cell.row
        if found is not None:
            chart = f"{found.chart} {found.chart_version}".strip() or "chart not read yet"
            when = f", {age(found.updated_at, now)} ago" if found.updated_at is not None else ""
            state = "stuck" if found.stuck else found.status
            text = f"{chart} · revision {found.revision} {state}{when}"
            owner = f" · {found.owner}" if found.owner.kind is not OwnerKind.HELM else ""
            yield ((f"{sign(cell.tone) or ' '} ", cell.tone), (text, Tone.PLAIN), (owner, Tone.ACCENT))
            if found.reason:
                yield (("  ", Tone.DIM), (found.reason, Tone.FAIL))
        for words in in_words(row, cell):
            yield (("  ", Tone.DIM), (words, Tone.PLAIN))
        if found is not None:
            yield self._drift_line(found.ref, cell, now)
        if cell.freshness.state in (Age.STALE, Age.CACHED) and cell.freshness.confirmed_at is not None:
            said = f"last confirmed {age(cell.freshness.confirmed_at, now)} ago  {cell.freshness.reason}"
            yield ((f"{sign(Tone.STALE)} {said}", Tone.STALE),)

    def _drift_line(self, ref: ReleaseRef, cell: MatrixCell, now: float) -> Line:
        if ref in self._looking:
            return (("  drift: looking at the live objects…", Tone.DIM),)
        drift = cell.drift
        if drift is None:
            return (("  drift: not looked", Tone.DIM),)
        when = f", looked {age(drift.at, now)} ago"
        doubt = f", {len(drift.unread)} could not be read" if drift.unread else ""
        if not drift.drifted:
            tone = Tone.UNKNOWN if drift.unread else Tone.PLAIN
            return ((f"  drift: none in {drift.objects} objects{doubt}{when}", tone),)
        names = "; ".join(
            f"{each.kind} {each.name} {'is missing' if each.missing else ', '.join(each.fields[:3])}"
            for each in drift.drifted
        )
        count = f"  drift: {len(drift.drifted)} of {drift.objects} objects{doubt}{when}: "
        return ((count, Tone.WARN), (names, Tone.PLAIN))


def _nothing() -> None:
    """Stands where a subscription will."""
