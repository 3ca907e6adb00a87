"""How well an object is that only its conditions and phase tell about: custom resources, claims, namespaces, scalers.

Kinds no rule fits get UNKNOWN with NO_RULE; roll-ups leave those out, so that one odd kind does not hide the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.insight.explain import condition
from acp_tui.insight.phrases import cause
from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Condition, ConditionsStatus, Generic

NO_RULE = "no known health rule"
_BAD = ("Stalled", "Failed", "Failure", "Degraded", "Error", "ReplicaFailure")
_GOOD = ("Ready", "Available", "Healthy", "Synced", "Succeeded", "Complete", "Established", "Programmed", "Accepted")
_BUSY = ("Reconciling", "Progressing")
_FAILED_WORDS = ("fail", "error", "invalid", "denied", "forbidden", "notfound", "conflict", "exceeded", "backoff")
_PHASES = {
    Health.HEALTHY: frozenset(
        {
            "active",
            "available",
            "bound",
            "complete",
            "completed",
            "healthy",
            "ready",
            "running",
            "succeeded",
            "success",
            "synced",
            "deployed",
            "normal",
        }
    ),
    Health.PROGRESSING: frozenset(
        {
            "creating",
            "deploying",
            "initializing",
            "installing",
            "pending",
            "processing",
            "progressing",
            "provisioning",
            "reconciling",
            "terminating",
            "updating",
            "upgrading",
            "waiting",
            "partialsynced",
            "deleting",
        }
    ),
    Health.DEGRADED: frozenset(
        {
            "abnormal",
            "crashed",
            "degraded",
            "deployfailed",
            "error",
            "failed",
            "failure",
            "lost",
            "unhealthy",
            "upgradefailed",
            "unavailable",
        }
    ),
    Health.SUSPENDED: frozenset({"paused", "stopped", "suspended", "disabled"}),
}
_SCALER_BAD = frozenset({"FailedGetScale", "FailedUpdateScale", "FailedGetResourceMetric", "InvalidSelector"})
INERT = frozenset(
    [
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "ControllerRevision",
        "Endpoints",
        "EndpointSlice",
        "IngressClass",
        "Lease",
        "LimitRange",
        "MutatingWebhookConfiguration",
        "NetworkPolicy",
        "PodMonitor",
        "PriorityClass",
        "PrometheusRule",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
        "ServiceMonitor",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    ]
)
"""Kinds that are as well as they can be by being there: nothing reconciles them into anything."""


def health_of_generic(kind: str, obj: Generic) -> Verdict:
    meta, status = obj.metadata, obj.status
    if meta.deletion_timestamp:
        return Verdict(Health.PROGRESSING, "Terminating", epoch(meta.deletion_timestamp))
    if kind in INERT:
        return Verdict(Health.HEALTHY)
    if status is None:
        return Verdict(Health.UNKNOWN, NO_RULE)
    if status.observed_generation is not None and (meta.generation or 0) > status.observed_generation:
        return Verdict(Health.PROGRESSING, "its controller has not seen the last change yet")
    if kind == "HorizontalPodAutoscaler":
        return _scaler(status.conditions)
    phase = _by_phase(status)
    if phase is not None and phase.health is Health.DEGRADED:
        # Captain, for one, leaves conditions of the last good state beside the phase Failed.
        told = _by_conditions(status.conditions)
        return told if told is not None and told.health is Health.DEGRADED else phase
    return _by_conditions(status.conditions) or phase or Verdict(Health.UNKNOWN, NO_RULE)


def _by_conditions(conditions: Sequence[Condition] | None) -> Verdict | None:
    """A bad condition beats a good one, and a generic "Ready: False" is bad only where its words say so."""
    for kind in _BAD:
        found = condition(conditions, kind)
        if found is not None and found.status == "True":
            return _verdict(Health.DEGRADED, found)
    for kind in _GOOD:
        found = condition(conditions, kind)
        if found is None:
            continue
        if found.status == "True":
            return _busy(conditions) or Verdict(Health.HEALTHY)
        words = f"{found.reason or ''} {found.message or ''}".lower()
        failed = found.status == "False" and any(word in words for word in _FAILED_WORDS)
        return _verdict(Health.DEGRADED if failed else Health.PROGRESSING, found)
    return _busy(conditions)


def _busy(conditions: Sequence[Condition] | None) -> Verdict | None:
    for kind in _BUSY:
        found = condition(conditions, kind)
        if found is not None and found.status == "True" and kind == "Reconciling":
            return _verdict(Health.PROGRESSING, found)
    return None


def _by_phase(status: ConditionsStatus) -> Verdict | None:
    phase = (status.phase or "").lower()
    for health, words in _PHASES.items():
        if phase in words:
            return Verdict(health, "" if health is Health.HEALTHY else status.phase or "")
    return None


def _scaler(conditions: Sequence[Condition] | None) -> Verdict:
    """Argo CD's rule for autoscalers: what it cannot read or reach is bad, being at a limit is not."""
    for each in conditions or ():
        if each.reason in _SCALER_BAD:
            return _verdict(Health.DEGRADED, each)
    able = condition(conditions, "AbleToScale")
    if able is not None and able.status == "True":
        return Verdict(Health.HEALTHY)
    return Verdict(Health.PROGRESSING, "waits for its first metrics")


def _verdict(health: Health, found: Condition) -> Verdict:
    return Verdict(health, cause(found.reason or found.type or "", found.message), epoch(found.last_transition_time))
