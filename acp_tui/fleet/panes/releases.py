"""Columns of the Releases view: a row a release, of all clusters and stores merged."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    Cell,
    age,
    age_cell,
    text_cell,
)
from acp_tui.fleet.columns import Column, View, environment_column, maybe, text_column
from acp_tui.model.health import Tone
from acp_tui.model.release import PENDING, STATUS_TONE, OwnerKind, ReleaseSummary


def _release_status(row: ReleaseSummary, now: float) -> Cell:
    tone = STATUS_TONE.get(row.status, Tone.UNKNOWN)
    if row.status not in PENDING or row.updated_at is None:
        return Cell(row.status or "?", tone)
    word = "stuck" if row.stuck else row.status.partition("-")[0]
    return Cell(f"{word} {age(row.updated_at, now)}", Tone.FAIL if row.stuck else tone)


def _release_severity(row: ReleaseSummary) -> int:
    if row.stuck or row.status == "failed":
        return 0
    if row.status in PENDING:
        return 1
    return 2 if STATUS_TONE.get(row.status, Tone.UNKNOWN) is Tone.UNKNOWN else 3


def _order(row: ReleaseSummary) -> tuple[object, ...]:
    """What is broken first, the newest of it on top: that is what somebody was called for."""
    severity = _release_severity(row)
    newest = -(row.updated_at or 0.0) if severity == 0 else 0.0
    return (severity, newest, row.ref.cluster, row.ref.namespace, row.ref.name)


def _chart(row: ReleaseSummary) -> str:
    return "-".join(part for part in (row.chart, row.chart_version) if part)


RELEASES: View[ReleaseSummary] = View(
    id="releases",
    title="Releases",
    digit="3",
    kind_word="releases",
    order=_order,
    columns=(
        text_column("name", "NAME", 16, lambda row: row.ref.name, least=14, grow=2, middle=True, names=True),
        text_column(
            "namespace", "NAMESPACE", 10, lambda row: row.ref.namespace, least=8, priority=2, grow=1, names=True
        ),
        text_column(
            "cluster", "CLUSTER", 11, lambda row: row.ref.cluster, least=9, priority=1, grow=1, middle=True, names=True
        ),
        environment_column(lambda row: row.production),
        Column(
            id="revision",
            title="REV",
            width=3,
            priority=1,
            align="right",
            cell=lambda row, now: Cell(str(row.revision)),
            sort=lambda row: row.revision,
        ),
        Column(
            id="status", ages=True, title="STATUS", width=13, glyph=True, cell=_release_status, sort=_release_severity
        ),
        text_column("chart", "CHART", 14, _chart, least=11, priority=3, grow=2, middle=True),
        text_column("app_version", "APP", 10, lambda row: row.app_version, priority=6),
        Column(
            id="owner",
            title="OWNER",
            width=24,
            priority=4,
            grow=1,
            cell=lambda row, now: text_cell(
                str(row.owner), Tone.DIM if row.owner.kind is OwnerKind.HELM else Tone.ACCENT
            ),
            sort=lambda row: str(row.owner),
        ),
        text_column("store", "STORE", 9, lambda row: row.ref.store.value, tone=Tone.DIM, priority=7),
        text_column("project", "PROJECT", 10, lambda row: row.project, priority=7),
        text_column("reason", "REASON", 24, lambda row: row.reason, priority=6, grow=4, quotes=True),
        Column(
            id="updated",
            title="UPDATED",
            width=7,
            priority=2,
            ages=True,
            align="right",
            cell=lambda row, now: age_cell(row.updated_at, now),
            sort=lambda row: maybe(row.updated_at),
        ),
    ),
)
