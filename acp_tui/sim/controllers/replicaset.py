"""ReplicaSet: as many pods as asked for, and the reason where the server refuses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers.context import PODS, REPLICASETS, condition, is_active, is_ready, owner_reference

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import Stored

_BURST = 25  # pods made or removed in one go
_SOURCE = "replicaset-controller"


def pod_from(owner: Obj, template: Obj, *, name: str = "", prefix: str = "") -> Obj:
    """A pod of a template, owned by its controller."""
    meta = template.get("metadata") or {}
    made: Obj = {
        "labels": dict(meta.get("labels") or {}),
        "ownerReferences": [owner_reference(owner)],
        "namespace": owner["metadata"]["namespace"],
    }
    if meta.get("annotations"):
        made["annotations"] = dict(meta["annotations"])
    if name:
        made["name"] = name
    else:
        made["generateName"] = f"{prefix or owner['metadata']['name']}-"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": template["spec"]}


class ReplicaSets:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        rs = self._context.get(REPLICASETS, namespace, name)
        if rs is None or rs["metadata"].get("deletionTimestamp"):
            return
        pods = [(s, s.obj()) for s in self._context.owners.of(rs["metadata"]["uid"], PODS)]
        active = [(s, pod) for s, pod in pods if is_active(pod)]
        wanted = rs["spec"].get("replicas", 1)
        failure = ""
        if len(active) < wanted:
            failure = self._create(rs, min(_BURST, wanted - len(active)))
        elif len(active) > wanted:
            self._remove(rs, active, min(_BURST, len(active) - wanted))
        self._report(rs, failure)

    def _create(self, rs: Obj, count: int) -> str:
        """Make pods; the first refusal ends the round, is told, and is tried again."""
        for _ in range(count):
            try:
                pod = self._context.create(PODS, pod_from(rs, rs["spec"]["template"]), rs["metadata"]["namespace"])
            except ApiError as error:
                self._context.event(
                    rs, "FailedCreate", f"Error creating: {error.message}", source=_SOURCE, warning=True
                )
                self._context.queue(REPLICASETS, rs["metadata"]["namespace"], rs["metadata"]["name"], delay=4.0)
                return error.message
            self._context.event(rs, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", source=_SOURCE)
        return ""

    def _remove(self, rs: Obj, active: list[tuple[Stored, Obj]], count: int) -> None:
        """Not scheduled before not ready before the youngest, as Kubernetes chooses."""
        doomed = sorted(
            active,
            key=lambda pair: (bool(pair[1]["spec"].get("nodeName")), is_ready(pair[1]), -pair[0].rv),
        )
        for stored, _ in doomed[:count]:
            self._context.delete(PODS, stored)
            self._context.event(rs, "SuccessfulDelete", f"Deleted pod: {stored.name}", source=_SOURCE)

    def _report(self, rs: Obj, failure: str) -> None:
        pods = [s.obj() for s in self._context.owners.of(rs["metadata"]["uid"], PODS)]
        active = [pod for pod in pods if is_active(pod)]
        ready = sum(is_ready(pod) for pod in active)
        old = rs.get("status") or {}
        status: Obj = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": rs["metadata"].get("generation", 1),
        }
        if failure:
            status["conditions"] = [
                condition(
                    "ReplicaFailure", met=True, reason="FailedCreate", message=failure, previous=old.get("conditions")
                )
            ]
        status = {k: v for k, v in status.items() if v or k in ("replicas", "observedGeneration")}
        self._context.set_status(REPLICASETS, rs, status)
