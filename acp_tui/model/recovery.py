"""What can ail a release, whether anybody still works on it, and the acts that lead out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, ReleaseRef

MANUAL = "docs/stuck-releases.md"
"""Its sections are called by the words of the states."""


class Ailment(StrEnum):
    """The states a release can be stuck in; the value is the word of scripts and the name of its page in the docs."""

    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"
    UNINSTALLING = "uninstalling"
    DELETE_HOOK = "delete-hook"
    NOTHING_DEPLOYED = "nothing-deployed"
    SEVERAL_DEPLOYED = "several-deployed"
    FAILED_HOOK = "failed-hook"
    FIELD_CONFLICT = "field-conflict"
    IMMUTABLE_FIELD = "immutable-field"
    UNREADABLE = "unreadable-record"
    LABEL_DIFFERS = "label-differs"
    TOO_LARGE = "record-too-large"
    CHART_GONE = "chart-gone"
    REQUEST_HANGS = "helmrequest-hangs"


class Life(StrEnum):
    """Whether somebody is still working on the release."""

    WORKING = "working"
    NOBODY = "nobody"
    UNCLEAR = "unclear"


class Act(StrEnum):
    """What can be done, the least first."""

    WAIT = "wait"
    REPAIR_LABEL = "repair-label"
    MARK_SUPERSEDED = "mark-superseded"
    MARK_FAILED = "mark-failed"
    SET_ASIDE = "set-aside"
    ROLL_BACK = "roll-back"
    ROLL_BACK_NO_HOOKS = "roll-back-without-hooks"
    ROLL_BACK_TAKE_OVER = "roll-back-taking-over"
    APPLY_TAKE_OVER = "apply-again-taking-over"
    DELETE_ORPHAN = "delete-keeping-pods"
    UNINSTALL = "uninstall"
    UNINSTALL_NO_HOOKS = "uninstall-without-hooks"
    LET_GO = "let-go"
    FREE_REQUEST = "free-request"


RECORD_ACTS = frozenset({Act.REPAIR_LABEL, Act.MARK_SUPERSEDED, Act.MARK_FAILED, Act.SET_ASIDE, Act.LET_GO})
"""Acts that touch records alone: backed up before, and put back by one command."""

OWN_ACTS = RECORD_ACTS | {Act.FREE_REQUEST, Act.DELETE_ORPHAN}
"""Acts that the doctor does itself; all are backed up before and can be put back. The others are Helm's."""


class Remedy(Struct, frozen=True):
    """One way out; `revisions` are the records it writes, or the target of a rollback; `object` what it deletes."""

    act: Act
    title: str
    effect: str
    revisions: tuple[int, ...] = ()
    object: ObjectRef | None = None


class Diagnosis(Struct, frozen=True):
    """One trouble of one release; the first remedy is the least that helps.

    `evidence` are the facts that `life` was judged from. The ailment names its section of the manual.
    `owner` is the HelmRequest it is about; its `cluster` is then the context it was read through.
    """

    ref: ReleaseRef
    ailment: Ailment
    sentence: str
    revision: int = 0
    status: str = ""
    life: Life = Life.NOBODY
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    since: float | None = None
    record_bytes: int = 0
    owner: Owner = Owner()

    @property
    def key(self) -> str:
        return f"{self.ref.key}/{self.ailment}"

    @property
    def page(self) -> str:
        """Where the manual tells of this state."""
        return f"{MANUAL}#{self.ailment}"

    @property
    def least(self) -> Remedy | None:
        return self.remedies[0] if self.remedies else None
