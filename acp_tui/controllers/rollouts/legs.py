"""What a rollout does in one cluster: upgrade, go back, deploy, or nothing; planned like any other act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, structs

from acp_tui.insight.lastgood import GOOD
from acp_tui.insight.matrix import values_hash, version_order
from acp_tui.model.errors import AcpTuiError, RecordError, Refused
from acp_tui.model.plan import CheckResult, Intent, Plan, ValuesMode, Verb
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision, Store
from acp_tui.model.rollout import Leg, LegState, ValuesOf, Wish
from acp_tui.wire.manifest import dump

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore

LOOKED_BACK = 10
"""Earlier records of a cluster that are read to find the version there."""


class Plans(Protocol):
    """Who makes a plan of an intent."""

    async def plan(self, intent: Intent) -> Plan: ...


class Origin(Struct, frozen=True):
    """The version that is rolled out: its record, and where its chart was put. Never printed: it holds values."""

    body: ReleaseBody
    chart: str

    def __repr__(self) -> str:
        return f"Origin({self.body.chart} {self.body.chart_version})"


async def plan_leg(
    wish: Wish, origin: Origin, target: ReleaseRef, *, records: ReleaseStore, plans: Plans, group: str
) -> tuple[Leg, Plan | None]:
    """What it would be there; whatever keeps it from being planned is a refused leg and no error of the rollout."""
    leg = Leg(target)
    try:
        history = await records.history(target)
        newest = history[0] if history and history[0].status != "uninstalled" else None
        current = await records.body(target, newest.revision) if newest else None
        if current is None or newest is None:
            intent = _deploy(wish, origin, target)
        else:
            leg = Leg(target, before=current.chart_version)
            if _there(wish, origin, newest, current):
                return Leg(target, state=LegState.NOTHING, before=leg.before, note=_there_words(newest)), None
            intent = await _change(wish, origin, target, current, history, records)
        plan = await plans.plan(_with(intent, wish, group))
    except AcpTuiError as error:
        return _refused(leg, str(error)), None
    plan = structs.replace(plan, headline=_headline(plan, wish, origin))
    return leg_of(plan, before=leg.before), plan


def _headline(plan: Plan, wish: Wish, origin: Origin) -> str:
    """Where chart and values come from, in words that mean something outside this machine."""
    words = plan.headline.replace(f"of {origin.chart}", f"of {wish.source.cluster}") if origin.chart else plan.headline
    if plan.intent.verb is Verb.DEPLOY and not plan.intent.values:
        return f"{words}, with the values of the chart: it has none of its own yet"
    whose = "its own values" if wish.values is ValuesOf.OWN else f"the values of {wish.source.cluster}"
    return words.replace("with your values", f"with {whose}")


def leg_of(plan: Plan, *, before: str = "") -> Leg:
    """The leg of a plan: refused where a check refuses, or where the act would reach other clusters as well."""
    intent = plan.intent
    leg = Leg(intent.release, intent.verb, before=before, revision=intent.revision, production=plan.production)
    reach = next((each for each in plan.checks if each.id == "reach" and each.result is CheckResult.WARN), None)
    if reach is not None:
        return _refused(leg, f"{reach.evidence}; change {plan.owner} once, with acp-tui release {intent.verb.value}")
    if plan.refusals:
        first = plan.refusals[0]
        return _refused(leg, " · ".join(part for part in (f"{first.title}: {first.evidence}", first.advice) if part))
    return leg


def _refused(leg: Leg, note: str) -> Leg:
    return Leg(
        leg.release, leg.verb, LegState.REFUSED, before=leg.before, revision=leg.revision, note=note,
        production=leg.production,
    )  # fmt: skip


def _there(wish: Wish, origin: Origin, newest: Revision, current: ReleaseBody) -> bool:
    same = (current.chart, current.chart_version) == (origin.body.chart, origin.body.chart_version)
    values = wish.values is ValuesOf.OWN or values_hash(current.values) == values_hash(origin.body.values)
    return newest.status == "deployed" and same and values


def _there_words(newest: Revision) -> str:
    return f"revision {newest.revision} is that version already"


def _deploy(wish: Wish, origin: Origin, target: ReleaseRef) -> Intent:
    """Where the release is not there yet: it has no values of its own."""
    if target.store is Store.CAPTAIN:
        raise Refused(
            f"{target.name} is not in {target.cluster}",
            tried="a release that Captain keeps begins with a HelmRequest",
            advice="create the HelmRequest there first",
        )
    values = dump(origin.body.values) if wish.values is ValuesOf.SOURCE and origin.body.values else ""
    return Intent(Verb.DEPLOY, target, chart=origin.chart, values=values)


async def _change(
    wish: Wish,
    origin: Origin,
    target: ReleaseRef,
    current: ReleaseBody,
    history: Sequence[Revision],
    records: ReleaseStore,
) -> Intent:
    """Back to what it had of that version, as it was, where the version is an earlier one; else an upgrade."""
    if current.chart != origin.body.chart:
        raise Refused(
            f"{target.name} of {target.cluster} is another chart",
            tried=f"{current.chart} there, {origin.body.chart} here",
            advice="leave this cluster out, or upgrade it by itself",
        )
    back = version_order(origin.body.chart_version) < version_order(current.chart_version)
    if back and wish.values is ValuesOf.OWN:
        revision = await _revision_of(origin, target, history[1:], records)
        if revision is not None:
            return Intent(Verb.ROLLBACK, target, revision=revision)
    return _upgrade(wish, origin, target, current)


async def _revision_of(
    origin: Origin, target: ReleaseRef, earlier: Sequence[Revision], records: ReleaseStore
) -> int | None:
    """The newest earlier revision that was deployed with that version; a record that does not decode is passed."""
    wanted = (origin.body.chart, origin.body.chart_version)
    for each in [revision for revision in earlier if revision.status in GOOD][:LOOKED_BACK]:
        try:
            body = await records.body(target, each.revision)
        except RecordError:
            continue
        if (body.chart, body.chart_version) == wanted:
            return each.revision
    return None


def _upgrade(wish: Wish, origin: Origin, target: ReleaseRef, current: ReleaseBody) -> Intent:
    """Its own values go over the defaults of the new chart, not over those of the chart it had."""
    own = wish.values is ValuesOf.OWN
    if target.store is Store.CAPTAIN:
        version = origin.body.chart_version
        if own:
            return Intent(Verb.UPGRADE, target, version=version, values_mode=ValuesMode.REUSE)
        return Intent(Verb.UPGRADE, target, version=version, values=dump(origin.body.values))
    values = current.values if own else origin.body.values
    return Intent(Verb.UPGRADE, target, chart=origin.chart, values=dump(values) if values else "")


def _with(intent: Intent, wish: Wish, group: str) -> Intent:
    return structs.replace(
        intent, no_hooks=wish.no_hooks, timeout_seconds=wish.timeout_seconds, engine=wish.engine, group=group
    )
