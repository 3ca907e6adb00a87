"""The words of a verdict: what was done, what the cluster says to it, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.controllers.releases.rollback import default_target
from acp_tui.controllers.verify import Judgement, Verify
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.finding import Finding
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepState
from acp_tui.model.plan import Plan, Verb
from acp_tui.model.recovery import Diagnosis
from acp_tui.model.release import PENDING, OwnerKind, Revision

STATE_OF = {
    OutcomeKind.HEALTHY: OperationState.SUCCEEDED,
    OutcomeKind.RESIDUE: OperationState.SUCCEEDED,
    OutcomeKind.NOT_PROVEN: OperationState.SUCCEEDED,
    OutcomeKind.REGRESSED: OperationState.FAILED,
    OutcomeKind.FAILED: OperationState.FAILED,
    OutcomeKind.CANCELLED: OperationState.CANCELLED,
    OutcomeKind.REFUSED: OperationState.REFUSED,
}


def verdict(plan: Plan, operation: Operation, judgement: Judgement, *, now: float, settings: Verify) -> Outcome:
    """The outcome after Helm was done: `Rolled back payments-api to 41 as revision 43 · 0:52`."""
    kind = judgement.kind or OutcomeKind.NOT_PROVEN
    done = _done(plan, operation)
    took = minutes(now - operation.started_at)
    advice = ""
    match kind:
        case OutcomeKind.HEALTHY:
            title = f"{done} · {took}"
        case OutcomeKind.RESIDUE:
            title = f"{done}, something stayed · {took}"
            advice = "Look at what stayed: nobody sets it back." if plan.intent.verb is not Verb.UNINSTALL else (
                "Look at what holds the objects that stayed."
            )  # fmt: skip
        case OutcomeKind.REGRESSED:
            title = f"{done}, and it got worse · {took}"
            advice = f"To go back: {plan.undo}." if plan.undo else ""
        case _:
            title = f"{done}, not proven healthy within {minutes(settings.deadline_seconds)}"
            if judgement.line and not judgement.findings:
                title = f"{done}, not proven healthy: {judgement.line} · {took}"
            advice = "Look at its tree: it may still get well, or say why it does not."
    return Outcome(kind, title, evidence=judgement.evidence, findings=judgement.findings, advice=advice)


def engine_failed(plan: Plan, history: Sequence[Revision], message: str, findings: tuple[Finding, ...]) -> Outcome:
    """Helm said no, or said yes while the record says otherwise."""
    name = plan.intent.release.name
    said = message or "the record does not show what was asked for"
    return Outcome(
        OutcomeKind.FAILED,
        f"{_who(plan)} could not {plan.intent.verb.value} {name}: {said}",
        evidence=(_left(plan, history),),
        findings=findings,
        advice=_way_out(plan, history),
    )


def cancelled(plan: Plan, history: Sequence[Revision] | None, message: str) -> Outcome:
    """What a cancel left, from the record and not from hope."""
    name = plan.intent.release.name
    return Outcome(
        OutcomeKind.CANCELLED,
        f"Cancelled: {plan.intent.verb.value} of {name}" + (f", {message}" if message else ""),
        evidence=(_left(plan, history),) if history is not None else (),
        advice=_way_out(plan, history) if history is not None else "",
    )


def closed(plan: Plan, *, acted: bool) -> Outcome:
    """The program was closed in the middle."""
    name = plan.intent.release.name
    if not acted:
        return Outcome(OutcomeKind.CANCELLED, f"acp-tui was closed before Helm was started: nothing was done to {name}")
    return Outcome(
        OutcomeKind.CANCELLED,
        f"acp-tui was closed during the {plan.intent.verb.value} of {name}",
        advice=f"Open the history of {name}: if its newest revision is pending, roll back.",
    )


def aftermath(operation: Operation, history: Sequence[Revision], found: Sequence[Diagnosis]) -> Outcome:
    """What a runner that was killed left behind: how the release stands now, who works on it, and the least way out."""
    reached = next((step for step in reversed(operation.steps) if step.state is not StepState.WAITING), None)
    where = f"'{reached.title}'" if reached else "its start"
    name, newest = operation.release.name, history[0] if history else None
    before = operation.revision_before or 0
    if newest is None:
        stands = "no record of it is left" if before else "it wrote nothing"
    elif newest.revision > before:
        stands = f"revision {newest.revision} is {newest.status}"
    else:
        stands = f"revision {newest.revision} is still the newest, {newest.status}"
    worst = found[0] if found else None
    if worst is not None:
        evidence = (worst.sentence, *worst.evidence)
        advice = f"Least way out: {worst.least.title}." if worst.least else ""
    else:
        evidence = ("its records are in order, and nobody works on it",)
        untouched = (newest.revision if newest else 0) == before
        advice = "Nothing of it changed: plan it again." if untouched else "Look at its tree: nobody saw the end."
    title = f"The runner was killed during {where} of {name}: {stands}"
    return Outcome(OutcomeKind.NOT_PROVEN, title, evidence=evidence, advice=advice)


def stumbled(plan: Plan, error: AcpTuiError, *, acted: bool) -> Outcome:
    """An error of ours or of the cluster: before Helm ran nothing was done, after it the verdict is open."""
    name = plan.intent.release.name
    if not acted:
        return Outcome(
            OutcomeKind.FAILED,
            f"Nothing was done to {name}: {error.title}",
            evidence=(error.tried,) if error.tried else (),
            advice=error.advice,
        )
    return Outcome(
        OutcomeKind.NOT_PROVEN,
        f"{_who(plan)} ended its {plan.intent.verb.value} of {name}, "
        f"but what came of it could not be read: {error.title}",
        evidence=(error.tried,) if error.tried else (),
        advice=error.advice or f"Open the history of {name}.",
    )


def minutes(seconds: float) -> str:
    """`0:52`, `12:05`."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def _done(plan: Plan, operation: Operation) -> str:
    name = plan.intent.release.name
    revision = f" as revision {operation.revision_after}" if operation.revision_after else ""
    match plan.intent.verb:
        case Verb.ROLLBACK:
            return f"Rolled back {name} to {plan.intent.revision}{revision}"
        case Verb.UPGRADE:
            return f"Upgraded {name} to {plan.target_chart}{revision}"
        case Verb.DEPLOY:
            return f"Deployed {name} ({plan.target_chart}){revision}"
        case Verb.UNINSTALL:
            return f"Uninstalled {name}"
        case Verb.PAUSE:
            return f"Paused {name}: Captain leaves it as it is"
        case Verb.RESUME:
            return f"Resumed {name}{revision}"
        case Verb.RESYNC:
            return f"Synced {name} again{revision}"
        case Verb.ADOPT:
            return f"Let Captain adopt what is there for {name}{revision}"
        case Verb.RECOVER:
            return f"Recovered {name}"


