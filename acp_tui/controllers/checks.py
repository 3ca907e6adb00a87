"""The questions asked before an act; each answer carries its evidence and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from acp_tui.controllers.gate import AT_ONCE
from acp_tui.controllers.observe import Snapshot
from acp_tui.insight.manifest import Part
from acp_tui.insight.stuck import STUCK_AFTER, is_stuck
from acp_tui.insight.times import span
from acp_tui.model.errors import AcpTuiError, RecordError
from acp_tui.model.objects import Object
from acp_tui.model.plan import Check, CheckResult, Effect, EffectAction, Verb
from acp_tui.model.refs import Kind, ObjectRef
from acp_tui.model.release import PENDING, Owner, OwnerKind, ReleaseRef, Revision, Store
from acp_tui.wire.kubernetes import decode_one

if TYPE_CHECKING:
    from acp_tui.controllers.ground import Ground
    from acp_tui.controllers.seams import Cluster, KindTable

UNRENDERED = "render"
"""Unknown where nobody could render what will be applied: the effects of such a plan are not all there is."""

_RECORD_VERBS = ("get", "list", "create", "update", "delete")
_RECORD_KIND = {Store.SECRET: ("", "Secret"), Store.CONFIGMAP: ("", "ConfigMap")}
_VERBS = {
    EffectAction.CREATE: ("get", "create"),
    EffectAction.UPDATE: ("get", "patch"),
    EffectAction.DELETE: ("get", "delete"),
    EffectAction.UNCHANGED: ("get", "patch"),
    EffectAction.RUN: ("get", "create", "delete"),
    EffectAction.KEEP: (),
}
_SHOWN = 4

Right = tuple[str, Kind, str]
"""Verb, kind, namespace."""


def passed(id: str, title: str, evidence: str = "") -> Check:
    return Check(id, title, CheckResult.PASS, evidence)


def warned(id: str, title: str, evidence: str, advice: str = "") -> Check:
    return Check(id, title, CheckResult.WARN, evidence, advice)


def refused(id: str, title: str, evidence: str, advice: str = "") -> Check:
    return Check(id, title, CheckResult.REFUSE, evidence, advice)


def unknown(id: str, title: str, evidence: str, advice: str = "") -> Check:
    return Check(id, title, CheckResult.UNKNOWN, evidence, advice)


def check_read_only(cluster: str, *, read_only: bool) -> Check:
    if read_only:
        return refused(
            "read-only", "Acts are allowed", f"{cluster} is opened read-only", "Start without read-only to act on it."
        )
    return passed("read-only", "Acts are allowed")


def check_lock(newest: Revision, verb: Verb, *, now: float) -> Check:
    """Helm's own lock is the status pending-*; only upgrades respect it, and a rollback or uninstall is the way out."""
    title = "Nobody else works on it"
    if newest.status not in PENDING:
        return passed("lock", title, f"revision {newest.revision} is {newest.status}")
    age = span(now - newest.updated_at) if newest.updated_at is not None else "an unknown time"
    evidence = f"revision {newest.revision} is {newest.status} since {age}"
    if verb is Verb.UPGRADE:
        if is_stuck(newest.status, newest.updated_at, now):
            return refused("lock", title, evidence, "It looks stuck: roll back to leave this state, then upgrade.")
        return refused("lock", title, evidence, "Wait until it is over; if nobody works on it, roll back first.")
    if is_stuck(newest.status, newest.updated_at, now):
        return warned("lock", title, evidence, f"It looks stuck: this {verb.value} is the way out.")
    return warned(
        "lock",
        title,
        evidence,
        f"Somebody may be at it: make sure before {span(STUCK_AFTER)} are over that it is dead.",
    )


def check_record(error: RecordError | None, *, revision: int) -> Check:
    title = "Records can be read"
    if error is None:
        return passed("record", title)
    return refused("record", title, f"revision {revision}: {error.title}", error.advice)


