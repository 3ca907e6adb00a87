"""How well a node is."""

from __future__ import annotations

from acp_tui.insight.explain import condition
from acp_tui.insight.phrases import cause
from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Node

_PRESSURE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def health_of_node(node: Node) -> Verdict:
    """Ready Unknown means that the kubelet is silent: degraded, since pods are about to be moved.

    Under pressure a node still works, but it takes no new pods and may evict those it has.
    """
    conditions = node.status.conditions if node.status else None
    ready = condition(conditions, "Ready")
    if ready is None:
        return Verdict(Health.UNKNOWN, "no readiness reported yet")
    if ready.status != "True":
        silent = "kubelet silent" if ready.status == "Unknown" else "NotReady"
        return Verdict(Health.DEGRADED, cause(silent, ready.message), epoch(ready.last_transition_time))
    for kind in _PRESSURE:
        found = condition(conditions, kind)
        if found is not None and found.status == "True":
            return Verdict(Health.PROGRESSING, cause(kind, found.message), epoch(found.last_transition_time))
    if node.spec is not None and node.spec.unschedulable:
        return Verdict(Health.SUSPENDED, "cordoned")
    return Verdict(Health.HEALTHY)


def is_ready(node: Node) -> bool:
    ready = condition(node.status.conditions if node.status else None, "Ready")
    return ready is not None and ready.status == "True"
