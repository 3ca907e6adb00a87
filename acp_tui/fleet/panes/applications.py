"""Columns of the Applications view: a row an application, of all clusters merged."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    NOTHING,
    Cell,
    age_cell,
    health_cell,
    of_cell,
)
from acp_tui.fleet.columns import Column, View, environment_column, maybe, text_column
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
        text_column("name", "NAME", 20, lambda row: row.ref.name, least=15, grow=2, middle=True, names=True),
        text_column(
            "namespace", "NAMESPACE", 13, lambda row: row.ref.namespace, least=9, priority=2, grow=1, names=True
        ),
        text_column(
            "cluster", "CLUSTER", 12, lambda row: row.ref.cluster, least=9, priority=1, middle=True, names=True
        ),
        environment_column(lambda row: row.production),
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
        text_column("platform", "PLATFORM", 13, lambda row: row.platform_state, tone=Tone.DIM, priority=6),
        text_column("version", "VERSION", 10, lambda row: row.version, priority=4),
        text_column("owner", "OWNER", 24, lambda row: row.owner, priority=6),
        Column(
            id="revision",
            title="REV",
            width=4,
            priority=7,
            align="right",
            cell=lambda row, now: NOTHING if row.revision is None else Cell(str(row.revision)),
            sort=lambda row: maybe(row.revision),
        ),
        text_column("project", "PROJECT", 10, lambda row: row.project, priority=7),
        text_column("source", "FROM", 14, lambda row: row.source.value, tone=Tone.DIM, priority=8),
        text_column("reason", "REASON", 30, lambda row: row.reason, least=14, priority=3, grow=4),
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
