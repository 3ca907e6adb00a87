"""Columns of the Activity view: a row an operation, running or past."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    Cell,
    age,
    age_cell,
    text_cell,
)
from acp_tui.fleet.columns import Column, View, environment_cell
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
        Column(
            id="verb",
            title="VERB",
            width=9,
            cell=lambda row, now: Cell(row.verb.value),
            sort=lambda row: row.verb.value,
        ),
        Column(
            id="release",
            title="RELEASE",
            width=16,
            names=True,
            middle=True,
            grow=2,
            cell=lambda row, now: Cell(row.release.name),
            sort=lambda row: row.release.name,
        ),
        Column(
            id="namespace",
            title="NAMESPACE",
            width=11,
            names=True,
            middle=True,
            grow=1,
            cell=lambda row, now: Cell(row.release.namespace),
            sort=lambda row: row.release.namespace,
        ),
        Column(
            id="cluster",
            title="CLUSTER",
            width=11,
            names=True,
            cell=lambda row, now: Cell(row.release.cluster),
            sort=lambda row: row.release.cluster,
        ),
        Column(
            id="env",
            title="ENV",
            width=4,
            priority=2,
            cell=lambda row, now: environment_cell(row.production),
            sort=lambda row: not row.production,
        ),
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
        Column(
            id="user",
            title="USER",
            width=12,
            priority=4,
            cell=lambda row, now: text_cell(row.user, Tone.DIM),
            sort=lambda row: row.user,
        ),
        Column(
            id="engine",
            title="ENGINE",
            width=14,
            priority=4,
            cell=lambda row, now: text_cell(row.engine, Tone.DIM),
            sort=lambda row: row.engine,
        ),
        Column(
            id="rollout",
            title="ROLLOUT",
            width=8,
            priority=6,
            cell=lambda row, now: text_cell(row.group.rpartition("-")[2], Tone.DIM),
            sort=lambda row: row.group,
        ),
        Column(
            id="undo",
            title="UNDO",
            width=24,
            priority=5,
            grow=1,
            cell=lambda row, now: text_cell(row.undo, Tone.DIM),
            sort=lambda row: row.undo,
        ),
    ),
)
