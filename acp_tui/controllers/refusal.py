"""What the journal keeps of an act that was refused: who wanted what, and which rule said no."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from acp_tui.controllers.guardrails import ID
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Check, Plan


def refusal(operation: Operation, plan: Plan, error: Refused) -> Operation:
    """The operation as refused, with the checks that said no.

    Evidence is kept of the policy and of our own locks alone: a server or a chart may quote a value in theirs.
    """
    evidence = tuple(_evidence(plan)) or ((error.tried,) if error.tried else ())
    advice = error.advice if all(map(_own, plan.refusals)) else "A new plan shows what stands against it."
    outcome = Outcome(OutcomeKind.REFUSED, error.title, evidence=evidence, advice=advice)
    return structs.replace(
        operation, state=OperationState.REFUSED, outcome=outcome, ended_at=operation.started_at, steps=(), undo=""
    )


def _evidence(plan: Plan) -> Iterator[str]:
    for check in plan.refusals:
        yield f"{check.title}: {check.evidence}" if check.evidence and _own(check) else check.title


def _own(check: Check) -> bool:
    return check.id.startswith((ID, "read-only"))