def _who(plan: Plan) -> str:
    return "Captain" if plan.owner.kind is OwnerKind.HELMREQUEST else "Helm"


def _left(plan: Plan, history: Sequence[Revision]) -> str:
    if not history:
        return f"no record of {plan.intent.release.name} {'is left' if plan.base_revision else 'was written'}"
    newest = history[0]
    if newest.revision > plan.base_revision:
        return f"revision {newest.revision} is {newest.status}"
    return f"revision {newest.revision} is still the newest, {newest.status}"


def _way_out(plan: Plan, history: Sequence[Revision]) -> str:
    """The least act that leaves the state the release is in."""
    if not history and plan.intent.verb is Verb.UNINSTALL:
        return "Helm knows nothing of it any more: look whether its objects are gone."
    if not history:
        return "Nothing is recorded of it: correct the cause, then deploy it."
    newest, good = history[0], default_target(history, "")
    if plan.intent.verb is Verb.UNINSTALL:
        return "Uninstall again to finish; without hooks, if it is a hook that holds it."
    if plan.intent.verb is Verb.DEPLOY or good is None:
        return "Uninstall it, then deploy again."
    if newest.status in PENDING or newest.revision > plan.base_revision:
        return f"Roll back to {good}, the newest that was deployed."
    return "Nothing of the release changed; correct the cause and try again."
