"""Columns of the Activity view: a row an operation, running or past."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    Cell,
    age,
    age_cell,
    text_cell,
)
from acp_tui.fleet.columns import Column, View, environment_column, text_column
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation, OperationState, OutcomeKind

_OPERATION_TONE = {
    OperationState.RUNNING: Tone.ACCENT,
    OperationState.VERIFYING: Tone.ACCENT,
    OperationState.SUCCEEDED: Tone.OK,
    OperationState.FAILED: Tone.FAIL,
    OperationState.CANCELLED: Tone.WARN,
    OperationState.LOST: Tone.UNKNOWN,
    OperationState.REFUSED: Tone.WARN,
}
_OUTCOME_TONE = {
    OutcomeKind.HEALTHY: Tone.OK,
    OutcomeKind.REGRESSED: Tone.FAIL,
    OutcomeKind.RESIDUE: Tone.WARN,
    OutcomeKind.NOT_PROVEN: Tone.UNKNOWN,
    OutcomeKind.FAILED: Tone.FAIL,
    OutcomeKind.CANCELLED: Tone.WARN,
    OutcomeKind.REFUSED: Tone.WARN,
}


def _operation_state(row: Operation, now: float) -> Cell:
    """An engine that ended well proves nothing: only a healthy verdict is green."""
    if row.outcome is not None:
        return Cell(row.outcome.kind.value, _OUTCOME_TONE[row.outcome.kind])
    tone = _OPERATION_TONE[row.state]
    return Cell(row.state.value, Tone.UNKNOWN if tone is Tone.OK else tone)


def _revisions(row: Operation) -> str:
    return f"{row.revision_before or '-'}→{row.revision_after or '?'}"


ACTIVITY: View[Operation] = View(
    id="activity",
    title="Activity",
    digit="7",
    kind_word="activity",
    order=lambda row: (row.state.over, -row.started_at),
    columns=(
        text_column("verb", "VERB", 9, lambda row: row.verb.value),
        text_column("release", "RELEASE", 16, lambda row: row.release.name, grow=2, middle=True, names=True),
        text_column("namespace", "NAMESPACE", 11, lambda row: row.release.namespace, grow=1, middle=True, names=True),
        text_column("cluster", "CLUSTER", 11, lambda row: row.release.cluster, names=True),
        environment_column(lambda row: row.production, priority=2),
        Column(
            id="state",
            title="STATE",
            width=12,
            glyph=True,
            cell=_operation_state,
            sort=lambda row: (row.state.over, row.state.value),
        ),
        Column(
            id="revision",
            title="REV",
            width=7,
            priority=1,
            align="right",
            cell=lambda row, now: Cell(_revisions(row)),
            sort=lambda row: row.revision_after or 0,
        ),
        Column(
            id="started",
            title="STARTED",
            width=7,
            ages=True,
            align="right",
            cell=lambda row, now: age_cell(row.started_at, now),
            sort=lambda row: row.started_at,
        ),
        Column(
            id="took",
            title="TOOK",
            width=4,
            ages=True,
            align="right",
            cell=lambda row, now: Cell(age(row.started_at, row.ended_at or now)),
            sort=lambda row: (row.ended_at or 0) - row.started_at,
        ),
        Column(
            id="headline",
            title="WHAT",
            width=24,
            priority=2,
            grow=4,
            cell=lambda row, now: text_cell(row.outcome.title if row.outcome else row.headline),
            sort=lambda row: row.headline,
        ),
        text_column("user", "USER", 12, lambda row: row.user, tone=Tone.DIM, priority=4),
        text_column("engine", "ENGINE", 14, lambda row: row.engine, tone=Tone.DIM, priority=4),
        Column(
            id="rollout",
            title="ROLLOUT",
            width=8,
            priority=6,
            cell=lambda row, now: text_cell(row.group.rpartition("-")[2], Tone.DIM),
            sort=lambda row: row.group,
        ),
        text_column("undo", "UNDO", 24, lambda row: row.undo, tone=Tone.DIM, priority=5, grow=1),
    ),
)
