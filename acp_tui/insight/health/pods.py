"""How well a pod is."""

from __future__ import annotations

from acp_tui.insight.explain import condition, explain_pod
from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Pod, PodStatus

OK = Verdict(Health.HEALTHY)


def health_of_pod(pod: Pod, *, now: float | None = None) -> Verdict:
    """Init containers count, other than for Argo CD; a pod nobody reports on is unknown, not fine."""
    status = pod.status
    phase = status.phase if status else None
    if phase == "Succeeded" or (status is not None and _plainly_well(pod, status)):
        return OK
    found = explain_pod(pod, now=now)
    if pod.metadata.deletion_timestamp:
        if found is not None and found.what.startswith("Terminating"):
            return Verdict(Health.DEGRADED, found.what, found.since)
        return Verdict(Health.PROGRESSING, "Terminating", epoch(pod.metadata.deletion_timestamp))
    if found is not None:
        return Verdict(found.health, found.what, found.since)
    if status is None or phase not in ("Running", "Pending"):
        return Verdict(Health.UNKNOWN, "its node reports nothing" if phase == "Unknown" else "no status yet")
    ready = condition(status.conditions, "Ready")
    if ready is None:
        return Verdict(Health.PROGRESSING, "no readiness reported yet")
    return OK


def _plainly_well(pod: Pod, status: PodStatus) -> bool:
    """Ready, never restarted, nothing beside its containers: most pods of a fleet, told apart without all the rules."""
    if status.phase != "Running" or pod.metadata.deletion_timestamp or status.init_container_statuses:
        return False
    for each in status.container_statuses or ():
        if not each.ready or each.restart_count:
            return False
    ready = condition(status.conditions, "Ready")
    return ready is not None and ready.status == "True"
