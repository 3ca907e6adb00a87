"""DaemonSet: one pod on every node that is fit, replaced one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers.context import DAEMONSETS, NODES, PODS, is_active, is_ready
from acp_tui.sim.controllers.deployment import share, template_hash
from acp_tui.sim.controllers.pods import VIRTUAL_NODE
from acp_tui.sim.controllers.replicaset import pod_from
from acp_tui.sim.controllers.statefulset import REVISION

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import Stored

_SOURCE = "daemonset-controller"


class DaemonSets:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        ds = self._context.get(DAEMONSETS, namespace, name)
        if ds is None or ds["metadata"].get("deletionTimestamp"):
            return
        mark = template_hash(ds["spec"]["template"])
        stored = self._context.owners.of(ds["metadata"]["uid"], PODS)
        pods = [(s, pod) for s in stored if is_active(pod := s.obj())]
        on_node = {pod["spec"].get("nodeName"): (s, pod) for s, pod in pods}
        nodes = self._nodes(ds)
        for node in nodes:
            if node not in on_node and len(stored) - len(pods) == 0:
                self._create(ds, node, mark)
        for node, (old, _) in on_node.items():
            if node not in nodes:
                self._context.delete(PODS, old)
        self._update(ds, on_node, mark, len(nodes))
        self._report(ds, mark, len(nodes))

    def _nodes(self, ds: Obj) -> list[str]:
        wanted = ds["spec"]["template"]["spec"].get("nodeSelector") or {}
        nodes = [s for s in self._context.store.all(NODES) if all(s.labels.get(k) == v for k, v in wanted.items())]
        if not nodes and not self._context.store.count(NODES):
            return [VIRTUAL_NODE]
        return [s.name for s in nodes]

    def _create(self, ds: Obj, node: str, mark: str) -> None:
        pod = pod_from(ds, ds["spec"]["template"])
        pod["metadata"]["labels"][REVISION] = mark
        pod["spec"] = {**pod["spec"], "nodeName": node}
        try:
            made = self._context.create(PODS, pod, ds["metadata"]["namespace"])
        except ApiError as error:
            self._context.event(ds, "FailedCreate", f"Error creating: {error.message}", source=_SOURCE, warning=True)
            self._context.queue(DAEMONSETS, ds["metadata"]["namespace"], ds["metadata"]["name"], delay=4.0)
            return
        self._context.event(ds, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=_SOURCE)

    def _update(self, ds: Obj, on_node: dict[str, tuple[Stored, Obj]], mark: str, wanted: int) -> None:
        strategy = ds["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        allowed = max(1, share((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), wanted, up=True))
        unready = wanted - sum(is_ready(pod) for _, pod in on_node.values())
        for _, pod in on_node.values():
            if pod["metadata"]["labels"].get(REVISION) == mark or unready >= allowed:
                continue
            stored = self._context.store.get(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
            if stored is not None:
                self._context.delete(PODS, stored)
                unready += 1

    def _report(self, ds: Obj, mark: str, wanted: int) -> None:
        pods = [s.obj() for s in self._context.owners.of(ds["metadata"]["uid"], PODS)]
        active = [pod for pod in pods if is_active(pod)]
        ready = sum(is_ready(pod) for pod in active)
        status: Obj = {
            "observedGeneration": ds["metadata"].get("generation", 1),
            "desiredNumberScheduled": wanted,
            "currentNumberScheduled": len(active),
            "numberReady": ready,
            "numberAvailable": ready,
            "numberMisscheduled": 0,
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(REVISION) == mark for pod in active),
        }
        if wanted > ready:
            status["numberUnavailable"] = wanted - ready
        self._context.set_status(DAEMONSETS, ds, status)
