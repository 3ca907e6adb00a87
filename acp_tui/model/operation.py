"""An act while it runs and after it: steps, output, verdict."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acp_tui.model.finding import Finding
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef


class OperationState(StrEnum):
    """LOST: the journal ends in the middle and nobody is working on it any more. REFUSED: it never began."""

    RUNNING = "running"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    REFUSED = "refused"

    @property
    def over(self) -> bool:
        return self not in (OperationState.RUNNING, OperationState.VERIFYING)


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepProgress(Struct, frozen=True):
    id: str
    title: str
    state: StepState = StepState.WAITING
    started_at: float | None = None
    ended_at: float | None = None
    note: str = ""


class OutcomeKind(StrEnum):
    """What the cluster says after the act; RESIDUE: healthy, but something of the old state stayed."""

    HEALTHY = "healthy"
    REGRESSED = "regressed"
    RESIDUE = "residue"
    NOT_PROVEN = "not proven"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class Outcome(Struct, frozen=True):
    """The verdict: `evidence` are short facts in favour, `findings` what is wrong."""

    kind: OutcomeKind
    title: str
    evidence: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    advice: str = ""


class Operation(Struct, frozen=True):
    """A row of the Activity view; `output` is the last lines the engine wrote, cleaned.

    `record_uid` is the uid of the record that the act wrote: numbers of revisions can come again, uids cannot.
    `group` is the id of the rollout it belongs to, empty for an act of its own.
    """

    id: str
    verb: Verb
    release: ReleaseRef
    headline: str
    state: OperationState
    started_at: float
    ended_at: float | None = None
    engine: str = ""
    user: str = ""
    production: bool = False
    steps: tuple[StepProgress, ...] = ()
    output: tuple[str, ...] = ()
    outcome: Outcome | None = None
    undo: str = ""
    revision_before: int | None = None
    revision_after: int | None = None
    record_uid: str = ""
    group: str = ""

    @property
    def key(self) -> str:
        return self.id
