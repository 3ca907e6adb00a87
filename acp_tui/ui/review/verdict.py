"""What a run says while it goes on, and the verdict that stays until it is read."""

from __future__ import annotations

from acp_tui.fleet.cells import age
from acp_tui.model.health import TONE_OF_HEALTH, Tone
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepProgress, StepState
from acp_tui.ui.review.lines import VERB_TITLE, Sign
from acp_tui.ui.widgets.tint import Line

STEP_LOOK = {
    StepState.WAITING: (Tone.DIM, "waiting"),
    StepState.RUNNING: (Tone.ACCENT, "running"),
    StepState.DONE: (Tone.OK, "done"),
    StepState.FAILED: (Tone.FAIL, "failed"),
    StepState.SKIPPED: (Tone.DIM, "skipped"),
}
OUTCOME_LOOK = {
    OutcomeKind.HEALTHY: Tone.OK,
    OutcomeKind.RESIDUE: Tone.WARN,
    OutcomeKind.REGRESSED: Tone.FAIL,
    OutcomeKind.NOT_PROVEN: Tone.UNKNOWN,
    OutcomeKind.FAILED: Tone.FAIL,
    OutcomeKind.CANCELLED: Tone.WARN,
    OutcomeKind.REFUSED: Tone.WARN,
}
STATE_LOOK = {
    OperationState.RUNNING: Tone.ACCENT,
    OperationState.VERIFYING: Tone.ACCENT,
    OperationState.SUCCEEDED: Tone.OK,
    OperationState.FAILED: Tone.FAIL,
    OperationState.CANCELLED: Tone.WARN,
    OperationState.LOST: Tone.UNKNOWN,
    OperationState.REFUSED: Tone.WARN,
}


def title(operation: Operation) -> str:
    release = operation.release
    return " · ".join((f"{VERB_TITLE[operation.verb]} {release.name}", release.namespace, release.cluster))


def clock(operation: Operation, now: float) -> str:
    """`0:52`: how long it took, or has taken."""
    seconds = max(0, int((operation.ended_at or now) - operation.started_at))
    return f"{seconds // 60}:{seconds % 60:02}"


def state_line(operation: Operation, sign: Sign, now: float) -> Line:
    """One line for where it stands: the state or, once there is one, the verdict."""
    outcome = operation.outcome
    if outcome is not None:
        tone = OUTCOME_LOOK[outcome.kind]
        return ((f"{sign(tone)} {outcome.kind}", tone), (f" · {outcome.title}", Tone.PLAIN))
    tone = STATE_LOOK[operation.state]
    spoken = f" · {clock(operation, now)} · {operation.headline}"
    return ((f"{sign(tone)} {operation.state}", tone), (spoken, Tone.PLAIN))


def steps(operation: Operation, sign: Sign, now: float) -> list[Line]:
    """A line a step: its state as sign and word, how long, and its note."""
    return [_step(step, sign, now) for step in operation.steps]


def outcome_lines(operation: Operation, sign: Sign, now: float) -> list[Line]:
    """Evidence, findings, what to do, and how to come back."""
    outcome = operation.outcome
    if outcome is None:
        return []
    speaks = Tone.WARN if outcome.kind is OutcomeKind.REFUSED else Tone.OK
    lines: list[Line] = [((f"{sign(speaks)} ", speaks), (text, Tone.PLAIN)) for text in outcome.evidence]
    for finding in outcome.findings:
        tone = TONE_OF_HEALTH[finding.health]
        since = f" since {age(finding.since, now)}" if finding.since else ""
        lines.append(((f"{sign(tone)} ", tone), (finding.what + since, Tone.PLAIN)))
        if finding.evidence:
            lines.append((("  ", Tone.PLAIN), (finding.evidence, Tone.DIM)))
    if outcome.advice:
        lines.append((("next  ", Tone.DIM), (outcome.advice, Tone.PLAIN)))
    if operation.undo:
        lines.append((("undo  ", Tone.DIM), (operation.undo, Tone.PLAIN)))
    return lines


def succeeded(outcome: Outcome) -> bool:
    return outcome.kind in (OutcomeKind.HEALTHY, OutcomeKind.RESIDUE)


def _step(step: StepProgress, sign: Sign, now: float) -> Line:
    tone, word = STEP_LOOK[step.state]
    taken = "" if step.started_at is None else age(step.started_at, step.ended_at or now)
    line: Line = ((f"{sign(tone)} {word:<8}", tone), (f"{taken:>4}  ", Tone.DIM), (step.title, Tone.PLAIN))
    return (*line, (f" · {step.note}", Tone.DIM)) if step.note else line
