"""An object in words: the few fields a person asks for first, its conditions and its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, convert
from msgspec import ValidationError as Unfit

from acp_tui.fleet.cells import age
from acp_tui.insight.explain import explain_pod
from acp_tui.insight.health.builtin import WORKLOADS, health_of
from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.phrases import line
from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.network import Ingress, Service
from acp_tui.model.objects import Condition, Event, Generic, Job, Node, Pod, Workload
from acp_tui.model.refs import ObjectRef

_TYPES: Mapping[str, Any] = {
    "Pod": Pod,
    "Job": Job,
    "CronJob": Job,
    "Node": Node,
    "Service": Service,
    "Ingress": Ingress,
} | dict.fromkeys(WORKLOADS, Workload)
_SPEC_SHOWN = (
    "replicas",
    "paused",
    "schedule",
    "suspend",
    "type",
    "clusterIP",
    "nodeName",
    "serviceAccountName",
    "restartPolicy",
    "chart",
    "version",
    "clusterName",
    "releaseName",
    "storageClassName",
)


class Description(Struct, frozen=True):
    """`lines` are label and text in reading order; `events` newest first."""

    ref: ObjectRef
    verdict: Verdict
    lines: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()


def describe(
    ref: ObjectRef,
    document: Mapping[str, Any],
    events: Sequence[Event],
    *,
    now: float,
    listed: Verdict | None = None,
) -> Description:
    """Reads a raw object; fields of the wrong type are left out, never an error. Secret data is not looked at.

    `listed` is the verdict of the object's row, for kinds that say nothing of themselves.
    """
    newest = tuple(sorted(events, key=lambda event: event_at(event) or 0.0, reverse=True))
    obj = _projected(ref.kind, document)
    status = _mapping(document.get("status"))
    conditions = tuple(_conditions(status))
    verdict = health_of(ref.kind, obj, now=now) if obj is not None else Verdict(Health.UNKNOWN)
    if verdict.reason == NO_RULE and listed is not None:
        verdict = listed
    if isinstance(obj, Pod) and (found := explain_pod(obj, newest, now=now)):
        verdict = Verdict(found.health, found.what, found.since)
    return Description(ref, verdict, tuple(_lines(ref, document, verdict, now)), conditions, newest)


def event_at(event: Event) -> float | None:
    """When it last happened; a series counts on while its first record stays."""
    series = event.series.last_observed_time if event.series else None
    return epoch(series) or epoch(event.last_timestamp) or epoch(event.event_time) or epoch(event.first_timestamp)


def _projected(kind: str, document: Mapping[str, Any]) -> Any:
    try:
        return convert(document, _TYPES.get(kind, Generic), strict=False)
    except Unfit:
        return None


def _lines(ref: ObjectRef, document: Mapping[str, Any], verdict: Verdict, now: float) -> Iterator[tuple[str, str]]:
    meta, spec = _mapping(document.get("metadata")), _mapping(document.get("spec"))
    yield "Name", ref.name
    if ref.namespace:
        yield "Namespace", ref.namespace
    yield "Cluster", ref.cluster
    yield "Kind", f"{ref.kind} ({document.get('apiVersion', '')})"
    yield "Health", line(f"{verdict.health.value}{f': {verdict.reason}' if verdict.reason else ''}", 400)
    yield "Age", age(epoch(_text(meta.get("creationTimestamp"))), now)
    if meta.get("deletionTimestamp"):
        held = ", ".join(map(str, meta.get("finalizers") or ())) or "no finalizer"
        yield "Deleting", f"for {age(epoch(_text(meta['deletionTimestamp'])), now)}, held by {held}"
    for owner in meta.get("ownerReferences") or ():
        if isinstance(owner, Mapping):
            yield "Owner", f"{owner.get('kind')} {owner.get('name')}"
    for key in _SPEC_SHOWN:
        if isinstance(spec.get(key), str | int | bool):
            yield key[0].upper() + key[1:], line(str(spec[key]))
    yield from _containers(spec, _mapping(document.get("status")))
    yield from _pairs("Labels", meta.get("labels"))
    annotations = _mapping(meta.get("annotations"))
    yield from _pairs("Annotations", {key: value for key, value in annotations.items() if "last-applied" not in key})


def _containers(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Containers of a pod or of a workload's template, with what became of them."""
    template = _mapping(_mapping(spec.get("template")).get("spec")) or spec
    states = {
        _mapping(each).get("name"): _mapping(each)
        for part in ("containerStatuses", "initContainerStatuses")
        for each in status.get(part) or ()
    }
    for part, label in (("initContainers", "Init container"), ("containers", "Container")):
        for each in template.get(part) or ():
            found = _mapping(each)
            words = [str(found.get("name")), str(found.get("image") or "")]
            state = states.get(found.get("name"))
            if state is not None:
                words.append(f"{_state(state)}, {state.get('restartCount') or 0} restarts")
            resources = _mapping(found.get("resources"))
            for kind in ("requests", "limits"):
                if given := _mapping(resources.get(kind)):
                    words.append(f"{kind} " + ", ".join(f"{key} {value}" for key, value in given.items()))
            yield label, line(" · ".join(words), 400)


def _state(status: Mapping[str, Any]) -> str:
    state = _mapping(status.get("state"))
    for word in ("waiting", "terminated", "running"):
        if word in state:
            reason = _mapping(state[word]).get("reason")
            return str(reason or word)
    return "unknown"


def _conditions(status: Mapping[str, Any]) -> Iterator[Condition]:
    for each in status.get("conditions") or ():
        try:
            yield convert(each, Condition, strict=False)
        except Unfit:
            continue


def _pairs(label: str, found: Any) -> Iterator[tuple[str, str]]:
    for key, value in sorted(_mapping(found).items()):
        yield label, line(f"{key}={value}", 200)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
