"""How well a Deployment, StatefulSet, DaemonSet or ReplicaSet is by its own status, pods not looked at."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.insight.explain import STALLED_AFTER, condition
from acp_tui.insight.refusals import refusal
from acp_tui.insight.times import epoch, span
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Condition, Workload, WorkloadSpec, WorkloadStatus

_OK = Verdict(Health.HEALTHY)


def health_of_workload(kind: str, workload: Workload, *, now: float | None = None) -> Verdict:
    """Argo CD's rules, with kstatus' generation rule for all and a verdict of its own for "nothing is wanted"."""
    meta = workload.metadata
    if meta.deletion_timestamp:
        return Verdict(Health.PROGRESSING, "Terminating", epoch(meta.deletion_timestamp))
    spec, status = workload.spec or WorkloadSpec(), workload.status
    if status is None:
        return Verdict(Health.PROGRESSING, "no status yet")
    if (meta.generation or 0) > (status.observed_generation or 0):
        return Verdict(Health.PROGRESSING, "its controller has not seen the last change yet")
    if kind == "DaemonSet":
        return _daemon_set(spec, status)
    failure = condition(status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return Verdict(Health.DEGRADED, refusal(failure.message), epoch(failure.last_transition_time))
    if wanted_replicas(workload) == 0 and not status.replicas:
        return Verdict(Health.SUSPENDED, "scaled to 0")
    if kind == "Deployment":
        return _deployment(spec, status, now)
    if kind == "StatefulSet":
        return _stateful_set(spec, status)
    return _count("available", status.available_replicas, _replicas(spec))


def wanted_replicas(workload: Workload) -> int:
    return _replicas(workload.spec or WorkloadSpec())


def ready_of(kind: str, workload: Workload) -> tuple[int, int]:
    """Ready and wanted pods."""
    status = workload.status or WorkloadStatus()
    if kind == "DaemonSet":
        return status.number_ready or 0, status.desired_number_scheduled or 0
    return status.ready_replicas or 0, wanted_replicas(workload)


def rolling(kind: str, workload: Workload) -> bool:
    """True while old and new pods of the workload stand side by side or are about to."""
    status = workload.status
    if status is None or (workload.metadata.generation or 0) > (status.observed_generation or 0):
        return True
    if kind == "Deployment":
        updated = status.updated_replicas or 0
        return updated < wanted_replicas(workload) or (status.replicas or 0) > updated
    if kind == "StatefulSet":
        return bool(status.update_revision) and status.current_revision != status.update_revision
    if kind == "DaemonSet":
        return (status.updated_number_scheduled or 0) < (status.desired_number_scheduled or 0)
    return False


def _replicas(spec: WorkloadSpec) -> int:
    return 1 if spec.replicas is None else spec.replicas


def _count(word: str, have: int | None, want: int) -> Verdict:
    if (have or 0) < want:
        return Verdict(Health.PROGRESSING, f"{have or 0}/{want} {word}")
    return _OK


def _deployment(spec: WorkloadSpec, status: WorkloadStatus, now: float | None) -> Verdict:
    progressing = condition(status.conditions, "Progressing")
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        limit = spec.progress_deadline_seconds or 600
        return Verdict(Health.DEGRADED, f"no progress within {limit} s", epoch(progressing.last_transition_time))
    if spec.paused:
        return Verdict(Health.SUSPENDED, "rollout paused")
    want, updated = _replicas(spec), status.updated_replicas or 0
    starved = _unavailable(status.conditions, status.available_replicas or 0, want, now)
    if starved is not None:
        return starved
    if updated < want:
        return Verdict(Health.PROGRESSING, f"{updated}/{want} updated")
    if (status.replicas or 0) > updated:
        return Verdict(Health.PROGRESSING, f"{(status.replicas or 0) - updated} old pods left")
    if (verdict := _count("available", status.available_replicas, min(want, updated))) is not _OK:
        return verdict
    return _count("ready", status.ready_replicas, want)


def _unavailable(conditions: Sequence[Condition] | None, have: int, want: int, now: float | None) -> Verdict | None:
    """Below its minimum for longer than starting takes."""
    available = condition(conditions, "Available")
    if available is None or available.status != "False" or now is None:
        return None
    since = epoch(available.last_transition_time)
    if since is None or now - since < STALLED_AFTER:
        return None
    return Verdict(Health.DEGRADED, f"{have}/{want} available for {span(now - since)}", since)


def _stateful_set(spec: WorkloadSpec, status: WorkloadStatus) -> Verdict:
    want = _replicas(spec)
    if (verdict := _count("ready", status.ready_replicas, want)) is not _OK:
        return verdict
    strategy = spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return _OK
    partition = strategy.rolling_update.partition if strategy and strategy.rolling_update else None
    if partition:
        return _count("updated", status.updated_replicas, want - partition)
    if status.update_revision and status.current_revision != status.update_revision:
        return Verdict(Health.PROGRESSING, f"{status.updated_replicas or 0}/{want} updated")
    return _OK


def _daemon_set(spec: WorkloadSpec, status: WorkloadStatus) -> Verdict:
    want = status.desired_number_scheduled or 0
    if want == 0:
        return Verdict(Health.SUSPENDED, "no node wants it")
    strategy = spec.update_strategy
    if strategy is None or strategy.type != "OnDelete":
        verdict = _count("updated", status.updated_number_scheduled, want)
        if verdict is not _OK:
            return verdict
    if (verdict := _count("available", status.number_available, want)) is not _OK:
        return verdict
    return _count("ready", status.number_ready, want)