def check_owner(owner: Owner, verb: Verb, ref: ReleaseRef, *, doubt: str = "") -> Check:
    """A release that a controller keeps is not touched through Helm: it would be put back, or the two would fight."""
    title = "Helm alone owns it"
    if owner.kind is OwnerKind.HELM:
        if doubt:
            return unknown("owner", title, doubt, "If somebody else keeps this release, the act will be undone.")
        return passed("owner", title)
    return refused("owner", title, f"{ref.name} belongs to {owner}", _right_way(owner, verb))


def _right_way(owner: Owner, verb: Verb) -> str:
    place = f" in namespace {owner.namespace}" if owner.namespace else ""
    place += f" of cluster {owner.cluster}" if owner.cluster else ""
    name = f"{owner.kind} {owner.name}".strip()
    match owner.kind:
        case OwnerKind.HELMREQUEST:
            if verb is Verb.UNINSTALL:
                return f"Delete {name}{place}: Captain then uninstalls the release."
            return f"Change chart version and values of {name}{place}: Captain syncs the release to them."
        case OwnerKind.APPRELEASE:
            return (
                f"Change it through its ModuleInfo (spec.valuesOverride) or a ResourcePatch: {name}{place} is put back."
            )
        case _:
            return (
                f"Change its source in Git, or use Argo CD's own sync and rollback: {name}{place} puts back the rest."
            )


def check_engine(ground: Ground) -> Check:
    title = "A Helm engine can do it"
    if ground.engine is None:
        error = ground.no_engine
        return refused("engine", title, error.title if error else "none found", error.advice if error else "")
    if ground.ref.store is Store.CAPTAIN:
        return refused(
            "engine", title, "its records are Captain's, which Helm does not see", "Act through its HelmRequest."
        )
    limits = "; ".join(ground.engine.limits)
    return Check("engine", title, CheckResult.PASS, ground.engine.name, f"Its limits: {limits}." if limits else "")


def check_kinds(kinds: KindTable, parts: Sequence[Part], verb: Verb) -> Check:
    """A manifest may name an API that the server no longer serves; Helm then fails before or halfway.

    The current one counts too: Helm builds its objects before it compares, even those that go.
    """
    title = "Its kinds are served"
    named = {(str(part.body["apiVersion"]), part.ref.kind) for part in parts}
    missing = sorted(f"{kind} in {version}" for version, kind in named if kinds.by_api_version(version, kind) is None)
    if not missing:
        return passed("kinds", title, f"{len(named)} kinds")
    evidence = f"not served: {_few(missing)}"
    if verb is Verb.DEPLOY:
        return warned("kinds", title, evidence, "It works only if the chart brings these definitions in crds/.")
    if verb is Verb.UNINSTALL:
        return warned("kinds", title, evidence, "Helm may stop at them: their objects went with their definition.")
    return refused(
        "kinds", title, evidence, "Install their definition first, or choose a revision that does not need them."
    )


def check_freshness(cluster: Cluster, *, now: float) -> Check:
    """Whoever acts looks at the cluster as it is, and not at what was remembered of it."""
    title = "What is shown of it is live"
    known = cluster.store.last_known
    if known is None:
        return passed("freshness", title)
    return refused(
        "freshness", title, f"{cluster.context.name} is shown as it was {span(now - known)} ago",
        "Wait until it answers: its rows then lose their age, and the plan can be made again.",
    )  # fmt: skip


async def check_namespace(cluster: Cluster, kinds: KindTable, ref: ReleaseRef, *, create: bool) -> Check:
    from acp_tui.clients.errors import NotFound

    title = f"Namespace {ref.namespace} exists"
    kind = kinds.by_gk("", "Namespace")
    if kind is None:
        return unknown("namespace", title, "the server does not tell of namespaces")
    try:
        answer = await cluster.transport.get(kind.path(name=ref.namespace))
        leaving = decode_one(answer.body, Object).metadata.deletion_timestamp
    except NotFound:
        if create:
            return passed("namespace", title, "not there: it will be created")
        return refused("namespace", title, "not there", "Create it first, or ask for it to be created.")
    except AcpTuiError as error:
        return unknown("namespace", title, error.title)
    if leaving:
        return refused("namespace", title, "it is being deleted", "Wait until it is gone, then create it again.")
    return passed("namespace", title)


