"""One version of a release taken over several clusters, one after the other."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from acp_tui.model.plan import Check, CheckResult, Plan, Verb
from acp_tui.model.release import ReleaseRef


class ValuesOf(StrEnum):
    """Whose values a cluster gets with the version: those it has, or those of the source."""

    OWN = "own"
    SOURCE = "source"


class LegState(StrEnum):
    """NOTHING: it runs that version already. REFUSED: a check or the policy said no, nothing was done there."""

    WAITING = "waiting"
    RUNNING = "running"
    HEALTHY = "healthy"
    RED = "red"
    NOTHING = "nothing to do"
    REFUSED = "refused"

    @property
    def open(self) -> bool:
        """Whether there is still something to do there."""
        return self in (LegState.WAITING, LegState.RED, LegState.REFUSED)


class RolloutState(StrEnum):
    """INTERRUPTED: whoever ran it is gone before its end; what it began goes on alone, and nothing new begins."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class Leg(Struct, frozen=True):
    """One cluster of a rollout; `operation` is the act that was begun there, `note` its verdict or why there is none.

    `before` is the chart version that ran when it was planned, empty for none.
    """

    release: ReleaseRef
    verb: Verb | None = None
    state: LegState = LegState.WAITING
    before: str = ""
    revision: int | None = None
    operation: str = ""
    note: str = ""
    production: bool = False


class Wish(Struct, frozen=True):
    """What a person asked for: the version that runs at `source`, for the targets in that order.

    `revision` is the one of the source whose chart and values are meant. `chart` names where the chart is found
    instead of the record of the source.
    """

    source: ReleaseRef
    revision: int
    targets: tuple[ReleaseRef, ...]
    values: ValuesOf = ValuesOf.OWN
    chart: str = ""
    no_hooks: bool = False
    timeout_seconds: int = 300
    engine: str = ""


class Rollout(Struct, frozen=True):
    """What the journal keeps of it: never values. `undoes` is the rollout that this one takes back.

    `source_status` is what the record of the source says of the revision that is taken.
    """

    id: str
    wish: Wish
    chart: str
    version: str
    legs: tuple[Leg, ...]
    started_at: float
    state: RolloutState = RolloutState.RUNNING
    ended_at: float | None = None
    user: str = ""
    undoes: str = ""
    source_status: str = ""

    @property
    def doubt(self) -> str:
        """Why the version may not be worth rolling out, in words; empty where it came to run in the source."""
        if self.undoes or self.source_status in ("", "deployed", "superseded"):
            return ""
        return f"revision {self.wish.revision} is {self.source_status} in {self.wish.source.cluster} itself"

    @property
    def key(self) -> str:
        return self.id

    @property
    def headline(self) -> str:
        name = self.wish.source.name
        if self.undoes:
            return f"Take back the rollout of {name} {self.version}"
        return f"Roll {name} {self.version} of {self.wish.source.cluster} out"


class RolloutPlan(Struct, frozen=True):
    """Everything known before it begins; `plans` stands beside the legs, None where there is nothing to run."""

    rollout: Rollout
    plans: tuple[Plan | None, ...]

    @property
    def refused(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.rollout.legs if leg.state is LegState.REFUSED)

    @property
    def to_run(self) -> tuple[Plan, ...]:
        return tuple(plan for plan in self.plans if plan is not None and plan.allowed)

    @property
    def allowed(self) -> bool:
        """Nothing begins while one of the clusters says no: leave it out first."""
        return bool(self.to_run) and not self.refused

    @property
    def production(self) -> bool:
        return any(plan.production for plan in self.to_run)

    @property
    def confirm(self) -> str:
        """The words to type, each once; empty where a plain yes is enough."""
        return " ".join(dict.fromkeys(plan.confirm for plan in self.to_run if plan.confirm))

    def chosen(self, clusters: tuple[str, ...]) -> RolloutPlan:
        """Only these clusters, in this order."""
        beside = {leg.release.cluster: (leg, plan) for leg, plan in zip(self.rollout.legs, self.plans, strict=True)}
        kept = [beside[cluster] for cluster in clusters if cluster in beside]
        legs, plans = tuple(leg for leg, _ in kept), tuple(plan for _, plan in kept)
        targets = tuple(leg.release for leg in legs)
        wish = structs.replace(self.rollout.wish, targets=targets)
        return RolloutPlan(structs.replace(self.rollout, wish=wish, legs=legs), plans)


def warnings(plan: Plan) -> tuple[Check, ...]:
    return tuple(check for check in plan.checks if check.result in (CheckResult.WARN, CheckResult.UNKNOWN))


def restarts(plan: Plan | None) -> str:
    """Pods that are replaced: `3`, `3+?` where it is not known of all, `-` for none."""
    if plan is None:
        return "-"
    known = sum(effect.restarts or 0 for effect in plan.effects)
    doubt = any(effect.restarts is None for effect in plan.effects)
    return (f"{known}+?" if known else "?") if doubt else str(known or "-")


class ObjectDrift(Struct, frozen=True):
    """An object that is not as its record says: the fields that differ, or that it is not there."""

    kind: str
    name: str
    fields: tuple[str, ...] = ()
    missing: bool = False


class Drifted(Struct, frozen=True):
    """What was found when somebody looked at the objects of a release; `unread` could not be looked at."""

    release: ReleaseRef
    revision: int
    at: float
    objects: int
    drifted: tuple[ObjectDrift, ...] = ()
    unread: tuple[str, ...] = ()
