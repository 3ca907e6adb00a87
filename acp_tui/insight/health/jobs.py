"""How well a Job or CronJob is."""

from __future__ import annotations

from acp_tui.insight.explain import condition
from acp_tui.insight.phrases import cause
from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Job, JobSpec, JobStatus


def health_of_job(job: Job) -> Verdict:
    spec, status = job.spec or JobSpec(), job.status or JobStatus()
    failed = condition(status.conditions, "Failed")
    if failed is not None and failed.status == "True":
        return Verdict(
            Health.DEGRADED, cause(failed.reason or "Failed", failed.message), epoch(failed.last_transition_time)
        )
    if finished(job):
        return Verdict(Health.HEALTHY, "complete")
    if spec.suspend:
        return Verdict(Health.SUSPENDED, "suspended")
    active = status.active if isinstance(status.active, int) else 0
    tries = f", {status.failed} failed tries" if status.failed else ""
    return Verdict(Health.PROGRESSING, f"{active} active{tries}", epoch(status.start_time))


def health_of_cron_job(job: Job) -> Verdict:
    """Degraded when the last run that was due did not succeed and none is running (Argo CD's rule)."""
    spec, status = job.spec or JobSpec(), job.status or JobStatus()
    if spec.suspend:
        return Verdict(Health.SUSPENDED, "suspended")
    if status.active:
        return Verdict(Health.HEALTHY, "running now")
    scheduled, succeeded = epoch(status.last_schedule_time), epoch(status.last_successful_time)
    if scheduled is None:
        return Verdict(Health.HEALTHY, "not due yet")
    if succeeded is None or succeeded < scheduled:
        return Verdict(Health.DEGRADED, "the last run did not succeed", scheduled)
    return Verdict(Health.HEALTHY)


def finished(job: Job) -> bool:
    """True for a Job that completed well."""
    complete = condition(job.status.conditions if job.status else None, "Complete")
    return complete is not None and complete.status == "True"
