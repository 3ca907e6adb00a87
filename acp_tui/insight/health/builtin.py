"""One door to all health rules, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acp_tui.insight.health.custom import NO_RULE, health_of_generic
from acp_tui.insight.health.jobs import health_of_cron_job, health_of_job
from acp_tui.insight.health.nodes import health_of_node
from acp_tui.insight.health.pods import health_of_pod
from acp_tui.insight.health.rollup import judge_workload
from acp_tui.insight.health.workloads import health_of_workload, rolling
from acp_tui.model.health import Health, Verdict
from acp_tui.model.network import Ingress, Service
from acp_tui.model.objects import Generic, Job, Meta, Node, Pod, Workload

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_TEMPLATE_LABELS = ("pod-template-hash", "controller-revision-hash")


def health_of(kind: str, obj: Any, *, pods: Sequence[Pod] = (), now: float | None = None) -> Verdict:
    """The verdict on one object; `pods` are those a workload owns or a Service selects.

    An object of a kind nobody has a rule for is UNKNOWN, never healthy.
    """
    match obj:
        case Pod():
            return health_of_pod(obj, now=now)
        case Workload():
            judged = [(template_of(pod.metadata), health_of_pod(pod, now=now)) for pod in pods]
            own = health_of_workload(kind, obj, now=now)
            return judge_workload(own, rolling=rolling(kind, obj), pods=judged)
        case Job():
            return health_of_cron_job(obj) if kind == "CronJob" else health_of_job(obj)
        case Node():
            return health_of_node(obj)
        case Service():
            return health_of_service(obj, [health_of_pod(pod, now=now) for pod in pods])
        case Ingress():
            told = ", ".join(obj.addresses)
            return Verdict(Health.HEALTHY, told) if told else Verdict(Health.PROGRESSING, "no address yet")
        case Generic():
            return health_of_generic(kind, obj)
    return Verdict(Health.UNKNOWN, NO_RULE)


def template_of(meta: Meta) -> str:
    """What tells pods of one revision of a workload from those of another."""
    labels = meta.labels or {}
    return next((value for key in _TEMPLATE_LABELS if (value := labels.get(key))), "")


def health_of_service(service: Service, selected: Sequence[Verdict] | None) -> Verdict:
    """A Service that selects pods needs a ready one, one of type LoadBalancer an address from outside as well.

    `selected` are the verdicts on the pods, None where nobody looked.
    """
    spec = service.spec
    inside = Verdict(Health.HEALTHY)
    if spec is not None and spec.selector and spec.type != "ExternalName":
        inside = _health_of_endpoints(selected)
    if inside.health is Health.HEALTHY and spec is not None and spec.type == "LoadBalancer" and not service.addresses:
        return Verdict(Health.PROGRESSING, "no address yet")
    return inside


def _health_of_endpoints(selected: Sequence[Verdict] | None) -> Verdict:
    if selected is None:
        return Verdict(Health.UNKNOWN, NO_RULE)
    ready = sum(1 for each in selected if each.health is Health.HEALTHY)
    if ready:
        return Verdict(Health.HEALTHY, f"{ready} ready endpoints")
    if not selected:
        return Verdict(Health.SUSPENDED, "selects no pods")
    return Verdict(Health.DEGRADED, f"none of its {len(selected)} pods is ready")
