"""What an act does to each object: stored form against target form, with a note where the live one is a third."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import structs

from acp_tui.controllers.observe import ObjectState
from acp_tui.insight.diff import (
    drift,
    drift_summary,
    masked_pair,
    masked_values,
    only_marks,
    same_template,
    summary,
    unified,
)
from acp_tui.insight.manifest import WORKLOADS, Part, parts, pod_template, replicas
from acp_tui.insight.mask import mask_object, mask_values
from acp_tui.insight.times import span
from acp_tui.model.errors import ChartError
from acp_tui.model.plan import Effect, EffectAction, Plan
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Hook, ReleaseBody, ReleaseRef
from acp_tui.wire.manifest import dump, objects, values
from acp_tui.wire.text import clean, one_line

if TYPE_CHECKING:
    from acp_tui.controllers.seams import KindTable

_ORDER = {action: rank for rank, action in enumerate(EffectAction)}


def effects_between(
    before: Sequence[Part], after: Sequence[Part], live: Mapping[str, ObjectState] | None = None
) -> tuple[Effect, ...]:
    """Effects in the order create, update, delete, keep, unchanged; without `live` nothing is said of the cluster.

    Of each those of workloads come first, and updates last that only change labels.
    """
    old = {part.ref.key: part for part in before}
    new = {part.ref.key: part for part in after}
    states = live or {}
    found = [_effect(old.get(key), new.get(key), states.get(key)) for key in dict.fromkeys((*old, *new))]

    def rank(effect: Effect) -> tuple[int, bool, bool]:
        one, other = old.get(effect.ref.key), new.get(effect.ref.key)
        marks = one is not None and other is not None and only_marks(one.body, other.body)
        return _ORDER[effect.action], marks, (effect.ref.group, effect.ref.kind) not in WORKLOADS

    return tuple(sorted(found, key=rank))


def hook_effects(hooks: Iterable[Hook], ref: ReleaseRef, *, now: float) -> tuple[Effect, ...]:
    """A RUN effect for each hook, in the order Helm runs them (weight, then name)."""
    return tuple(
        Effect(EffectAction.RUN, _hook_ref(hook, ref), summary=_hook_summary(hook, now), restarts=0)
        for hook in sorted(hooks, key=lambda hook: (hook.weight, hook.name))
    )


def hooks_for(hooks: Iterable[Hook], *events: str) -> tuple[Hook, ...]:
    """Hooks that one of these events starts."""
    return tuple(hook for hook in hooks if set(hook.events) & set(events))


def with_last_runs(hooks: Iterable[Hook], *others: Iterable[Hook]) -> tuple[Hook, ...]:
    """The hooks with what they did last time, also where another revision's record is the one that knows it."""
    told: dict[tuple[str, str], Hook] = {}
    mine = tuple(hooks)
    for hook in (*mine, *(hook for each in others for hook in each)):
        known = told.get((hook.kind, hook.name))
        if hook.last_phase and (known is None or (hook.last_started_at or 0.0) > (known.last_started_at or 0.0)):
            told[hook.kind, hook.name] = hook
    return tuple(
        structs.replace(
            hook, last_phase=last.last_phase, last_started_at=last.last_started_at,
            last_completed_at=last.last_completed_at,
        ) if (last := told.get((hook.kind, hook.name))) is not None else hook
        for hook in mine
    )  # fmt: skip


def release_parts(manifest: str, ref: ReleaseRef, *, origin: str, kinds: KindTable | None = None) -> tuple[Part, ...]:
    """The objects of a release's manifest; `kinds` tells which kinds have a namespace."""

    def scope(group: str, kind: str) -> bool | None:
        found = kinds.by_gk(group, kind) if kinds is not None else None
        return found.namespaced if found is not None else None

    return parts(objects(manifest, origin=origin), cluster=ref.cluster, namespace=ref.namespace, scope=scope)


def compare_manifests(before: ReleaseBody, after: ReleaseBody) -> tuple[Effect, ...]:
    """How two revisions differ, object by object; what the cluster holds is not looked at."""
    old, new = (
        release_parts(body.manifest, body.ref, origin=f"the manifest of revision {body.revision}")
        for body in (before, after)
    )
    return effects_between(old, new)


def compare_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A unified diff of two sets of values with secrets masked; a secret that differs is marked, not shown."""
    texts = [dump(values) for values in masked_values(before, after)]
    return clean(unified(*texts, name="values"), multiline=True)


def mask_plan(plan: Plan) -> Plan:
    """The plan as it may be printed: the values of its intent masked; effects and manifest are masked in every plan."""
    try:
        shown = dump(mask_values(values(plan.intent.values, origin="the values"))) if plan.intent.values else ""
    except ChartError as error:
        shown = f"# not shown: {one_line(error.title)}\n"
    return structs.replace(plan, intent=structs.replace(plan.intent, values=shown))


def mask_manifest(text: str) -> str:
    """A manifest with Secret data masked; one that cannot be read is not shown at all, because nobody could mask it."""
    try:
        bodies = objects(text, origin="the manifest")
    except ChartError as error:
        return f"# not shown: {one_line(error.title)}\n"
    return masked(bodies)


def masked(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Objects as a manifest with Secret data masked."""
    return "".join(f"---\n{clean(dump(mask_object(body)), multiline=True)}" for body in bodies)


