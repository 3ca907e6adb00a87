"""What the live cluster says to a plan: a dry run of every object, drift with its author, quota at the peak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from acp_tui.controllers.effects import release_parts
from acp_tui.controllers.observe import ObjectState, Snapshot
from acp_tui.controllers.rehearse import TAKES, Act, Heard, Rehearsal, field_manager, method_of, rehearse
from acp_tui.insight.diff import same_template
from acp_tui.insight.drift import drifts
from acp_tui.insight.manifest import Part, pod_template, replicas
from acp_tui.insight.quota import headroom, uses_of
from acp_tui.insight.rollout import Need, Pace, Rollout, Usage, need_of, pace_of, pod_use
from acp_tui.model.errors import AcpTuiError, ChartError
from acp_tui.model.objects import ResourceQuota
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, EffectAction, ServerSays, Verb
from acp_tui.model.quantity import show
from acp_tui.model.quota import QuotaUse
from acp_tui.model.refs import ObjectRef

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.ground import Draft, Ground

_OBJECTS = {
    ("", "Secret"): "secrets",
    ("", "ConfigMap"): "configmaps",
    ("", "Service"): "services",
    ("", "PersistentVolumeClaim"): "persistentvolumeclaims",
}
_SCOPES = frozenset({"NotTerminating", "NotBestEffort"})
"""Scopes that ordinary pods with requests are in; quotas with others are left out of the arithmetic."""
_FEW = 3


class Seen(Struct, frozen=True):
    """A plan's effects with the server's word on each, and the checks that follow from them."""

    effects: tuple[Effect, ...]
    checks: tuple[Check, ...]


async def look_ahead(
    ground: Ground, draft: Draft, effects: Sequence[Effect], live: Snapshot, *, transport: Transport
) -> Seen:
    """Sends nothing but reads and dry runs."""
    verb, engine = ground.intent.verb, ground.engine
    method = method_of(engine, draft.apply_method, new=verb is Verb.DEPLOY)
    stored, target = ({part.ref.key: part for part in parts} for parts in (draft.before, draft.after))
    gone = tuple(part for part in draft.before if part.ref.key not in target and not part.kept)
    act = Act(
        original=draft.original if draft.original is not None else draft.before,
        target=draft.after,
        gone=gone,
        hooks=tuple(_hook_parts(ground, draft)),
        pods=tuple(part for part in draft.after if _new_template(part, stored.get(part.ref.key), live)),
        namespace_missing=_namespace_missing(ground, live, draft),
        first=verb is Verb.DEPLOY,
        take_over=ground.intent.take_over,
    )
    heard = await rehearse(
        transport, ground.kinds, act, live, method=method, manager=field_manager(engine), told=ground.told
    )
    seen = tuple(_seen(effect, stored, target, live, heard) for effect in effects)
    quota = await _quota_check(ground, draft, live, heard, seen, transport=transport)
    return Seen(seen, tuple(check for check in (server_check(seen, verb), quota) if check is not None))


def server_check(effects: Sequence[Effect], verb: Verb) -> Check:
    """Refuses what Helm would be refused; pods that would not be made are a warning, because Helm itself goes on."""
    title = "The server takes every object"
    asked = [effect for effect in effects if effect.server is not None]
    noes = [effect for effect in asked if effect.server and effect.server.answer not in (Answer.OK, Answer.NOT_ASKED)]
    hard = [effect for effect in noes if effect.server and not effect.server.pods]
    if hard:
        first = hard[0].server or ServerSays(Answer.INVALID)
        result = CheckResult.WARN if verb is Verb.UNINSTALL else CheckResult.REFUSE
        return Check("server", title, result, _told(hard), _ADVICE[first.answer])
    if noes:
        return Check(
            "server", title, CheckResult.WARN, f"pods: {_told(noes)}", "Helm goes on, but no such pod is made."
        )
    open_ = [effect for effect in asked if effect.server and effect.server.answer is Answer.NOT_ASKED]
    if open_:
        return Check(
            "server", title, CheckResult.UNKNOWN, f"not asked: {_told(open_)}", "What is made first is not tried."
        )
    taken = [effect for effect in asked if effect.server and effect.server.text.startswith(TAKES)]
    if taken:
        return Check("server", title, CheckResult.WARN, _told(taken), "Whoever set these fields may set them again.")
    return Check("server", title, CheckResult.PASS, f"{len(asked)} tried by a dry run, nothing written")


_ADVICE = {
    Answer.IMMUTABLE: "Delete that one object first (--cascade=orphan keeps its pods), or keep the field as it is.",
    Answer.NOT_SERVED: "Install the definition of the kind first, or choose a revision that does not need it.",
    Answer.CONFLICT: "Take the fields over (key o, --take-over), or put the wanted value into the values.",
    Answer.WEBHOOK: "Helm would stop there, with everything before it changed: look at the webhook first.",
    Answer.POD_SECURITY: "The namespace forbids such pods: correct the securityContext or the namespace's level.",
    Answer.QUOTA: "Make room in the quota, or ask for less.",
    Answer.FORBIDDEN: "Ask an administrator of the cluster.",
    Answer.INVALID: "Helm would stop there, with everything before it changed: correct the chart or its values.",
}


def _told(effects: Sequence[Effect]) -> str:
    lines = []
    for effect in effects[:_FEW]:
        says = effect.server or ServerSays(Answer.NOT_ASKED)
        word = "" if says.answer is Answer.OK else says.answer
        lines.append(f"{effect.ref.kind} {effect.ref.name}: {', '.join(each for each in (word, says.text) if each)}")
    more = len(effects) - _FEW
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _seen(
    effect: Effect, before: Mapping[str, Part], after: Mapping[str, Part], live: Snapshot, heard: Rehearsal
) -> Effect:
    key = effect.ref.key
    answer = heard.objects.get(key)
    says = _worst(answer, heard.pods.get(key))
    target, stored, state = after.get(key), before.get(key), live.get(key)
    told: tuple[Any, ...] = ()
    pace = ""
    if effect.action is not EffectAction.RUN and state is not None and state.body is not None:
        if stored is not None:
            told = drifts(stored.body, state.body, (target or stored).body, answer.result if answer else None)
        if effect.restarts and target is not None:
            pace = pace_of(target.body, replicas(target.body) or effect.restarts).words
    summary = effect.summary
    if any(each.stays for each in told):
        summary = summary.replace(": set back", ": stays")
    return structs.replace(effect, server=says, drift=told, pace=pace, summary=summary)


def _worst(own: Heard | None, pod: Heard | None) -> ServerSays | None:
    """A no to the object counts before a no to its pods, and any no before what was not asked."""
    found = [heard.says for heard in (own, pod) if heard is not None]
    for says in found:
        if says.answer not in (Answer.OK, Answer.NOT_ASKED):
            return says
    return next((says for says in found if says.answer is Answer.NOT_ASKED), found[0] if found else None)


def _new_template(part: Part, stored: Part | None, live: Snapshot) -> bool:
    """Whether pods of another template than the live one would be made; one such pod is worth trying."""
    template = pod_template(part.body)
    if template is None or not (part.is_workload or part.ref.kind == "Job"):
        return False
    state = live.get(part.ref.key)
    running = pod_template(state.body) if state is not None and state.body is not None else None
    return running is None or not same_template(template, running, pod_template(stored.body) if stored else None)


def _hook_parts(ground: Ground, draft: Draft) -> Iterable[Part]:
    for hook in draft.hooks:
        try:
            yield from release_parts(hook.manifest, ground.ref, origin=f"hook {hook.name}", kinds=ground.kinds)
        except ChartError:
            continue


def _namespace_missing(ground: Ground, live: Snapshot, draft: Draft) -> bool:
    """Only a deployment makes its namespace, and nothing can be tried in one that is not there."""
    if not ground.intent.create_namespace or ground.intent.verb is not Verb.DEPLOY:
        return False
    return not any(state.there for state in live.values()) and bool(draft.after)


async def _quota_check(
    ground: Ground,
    draft: Draft,
    live: Snapshot,
    heard: Rehearsal,
    effects: Sequence[Effect],
    *,
    transport: Transport,
) -> Check | None:
    from acp_tui.clients.kube.lister import list_all

    title = "It fits the quota"
    kind = ground.kinds.by_gk("", "ResourceQuota")
    if kind is None or ground.intent.verb is Verb.UNINSTALL:
        return None
    try:
        page = await list_all(transport, kind.path(ground.ref.namespace), ResourceQuota)
    except AcpTuiError as error:
        return Check("quota", title, CheckResult.UNKNOWN, error.title)
    uses = [uses_of(quota) for quota in page.items if _counts_for_all(quota)]
    if not uses:
        return Check("quota", title, CheckResult.PASS, f"{ground.ref.namespace} has no quota")
    need = need_of(_rollouts(draft, live, heard, ground.ref.namespace))
    return fits(title, uses, _with_objects(need, effects), _unavailable_first(draft, effects))


def _counts_for_all(quota: ResourceQuota) -> bool:
    scopes = (quota.spec.scopes if quota.spec else None) or ()
    return set(scopes) <= _SCOPES


def fits(title: str, uses: Sequence[Sequence[QuotaUse]], need: Need, stepwise: bool) -> Check:
    """The peak against what is left; `stepwise`: old pods go first, so a full quota only slows it down."""
    room = headroom(uses)
    over_end = [_over(resource, need.end, room) for resource in room if _exceeds(resource, need.end, room)]
    over_peak = [_over(resource, need.peak, room) for resource in room if _exceeds(resource, need.peak, room)]
    if over_end:
        return Check(
            "quota", title, CheckResult.WARN, f"too little is left: {', '.join(over_end)}",
            "Helm will say that it went well, and pods will be missing: make room first.",
        )  # fmt: skip
    if over_peak:
        advice = (
            "Old pods go first, so it gets there, slower." if stepwise else
            "The new pods wait for the old ones, which wait for them: allow maxUnavailable, or make room."
        )  # fmt: skip
        return Check("quota", title, CheckResult.WARN, f"only without surge: {', '.join(over_peak)}", advice)
    unknown = [resource for resource, left in room.items() if left is None]
    if unknown:
        return Check("quota", title, CheckResult.UNKNOWN, f"not counted yet: {', '.join(unknown)}")
    most = [_plus(resource, need.peak[resource]) for resource in room if need.peak.get(resource)]
    return Check(
        "quota", title, CheckResult.PASS, f"at the peak {', '.join(most[:_FEW])}" if most else "nothing more is used"
    )


def _exceeds(resource: str, need: Usage, room: Mapping[str, Fraction | None]) -> bool:
    left, wanted = room.get(resource), need.get(resource, Fraction(0))
    return left is not None and wanted > 0 and wanted > left


def _over(resource: str, need: Usage, room: Mapping[str, Fraction | None]) -> str:
    left = room.get(resource) or Fraction(0)
    return f"{_plus(resource, need[resource])}, {show(resource, left)} left"


def _plus(resource: str, amount: Fraction) -> str:
    return f"{resource} +{show(resource, amount)}"


def _rollouts(draft: Draft, live: Snapshot, heard: Rehearsal, namespace: str) -> Iterable[Rollout]:
    before = {part.ref.key: part for part in draft.before if part.is_workload}
    after = {part.ref.key: part for part in draft.after if part.is_workload}
    for key in dict.fromkeys((*after, *before)):
        part = after.get(key)
        state = live.get(key, ObjectState((part or before[key]).ref))
        if (part or before[key]).ref.namespace != namespace:
            continue
        old_pods = (replicas(state.body) or 0) if state.body is not None else 0
        old = _use(state.body)
        if part is None:
            yield Rollout(old_pods, old, 0, {})
            continue
        pods = replicas(part.body)
        new_pods = old_pods if pods is None else pods
        new, given = _tried_use(part, heard), _use(part.body)
        # What LimitRange fills in for the new pods it filled in for the old ones too.
        filled = {name: amount for name, amount in new.items() if name not in given and name not in old}
        rolls = _new_template(part, before.get(key), live) and state.body is not None
        pace = pace_of(part.body, new_pods) if rolls else Pace(0, 0)
        yield Rollout(
            old_pods, {**filled, **old}, new_pods, new if rolls or not old_pods else {**filled, **given}, pace
        )


def _use(body: Mapping[str, Any] | None) -> Usage:
    template = pod_template(dict(body)) if body is not None else None
    return pod_use(template["spec"]) if template is not None else {}


def _tried_use(part: Part, heard: Rehearsal) -> Usage:
    tried = heard.pods.get(part.ref.key)
    if tried is not None and tried.result is not None and isinstance(tried.result.get("spec"), dict):
        return pod_use(tried.result["spec"])
    return _use(part.body)


def _with_objects(need: Need, effects: Sequence[Effect]) -> Need:
    """Objects count as well, and Helm's own record is one Secret more."""
    counts: Usage = {"secrets": Fraction(1)}
    for effect in effects:
        name = _OBJECTS.get((effect.ref.group, effect.ref.kind))
        step = {EffectAction.CREATE: 1, EffectAction.DELETE: -1}.get(effect.action, 0)
        if name and step:
            counts[name] = counts.get(name, Fraction(0)) + step
    both = {**counts, **{f"count/{name}": amount for name, amount in counts.items()}}
    return Need(end={**need.end, **both}, peak={**need.peak, **both})


def _unavailable_first(draft: Draft, effects: Sequence[Effect]) -> bool:
    rolling: set[ObjectRef] = {effect.ref for effect in effects if effect.restarts}
    parts = [part for part in draft.after if part.ref in rolling]
    return all(pace_of(part.body, replicas(part.body) or 1).unavailable > 0 for part in parts)
