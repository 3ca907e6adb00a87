"""The status of Application objects, as the platform counts it from an application's workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.controllers.context import DEPLOYMENTS, STATEFULSETS
from acp_tui.sim.selectors import matches_labels, of_object

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import KindTable, Obj
    from acp_tui.sim.store import Store

APPLICATIONS = ("app.k8s.io", "applications")
INSTANCE = "app.kubernetes.io/instance"


class Applications:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        if self._context.kinds.find(*APPLICATIONS) is None:
            return
        app = self._context.get(APPLICATIONS, namespace, name)
        if app is not None:
            self._context.set_status(APPLICATIONS, app, status_of(app, self._context.store, self._context.kinds))


def status_of(app: Obj, store: Store, kinds: KindTable) -> Obj:
    """Words and counts of an application's status: Running, Partially Running, Failed, Stopped."""
    namespace = app["metadata"]["namespace"]
    wanted = of_object(app["spec"].get("selector")) or ()
    rows: list[Obj] = []
    for kind in (DEPLOYMENTS, STATEFULSETS):
        resource = kinds.find(*kind)
        for stored in store.all(kind, namespace):
            if resource is not None and wanted and matches_labels(wanted, stored.labels):
                rows.append(_row(stored.obj(), resource.kind))
    ready = sum(row["status"] == "Running" for row in rows)
    if not rows:
        state = "No Computing Components"
    elif ready == len(rows):
        state = "Running"
    elif all(row["status"] == "Stopped" for row in rows):
        state = "Stopped"
    else:
        state = "Partially Running" if any(row["current"] for row in rows) else "Failed"
    return {
        "state": state,
        "observedGeneration": app["metadata"].get("generation", 1),
        "totalComponents": len(rows),
        "componentsReady": f"{ready}/{len(rows)}",
        "workloadsStatus": {"ready": ready, "pending": len(rows) - ready, "workloads": rows},
    }


def _row(workload: Obj, kind: str) -> Obj:
    status = workload.get("status") or {}
    desired = workload["spec"].get("replicas", 1)
    current = status.get("readyReplicas", 0)
    done = (
        current >= desired
        and status.get("updatedReplicas", desired) >= desired
        and status.get("replicas", desired) == desired
    )
    messages = [
        {"reason": c.get("reason", ""), "message": c.get("message", "")}
        for c in status.get("conditions") or []
        if c["status"] == "False"
    ]
    word = "Stopped" if desired == 0 else "Running" if done else "Processing"
    row: Obj = {
        "name": workload["metadata"]["name"],
        "kind": kind,
        "group": "apps",
        "status": word,
        "current": current,
        "desired": desired,
    }
    return {**row, "messages": messages} if messages else row