def live_note(part: Part, state: ObjectState | None) -> str:
    """How the live object left the stored form; empty where it did not or where nobody looked."""
    if state is None:
        return ""
    if state.problem:
        return "live state not known"
    if not state.there:
        return "missing live"
    found = drift_summary(part.body, state.body or {})
    return f"changed live: {found}" if found else ""


def _effect(old: Part | None, new: Part | None, state: ObjectState | None) -> Effect:
    if old is None and new is not None:
        note = "exists already" if state is not None and state.there else ""
        return _made(EffectAction.CREATE, None, new, note, restarts=0)
    if new is None and old is not None:
        return _removed(old, state)
    if old is None or new is None:
        raise ValueError("an effect needs at least one form of its object")
    note = live_note(old, state)
    changed = summary(old.body, new.body)
    restarts = _restarts(new, old, state)
    if state is not None and not state.there and not state.problem:
        return _made(EffectAction.CREATE, old, new, "missing live: made again", restarts=0)
    if not changed and note.startswith("changed live") and drift(new.body, state.body or {} if state else {}):
        return _made(EffectAction.UPDATE, old, new, f"{note}: set back", restarts=restarts)
    if not changed:
        return Effect(EffectAction.UNCHANGED, new.ref, summary=_shown(note))
    stay = _already(new, old, state)
    if restarts and stay:
        restarts = max(0, restarts - stay)
        note = " · ".join(part for part in (f"{stay} pods run it already", note) if part)
    return _made(EffectAction.UPDATE, old, new, " · ".join(part for part in (changed, note) if part), restarts=restarts)


def _made(action: EffectAction, old: Part | None, new: Part, said: str, *, restarts: int | None) -> Effect:
    return Effect(action, new.ref, summary=_shown(said), diff=_diff(old, new), restarts=restarts)


def _removed(old: Part, state: ObjectState | None) -> Effect:
    if old.kept:
        return Effect(EffectAction.KEEP, old.ref, summary="stays: helm.sh/resource-policy: keep")
    if state is not None and not state.there and not state.problem:
        return Effect(EffectAction.DELETE, old.ref, summary="already gone", diff=_diff(old, None))
    pods = replicas(state.body or old.body if state else old.body) if old.is_workload else 0
    said = f"{pods} pod{'' if pods == 1 else 's'} go" if pods else ""
    if old.ref.kind == "PersistentVolumeClaim":
        said = "its data goes with it, as its reclaim policy says"
    return Effect(EffectAction.DELETE, old.ref, summary=said, diff=_diff(old, None))


def _restarts(new: Part, old: Part | None, state: ObjectState | None) -> int | None:
    """Pods that get replaced because their template becomes another one than they run with."""
    template = pod_template(new.body) if new.is_workload else None
    stored = pod_template(old.body) if old is not None else None
    live = state.body if state is not None else None
    running = pod_template(live) if live is not None else stored
    if template is None or running is None:
        return 0
    return 0 if same_template(template, running, stored) else replicas(live or new.body)


def _already(new: Part, old: Part, state: ObjectState | None) -> int:
    """Ready pods that run with the target's template already: those of the revision that serves on."""
    template, stored = pod_template(new.body), pod_template(old.body)
    if template is None or state is None:
        return 0
    return sum(each.pods for each in state.templates if same_template(template, each.template, stored))


def _diff(old: Part | None, new: Part | None) -> str:
    names = [f"{part.ref.kind} {part.ref.name}" for part in (new, old) if part is not None]
    before, after = masked_pair(old.body if old else None, new.body if new else None)
    texts = [dump(body) if body is not None else "" for body in (before, after)]
    return clean(unified(*texts, name=names[0]), multiline=True)


def _shown(text: str) -> str:
    return one_line(text, limit=200)


def _hook_ref(hook: Hook, ref: ReleaseRef) -> ObjectRef:
    group, namespace = "", ref.namespace
    try:
        body = next(iter(objects(hook.manifest, origin=f"hook {hook.name}")), {})
    except ChartError:
        body = {}
    if body:
        group = str(body["apiVersion"]).rpartition("/")[0]
        namespace = str(body["metadata"].get("namespace") or namespace)
    return ObjectRef(ref.cluster, group, hook.kind, namespace, hook.name)


def _hook_summary(hook: Hook, now: float) -> str:
    words = [", ".join(hook.events)]
    if hook.last_phase:
        at = hook.last_completed_at or hook.last_started_at
        words.append(f"last run {hook.last_phase.lower()}{f' {span(now - at)} ago' if at else ''}")
    return _shown(" · ".join(words))
