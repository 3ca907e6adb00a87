"""How the objects of a release stand in the cluster right now: there or not, how well, with which pods."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.controllers.gate import AT_ONCE
from acp_tui.controllers.readmany import read_many
from acp_tui.insight.explain import explain_pod, restarts
from acp_tui.insight.health.custom import health_of_generic
from acp_tui.insight.health.jobs import health_of_cron_job, health_of_job
from acp_tui.insight.health.pods import health_of_pod
from acp_tui.insight.health.rollup import judge_workload
from acp_tui.insight.health.workloads import health_of_workload, ready_of, rolling
from acp_tui.insight.manifest import WORKLOADS
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import (
    ContainerStatus,
    Generic,
    Job,
    LabelSelector,
    Pod,
    StateTerminated,
    Workload,
)
from acp_tui.model.refs import ObjectRef
from acp_tui.wire.kubernetes import decode_list, decode_one

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import Cluster, KindTable

_TEMPLATE_LABELS = ("pod-template-hash", "controller-revision-hash")
_HOPELESS = frozenset({"CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})


class PodState(Struct, frozen=True):
    """One pod of a workload; `hopeless` is true for what does not heal by waiting.

    `container` is the one to listen to, empty where none ran yet; `crashed`: its last run ended, as `ended` says.
    """

    uid: str
    name: str
    template: str
    verdict: Verdict
    hopeless: bool
    restarts: int
    container: str = ""
    crashed: bool = False
    ended: str = ""


class RunningTemplate(Struct, frozen=True):
    """A pod template some pods of a Deployment run with, and how many."""

    template: dict[str, Any]
    pods: int


class ObjectState(Struct, frozen=True):
    """One object; `body` is None where it is not there or could not be read (`problem` says why).

    `own` is the object's own word, `verdict` that word and its pods' together.
    """

    ref: ObjectRef
    body: dict[str, Any] | None = None
    problem: str = ""
    verdict: Verdict = Verdict(Health.MISSING, "not there")
    own: Verdict = Verdict(Health.MISSING, "not there")
    ready: int = 0
    wanted: int = 0
    pods: tuple[PodState, ...] = ()
    templates: tuple[RunningTemplate, ...] = ()

    @property
    def there(self) -> bool:
        return self.body is not None

    @property
    def deleting(self) -> bool:
        return bool(self._metadata.get("deletionTimestamp"))

    @property
    def generation(self) -> int:
        found = self._metadata.get("generation")
        return found if isinstance(found, int) else 0

    @property
    def _metadata(self) -> dict[str, Any]:
        found = self.body.get("metadata") if self.body else None
        return found if isinstance(found, dict) else {}


Snapshot = dict[str, ObjectState]
"""Object states by the key of their ref."""


async def observe(
    cluster: Cluster, refs: Iterable[ObjectRef], *, kinds: KindTable, now: float, planning: bool = False
) -> Snapshot:
    """Reads every object, and the pods of workloads; what cannot be read has a problem and UNKNOWN health.

    For `planning` the templates that pods of a Deployment run with are read instead of the pods.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    wanted = {ref.key: ref for ref in refs}
    at_hand = await read_many(cluster.transport, kinds, tuple(wanted.values()))
    look = _Look(cluster.transport, kinds, now, planning=planning, at_hand=at_hand)

    async def one(ref: ObjectRef) -> ObjectState:
        async with gate:
            return await look.at(ref)

    states = await asyncio.gather(*(one(ref) for ref in wanted.values()))
    return dict(zip(wanted, states, strict=True))


class _Look:
    """One round of reading."""

    def __init__(
        self, transport: Transport, kinds: KindTable, now: float, *, planning: bool, at_hand: Mapping[str, bytes]
    ) -> None:
        self._at_hand = at_hand
        self._transport = transport
        self._kinds = kinds
        self._now = now
        self._planning = planning

    async def at(self, ref: ObjectRef) -> ObjectState:
        from acp_tui.clients.errors import NotFound

        kind = self._kinds.by_gk(ref.group, ref.kind)
        if kind is None:
            missing = Verdict(Health.MISSING, f"the server does not serve {ref.kind}")
            return ObjectState(ref, verdict=missing, own=missing)
        try:
            data = self._at_hand.get(ref.key)
            if data is None:
                data = (await self._transport.get(kind.path(ref.namespace, ref.name))).body
            # Items of a list do not say what they are.
            body = {"apiVersion": kind.api_version, "kind": ref.kind, **_decoded(data)}
            if (ref.group, ref.kind) in WORKLOADS:
                return await self._workload(ref, data, body)
            verdict = _verdict(ref, data, self._now)
        except NotFound:
            return ObjectState(ref)
        except AcpTuiError as error:
            unknown = Verdict(Health.UNKNOWN, error.title)
            return ObjectState(ref, problem=error.title, verdict=unknown, own=unknown)
        return ObjectState(ref, body=body, verdict=verdict, own=verdict)

    async def _workload(self, ref: ObjectRef, data: bytes, body: dict[str, Any]) -> ObjectState:
        workload = decode_one(data, Workload)
        words = selector_words(workload.spec.selector if workload.spec else None)
        pods = await self._pods(ref, words) if not self._planning else ()
        templates = await self._templates(ref, words, workload.metadata.uid or "") if self._planning else ()
        own = health_of_workload(ref.kind, workload, now=self._now)
        judged = [(pod.template, pod.verdict) for pod in pods]
        verdict = judge_workload(own, rolling=rolling(ref.kind, workload), pods=judged)
        ready, wanted = ready_of(ref.kind, workload)
        return ObjectState(
            ref, body=body, verdict=verdict, own=own, ready=ready, wanted=wanted, pods=pods, templates=templates
        )

    async def _pods(self, ref: ObjectRef, words: str) -> tuple[PodState, ...]:
        """Pods a workload selects; another one with the same labels would be counted too, as for any selector."""
        kind = self._kinds.by_gk("", "Pod")
        if not words or kind is None:
            return ()
        answer = await self._transport.get(kind.path(ref.namespace), params={"labelSelector": words})
        return tuple(_pod(pod, self._now) for pod in decode_list(answer.body, Pod).items if not _finished(pod))

    async def _templates(self, ref: ObjectRef, words: str, uid: str) -> tuple[RunningTemplate, ...]:
        kind = self._kinds.by_gk("apps", "ReplicaSet")
        if ref.kind != "Deployment" or not words or kind is None:
            return ()
        answer = await self._transport.get(kind.path(ref.namespace), params={"labelSelector": words})
        return tuple(_running_templates(_decoded(answer.body), uid))


