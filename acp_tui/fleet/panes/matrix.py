"""Columns of the release matrix: a row a release, a column a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.fleet.cells import NOTHING, Cell, age
from acp_tui.fleet.columns import Column, View
from acp_tui.insight.matrix import MatrixCell, MatrixRow, Standing, version_order
from acp_tui.model.freshness import Age
from acp_tui.model.health import Tone

NARROWEST = 15
"""Cells that `1.12.0 behind` takes with its sign."""
ROOMY = 24
"""Cells that the values' hash takes besides."""
NAME = 18
_WORDS = {
    Standing.SAME: "",
    Standing.NEWEST: "newest",
    Standing.VALUES: "values",
    Standing.BEHIND: "behind",
    Standing.PENDING: "pending",
    Standing.STUCK: "stuck",
    Standing.FAILED: "failed",
    Standing.GONE: "removed",
    Standing.UNREAD: "",
    Standing.UNKNOWN: "unknown",
}

_GRAVE = frozenset({Standing.FAILED, Standing.STUCK, Standing.PENDING, Standing.GONE, Standing.UNKNOWN})
"""Words that stay beside an age where there is no room for all."""


def matrix_view(clusters: Sequence[str], *, width: int = NARROWEST) -> View[MatrixRow]:
    """One column a cluster, all of `width`; from ROOMY on a cell names its values' hash as well."""
    return View(
        id="matrix",
        title="Matrix",
        digit="",
        kind_word="matrix",
        order=lambda row: (row.rank, row.namespace, row.name),
        columns=(
            Column(
                id="name",
                title="RELEASE",
                width=NAME,
                names=True,
                middle=True,
                grow=1,
                cell=lambda row, now: Cell(row.name),
                sort=lambda row: row.name,
            ),
            *(_column(cluster, width) for cluster in clusters),
            Column(
                id="namespace",
                title="NAMESPACE",
                width=12,
                names=True,
                cell=lambda row, now: Cell(row.namespace, Tone.DIM),
                sort=lambda row: row.namespace,
            ),
        ),
    )


def _column(cluster: str, width: int) -> Column[MatrixRow]:
    def cell(row: MatrixRow, now: float) -> Cell:
        found = row.cell(cluster)
        if found is None:
            return NOTHING
        shown = matrix_cell(found, now, hashes=width >= ROOMY)
        return Cell(f"* {shown.text}", shown.tone) if row.marked == cluster else shown

    def sort(row: MatrixRow) -> object:
        found = row.cell(cluster)
        return (found is None or found.row is None, version_order(found.version if found else ""))

    return Column(id=cluster, title=cluster.upper(), width=width, glyph=True, ages=True, cell=cell, sort=sort)


def matrix_cell(cell: MatrixCell, now: float, *, hashes: bool = False) -> Cell:
    """Version and what is odd about it; with its age where nobody vouches for it now."""
    old = cell.freshness.state in (Age.STALE, Age.CACHED)
    seen = age(cell.freshness.confirmed_at, now) if old and cell.freshness.confirmed_at is not None else ""
    if cell.row is None:
        word = {Standing.MISSING: "missing", Standing.ABSENT: "-"}.get(cell.standing, "?")
        return Cell(f"{word} {seen}".rstrip(), cell.tone)
    word = _word(cell) if hashes or not seen or cell.standing in _GRAVE else ""
    parts = [cell.version or "?", seen, word]
    if hashes and cell.row.values_hash:
        parts.append(cell.row.values_hash)
    return Cell(" ".join(part for part in parts if part), cell.tone)


def _word(cell: MatrixCell) -> str:
    if cell.standing is Standing.DRIFTED and cell.drift is not None:
        return f"drift {len(cell.drift.drifted)}"
    if cell.standing is Standing.OTHER_CHART and cell.row is not None:
        return cell.row.chart
    return _WORDS.get(cell.standing, cell.standing.value)
