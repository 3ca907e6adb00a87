"""Job: pods until enough have finished, or until too many have failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers.context import JOBS, PODS, condition, is_active, is_ready
from acp_tui.sim.controllers.replicaset import pod_from
from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj

_SOURCE = "job-controller"


class Jobs:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        job = self._context.get(JOBS, namespace, name)
        if job is None or job["metadata"].get("deletionTimestamp"):
            return
        status = job.get("status") or {}
        over = [
            c for c in status.get("conditions") or [] if c["type"] in ("Complete", "Failed") and c["status"] == "True"
        ]
        if over:
            self._expire(job, status)
            return
        pods = [s.obj() for s in self._context.owners.of(job["metadata"]["uid"], PODS)]
        active = [pod for pod in pods if is_active(pod)]
        succeeded = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
        failed = sum(pod["status"].get("phase") == "Failed" for pod in pods)
        failed += sum(s.get("restartCount", 0) for pod in active for s in pod["status"].get("containerStatuses") or [])
        spec = job["spec"]
        wanted = spec.get("completions", 1)
        status = {**status, "startTime": status.get("startTime") or now_text()}
        if spec.get("suspend"):
            self._suspend(job, status, active)
            return
        late = self._is_late(job, status)
        if succeeded >= wanted:
            status["completionTime"] = now_text()
            self._finish(status, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
            self._context.event(job, "Completed", "Job completed", source=_SOURCE)
        elif late or failed > spec.get("backoffLimit", 6):
            reason = "DeadlineExceeded" if late else "BackoffLimitExceeded"
            message = (
                "Job was active longer than specified deadline"
                if late
                else "Job has reached the specified backoff limit"
            )
            self._finish(status, "Failed", reason, message)
            self._context.event(job, reason, message, source=_SOURCE, warning=True)
            for pod in active:
                stored = self._context.store.get(PODS, namespace, pod["metadata"]["name"])
                if stored is not None:
                    self._context.delete(PODS, stored)
            active = []
        else:
            self._start(job, min(spec.get("parallelism", 1), wanted - succeeded) - len(active))
            active = [s for s in self._context.owners.of(job["metadata"]["uid"], PODS) if is_active(s.obj())]  # type: ignore[misc]
        status |= {
            "active": len(active),
            "succeeded": succeeded,
            "failed": failed,
            "ready": sum(is_ready(p) for p in pods if is_active(p)),
            "terminating": 0,
            "uncountedTerminatedPods": {},
        }
        status = {k: v for k, v in status.items() if v or k in ("ready", "terminating", "uncountedTerminatedPods")}
        self._context.set_status(JOBS, job, status)

    def _start(self, job: Obj, count: int) -> None:
        for _ in range(max(0, count)):
            try:
                pod = self._context.create(PODS, pod_from(job, job["spec"]["template"]), job["metadata"]["namespace"])
            except ApiError as error:
                self._context.event(
                    job, "FailedCreate", f"Error creating: {error.message}", source=_SOURCE, warning=True
                )
                self._context.queue(JOBS, job["metadata"]["namespace"], job["metadata"]["name"], delay=4.0)
                return
            self._context.event(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", source=_SOURCE)

    def _is_late(self, job: Obj, status: Obj) -> bool:
        limit = job["spec"].get("activeDeadlineSeconds")
        if not limit:
            return False
        waited = (datetime.now(UTC) - datetime.fromisoformat(status["startTime"])).total_seconds()
        if waited < limit:
            left = (limit - waited) / self._context.pace + 0.2
            self._context.queue(JOBS, job["metadata"]["namespace"], job["metadata"]["name"], delay=left)
        return waited >= float(limit)

    @staticmethod
    def _finish(status: Obj, kind: str, reason: str, message: str) -> None:
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        status["conditions"] = [
            {**condition(each, met=True, reason=reason, message=message), "lastProbeTime": now_text()}
            for each in (first, kind)
        ]

    def _suspend(self, job: Obj, status: Obj, active: list[Obj]) -> None:
        for pod in active:
            stored = self._context.store.get(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
            if stored is not None:
                self._context.delete(PODS, stored)
        status["conditions"] = [
            condition(
                "Suspended", met=True, reason="JobSuspended", message="Job suspended", previous=status.get("conditions")
            )
        ]
        status.pop("startTime", None)
        self._context.set_status(JOBS, job, status)

    def _expire(self, job: Obj, status: Obj) -> None:
        """Remove a finished Job when its ttlSecondsAfterFinished is over."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        end = datetime.fromisoformat(status["conditions"][-1]["lastTransitionTime"])
        waited = (datetime.now(UTC) - end).total_seconds()
        meta = job["metadata"]
        stored = self._context.store.get(JOBS, meta["namespace"], meta["name"])
        if stored is not None and waited >= ttl:
            self._context.delete(JOBS, stored)
        else:
            self._context.queue(JOBS, meta["namespace"], meta["name"], delay=(ttl - waited) / self._context.pace + 0.2)