def _running_templates(page: dict[str, Any], uid: str) -> Iterable[RunningTemplate]:
    """Of the ReplicaSets a Deployment owns, those that have ready pods."""
    for body in page.get("items") or ():
        owners = (body.get("metadata") or {}).get("ownerReferences") or ()
        template = (body.get("spec") or {}).get("template")
        ready = (body.get("status") or {}).get("readyReplicas")
        if ready and isinstance(template, dict) and any(owner.get("uid") == uid for owner in owners):
            yield RunningTemplate(template=template, pods=int(ready))


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _verdict(ref: ObjectRef, data: bytes, now: float) -> Verdict:
    match ref.kind:
        case "Pod":
            return health_of_pod(decode_one(data, Pod), now=now)
        case "Job":
            return health_of_job(decode_one(data, Job))
        case "CronJob":
            return health_of_cron_job(decode_one(data, Job))
    return health_of_generic(ref.kind, decode_one(data, Generic))


def _finished(pod: Pod) -> bool:
    return bool(pod.metadata.deletion_timestamp) or (pod.status is not None and pod.status.phase == "Succeeded")


def _pod(pod: Pod, now: float) -> PodState:
    labels = pod.metadata.labels or {}
    return PodState(
        uid=pod.metadata.uid or "",
        name=pod.metadata.name or "",
        template=next((found for label in _TEMPLATE_LABELS if (found := labels.get(label))), ""),
        verdict=health_of_pod(pod, now=now),
        hopeless=_hopeless(pod) and explain_pod(pod) is not None,
        restarts=restarts(pod),
        **_speaker(pod),
    )


def _speaker(pod: Pod) -> dict[str, Any]:
    """The container whose words matter: one that ended badly, else the first that runs and is not ready."""
    statuses = container_statuses(pod)
    for status in statuses:
        over = (status.state and status.state.terminated) or (status.last_state and status.last_state.terminated)
        if over and over.exit_code:
            crashed = not (status.state and status.state.terminated)
            return {"container": status.name or "", "crashed": crashed, "ended": ended_words(over)}
    running = [status for status in statuses if status.state and status.state.running]
    chosen = next((status for status in running if not status.ready), next(iter(running), None))
    return {"container": (chosen.name or "") if chosen else ""}


def container_statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    """Init containers first, as they run."""
    status = pod.status
    if status is None:
        return ()
    return (*(status.init_container_statuses or ()), *(status.container_statuses or ()))


def ended_words(over: StateTerminated) -> str:
    """`exit 1, Error: disk full`."""
    words = [f"exit {over.exit_code}"] if over.exit_code is not None else []
    said = ", ".join([*words, *([over.reason] if over.reason else [])])
    return f"{said}: {over.message.strip()}" if over.message else said


def _hopeless(pod: Pod) -> bool:
    status = pod.status
    if status is None:
        return False
    waiting = (
        each.state.waiting.reason
        for each in (*(status.container_statuses or ()), *(status.init_container_statuses or ()))
        if each.state and each.state.waiting
    )
    return any(reason in _HOPELESS for reason in waiting)


def selector_words(selector: LabelSelector | None) -> str:
    """A label selector as the query parameter has it: `app=web,tier in (a,b),!canary`; empty selects nothing."""
    if selector is None:
        return ""
    words = [f"{key}={value or ''}" for key, value in (selector.match_labels or {}).items()]
    for each in selector.match_expressions or ():
        values = f"({','.join(each.values or ())})"
        match each.operator:
            case "In":
                words.append(f"{each.key} in {values}")
            case "NotIn":
                words.append(f"{each.key} notin {values}")
            case "Exists":
                words.append(f"{each.key}")
            case "DoesNotExist":
                words.append(f"!{each.key}")
    return ",".join(words)


def pods_ready(states: Sequence[ObjectState]) -> tuple[int, int]:
    """Ready and wanted pods over several workloads."""
    return sum(state.ready for state in states), sum(state.wanted for state in states)


def bodies_of(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Live objects that could be read."""
    return [state.body for state in snapshot.values() if state.body is not None]