def check_adoption(effects: Sequence[Effect], live: Snapshot, ref: ReleaseRef) -> Check | None:
    """Objects to be created that somebody else has made already; Helm refuses to take them over."""
    taken = []
    for effect in effects:
        state = live.get(effect.ref.key)
        if effect.action is not EffectAction.CREATE or state is None or state.body is None:
            continue
        metadata = state.body.get("metadata") or {}
        notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
        ours = (
            notes.get("meta.helm.sh/release-name") == ref.name
            and notes.get("meta.helm.sh/release-namespace") == ref.namespace
            and labels.get("app.kubernetes.io/managed-by") == "Helm"
        )
        if not ours:
            taken.append(f"{effect.ref.kind} {effect.ref.name}")
    if not taken:
        return None
    return refused(
        "adoption", "What it makes is not there yet", f"exists without belonging to {ref.name}: {_few(taken)}",
        "Delete or rename them, or mark them as this release's (meta.helm.sh/release-name, -namespace, managed-by).",
    )  # fmt: skip


async def check_rights(
    cluster: Cluster, kinds: KindTable, ref: ReleaseRef, effects: Sequence[Effect], *, create_namespace: bool = False
) -> Check:
    """Asks the server for every right the act needs, eight questions at a time."""
    from acp_tui.clients.kube.access import can

    title = "Rights"
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(verb: str, kind: Kind, namespace: str) -> tuple[str, bool | None, str]:
        async with gate:
            answer = await can(cluster.transport, verb, kind, namespace)
        return _spoken(verb, kind, namespace), answer.allowed, answer.reason

    wanted = needed_rights(kinds, ref, effects)
    if create_namespace and (kind := kinds.by_gk("", "Namespace")) is not None:
        wanted = (*wanted, ("create", kind, ""))
    try:
        answers = await asyncio.gather(*(ask(*right) for right in wanted))
    except AcpTuiError as error:
        return unknown("rights", title, error.title, "The server did not say; a missing right shows when it runs.")
    missing = [said for said, allowed, _ in answers if allowed is False]
    if missing:
        more = "" if len(missing) <= _SHOWN else f" and {len(missing) - _SHOWN} more"
        return refused(
            "rights", title, f"missing: {', '.join(missing[:_SHOWN])}{more}", "Ask an administrator of the cluster."
        )
    doubtful = [said for said, allowed, _ in answers if allowed is None]
    if doubtful:
        return unknown("rights", title, f"the server did not say: {_few(doubtful)}")
    return passed("rights", title, f"all {len(answers)} present")


def needed_rights(kinds: KindTable, ref: ReleaseRef, effects: Sequence[Effect]) -> tuple[Right, ...]:
    """What Helm does to the record and to each kind, each right once."""
    wanted: dict[tuple[str, str, str, str], Right] = {}

    def want(verb: str, kind: Kind | None, namespace: str) -> None:
        if kind is not None:
            place = namespace if kind.namespaced else ""
            wanted.setdefault((verb, kind.group, kind.plural, place), (verb, kind, place))

    group_kind = _RECORD_KIND.get(ref.store)
    for verb in _RECORD_VERBS if group_kind else ():
        want(verb, kinds.by_gk(*group_kind) if group_kind else None, ref.namespace)
    for effect in effects:
        for verb in _VERBS[effect.action]:
            want(verb, _kind_of(kinds, effect.ref), effect.ref.namespace)
    return tuple(wanted.values())


def _kind_of(kinds: KindTable, ref: ObjectRef) -> Kind | None:
    return kinds.by_gk(ref.group, ref.kind)


def _spoken(verb: str, kind: Kind, namespace: str) -> str:
    """As kubectl auth can-i takes it, so that it can be copied."""
    resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    return f"{verb} {resource}" + (f" in {namespace}" if namespace else "")


def _few(words: Sequence[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
