"""Columns of the Applications view: a row an application, of all clusters merged."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    NOTHING,
    Cell,
    age_cell,
    health_cell,
    of_cell,
    text_cell,
)
from acp_tui.fleet.columns import Column, View, environment_cell, maybe
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.health import Health, Tone

# What fails comes before what nobody can see: it can be acted on.
_RANK = {Health.DEGRADED: 0, Health.MISSING: 0, Health.UNKNOWN: 1, Health.PROGRESSING: 2}


def _rank(row: ApplicationSummary) -> int:
    return _RANK.get(row.health, 3)


def _ready(row: ApplicationSummary, now: float) -> Cell:
    """Pods, which are what people count; components of what keeps no pods running."""
    if row.pods is not None:
        return of_cell(row.pods_ready, row.pods, good=Tone.PLAIN, bad=Tone.WARN)
    return of_cell(row.ready, row.components, good=Tone.PLAIN, bad=Tone.WARN)


def _ready_share(row: ApplicationSummary) -> tuple[bool, float]:
    part, whole = (row.ready, row.components) if row.pods is None else (row.pods_ready, row.pods)
    return maybe(None if part is None or not whole else part / whole)


APPLICATIONS: View[ApplicationSummary] = View(
    id="applications",
    title="Applications",
    digit="2",
    kind_word="applications",
    order=lambda row: (_rank(row), row.ref.cluster, row.ref.namespace, row.ref.name),
    columns=(
        Column(
            id="name",
            title="NAME",
            width=20,
            least=15,
            names=True,
            middle=True,
            grow=2,
            cell=lambda row, now: Cell(row.ref.name),
            sort=lambda row: row.ref.name,
        ),
        Column(
            id="namespace",
            title="NAMESPACE",
            width=13,
            priority=2,
            least=9,
            names=True,
            grow=1,
            cell=lambda row, now: Cell(row.ref.namespace),
            sort=lambda row: row.ref.namespace,
        ),
        Column(
            id="cluster",
            title="CLUSTER",
            width=12,
            priority=1,
            least=9,
            names=True,
            middle=True,
            cell=lambda row, now: Cell(row.ref.cluster),
            sort=lambda row: row.ref.cluster,
        ),
        Column(
            id="env",
            title="ENV",
            width=4,
            cell=lambda row, now: environment_cell(row.production),
            sort=lambda row: not row.production,
        ),
        Column(
            id="health",
            title="HEALTH",
            width=7,
            glyph=True,
            cell=lambda row, now: health_cell(row.health),
            sort=_rank,
        ),
        Column(
            id="ready",
            title="READY",
            width=6,
            priority=1,
            align="right",
            cell=_ready,
            sort=_ready_share,
        ),
        Column(
            id="platform",
            title="PLATFORM",
            width=13,
            priority=6,
            cell=lambda row, now: text_cell(row.platform_state, Tone.DIM),
            sort=lambda row: row.platform_state,
        ),
        Column(
            id="version",
            title="VERSION",
            width=10,
            priority=4,
            cell=lambda row, now: text_cell(row.version),
            sort=lambda row: row.version,
        ),
        Column(
            id="owner",
            title="OWNER",
            width=24,
            priority=6,
            cell=lambda row, now: text_cell(row.owner),
            sort=lambda row: row.owner,
        ),
        Column(
            id="revision",
            title="REV",
            width=4,
            priority=7,
            align="right",
            cell=lambda row, now: NOTHING if row.revision is None else Cell(str(row.revision)),
            sort=lambda row: maybe(row.revision),
        ),
        Column(
            id="project",
            title="PROJECT",
            width=10,
            priority=7,
            cell=lambda row, now: text_cell(row.project),
            sort=lambda row: row.project,
        ),
        Column(
            id="source",
            title="FROM",
            width=14,
            priority=8,
            cell=lambda row, now: Cell(row.source.value, Tone.DIM),
            sort=lambda row: row.source.value,
        ),
        Column(
            id="reason",
            title="REASON",
            width=30,
            least=14,
            priority=3,
            grow=4,
            cell=lambda row, now: text_cell(row.reason),
            sort=lambda row: row.reason,
        ),
        Column(
            id="age",
            title="AGE",
            width=4,
            priority=4,
            ages=True,
            align="right",
            cell=lambda row, now: age_cell(row.created_at, now),
            sort=lambda row: maybe(row.created_at),
        ),
    ),
)
