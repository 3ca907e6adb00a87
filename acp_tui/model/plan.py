"""What is asked for, and what would happen if it were done."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acp_tui.model.errors import Refused
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, ReleaseRef


class Verb(StrEnum):
    """PAUSE to ADOPT are for releases that Captain keeps: they mark its HelmRequest; RECOVER writes records alone."""

    DEPLOY = "deploy"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    UNINSTALL = "uninstall"
    PAUSE = "pause"
    RESUME = "resume"
    RESYNC = "resync"
    ADOPT = "adopt"
    RECOVER = "recover"


class ValuesMode(StrEnum):
    """Where an upgrade starts from: the chart's defaults, or the values of the last revision."""

    RESET = "reset"
    REUSE = "reuse"


class Intent(Struct, frozen=True):
    """What a person asked for, before anyone looked whether it can be done.

    `chart` is a directory, an archive, `oci://…`, a URL, or `repository/name`; empty on an upgrade means the chart
    of the last revision. `values` is YAML text, merged last. `revision` is the target of a rollback. `group` is the id
    of the rollout that it belongs to. `take_over` takes fields from other managers where Helm applies on the server
    (Helm 4); else there is nothing to take.
    """

    verb: Verb
    release: ReleaseRef
    revision: int | None = None
    chart: str = ""
    version: str = ""
    repository: str = ""
    values: str = ""
    values_mode: ValuesMode = ValuesMode.RESET
    create_namespace: bool = False
    no_hooks: bool = False
    take_over: bool = False
    keep_history: bool = False
    timeout_seconds: int = 300
    engine: str = ""
    group: str = ""

    def __repr__(self) -> str:
        """Without the values, which can hold secrets."""
        return f"Intent({self.verb.value} {self.release.key})"


class EffectAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"
    UNCHANGED = "unchanged"
    RUN = "run"


class Answer(StrEnum):
    """What an API server says to a dry run of one object; NOT_ASKED: it could not be asked, so nothing is known."""

    OK = "ok"
    IMMUTABLE = "immutable field"
    NOT_SERVED = "kind not served"
    CONFLICT = "conflict"
    WEBHOOK = "webhook"
    POD_SECURITY = "PodSecurity"
    QUOTA = "quota"
    FORBIDDEN = "no right"
    INVALID = "invalid"
    NOT_ASKED = "not asked"


class ServerSays(Struct, frozen=True):
    """The server's answer and its reason in one line; `pods`: it takes the object and refuses the pods made from it."""

    answer: Answer
    text: str = ""
    pods: bool = False


class Drift(Struct, frozen=True):
    """A field that somebody set live after it was stored; `stays` where the act would not set it to the target's value.

    Values are words for people, secrets masked. `manager` and `at` come from managedFields and are empty where no one
    is on record (a field that was removed has no owner any more).
    """

    field: str
    stored: str
    live: str
    target: str
    manager: str = ""
    at: float | None = None
    stays: bool = False


class Effect(Struct, frozen=True):
    """What happens to one object; `diff` is a unified diff of YAML, secrets masked, empty where nothing changes.

    `restarts` is how many pods would be replaced, None where that is not known, and `pace` how many at a time;
    `summary` is a line for the table. `server` is None where no dry run belongs to the effect.
    """

    action: EffectAction
    ref: ObjectRef
    summary: str = ""
    diff: str = ""
    restarts: int | None = 0
    pace: str = ""
    server: ServerSays | None = None
    drift: tuple[Drift, ...] = ()


class CheckResult(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    REFUSE = "refuse"
    UNKNOWN = "unknown"


class Check(Struct, frozen=True):
    """One question asked before acting, its answer, the evidence for it and what to do about it."""

    id: str
    title: str
    result: CheckResult
    evidence: str = ""
    advice: str = ""


class Step(Struct, frozen=True):
    id: str
    title: str


class Plan(Struct, frozen=True):
    """Everything known before the keypress.

    `confirm` is the word to type before it runs; empty means a plain yes is enough. `base_revision` and
    `base_resource_version` pin what the plan was made from: a release that moved since is planned again.
    """

    id: str
    intent: Intent
    made_at: float
    production: bool = False
    engine: str = ""
    owner: Owner = Owner()
    headline: str = ""
    effects: tuple[Effect, ...] = ()
    checks: tuple[Check, ...] = ()
    steps: tuple[Step, ...] = ()
    not_undone: tuple[str, ...] = ()
    undo: str = ""
    confirm: str = ""
    base_revision: int = 0
    base_resource_version: str = ""
    target_chart: str = ""
    manifest: str = ""

    @property
    def refusals(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.result is CheckResult.REFUSE)

    @property
    def allowed(self) -> bool:
        return not self.refusals

    @property
    def refused(self) -> Refused | None:
        """What the first check that says no has to say, as it is told to whoever tries."""
        first = next(iter(self.refusals), None)
        if first is None:
            return None
        return Refused(f"Refused by the check '{first.title}'", tried=first.evidence, advice=first.advice)
