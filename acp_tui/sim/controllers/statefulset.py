"""StatefulSet: named pods one after the other, each with its claims, updated from the last to the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers.context import PODS, STATEFULSETS, is_ready
from acp_tui.sim.controllers.deployment import template_hash
from acp_tui.sim.controllers.replicaset import pod_from

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import Stored

REVISION = "controller-revision-hash"
_SOURCE = "statefulset-controller"


def revision_of(sts: Obj) -> str:
    return f"{sts['metadata']['name']}-{template_hash(sts['spec']['template'])}"


class StatefulSets:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        sts = self._context.get(STATEFULSETS, namespace, name)
        if sts is None or sts["metadata"].get("deletionTimestamp"):
            return
        revision = revision_of(sts)
        wanted = sts["spec"].get("replicas", 1)
        pods: dict[int, tuple[Stored, Obj]] = {}
        for stored in self._context.owners.of(sts["metadata"]["uid"], PODS):
            pods[int(stored.name.rpartition("-")[2])] = (stored, stored.obj())
        self._move(sts, pods, wanted, revision)
        self._report(sts, revision)

    def _move(self, sts: Obj, pods: dict[int, tuple[Stored, Obj]], wanted: int, revision: str) -> None:
        """One step: create the next missing, else remove one too many, else update one that is behind."""
        parallel = sts["spec"].get("podManagementPolicy") == "Parallel"
        for ordinal in range(wanted):
            if ordinal not in pods:
                self._create(sts, ordinal, revision)
                if not parallel:
                    return
            elif (
                not is_ready(pods[ordinal][1])
                and not parallel
                and pods[ordinal][1]["metadata"]["labels"].get(REVISION) == revision
            ):
                return
        for ordinal in sorted(pods, reverse=True):
            stored, pod = pods[ordinal]
            if ordinal >= wanted and not pod["metadata"].get("deletionTimestamp"):
                self._context.delete(PODS, stored)
                return
        self._update(sts, pods, revision)

    def _update(self, sts: Obj, pods: dict[int, tuple[Stored, Obj]], revision: str) -> None:
        """Replace the last pod that is behind, if all after it are ready."""
        strategy = sts["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for ordinal in sorted(pods, reverse=True):
            stored, pod = pods[ordinal]
            if ordinal < partition or pod["metadata"].get("deletionTimestamp"):
                return
            if pod["metadata"]["labels"].get(REVISION) != revision:
                self._context.delete(PODS, stored)
                message = f"delete Pod {stored.name} in StatefulSet {sts['metadata']['name']} successful"
                self._context.event(sts, "SuccessfulDelete", message, source=_SOURCE)
                return
            if not is_ready(pod):
                return

    def _create(self, sts: Obj, ordinal: int, revision: str) -> None:
        meta = sts["metadata"]
        name = f"{meta['name']}-{ordinal}"
        pod = pod_from(sts, sts["spec"]["template"], name=name)
        pod["metadata"]["labels"] |= {
            REVISION: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        pod["spec"] = {**pod["spec"], "hostname": name}
        for claim in sts["spec"].get("volumeClaimTemplates") or []:
            claim_name = f"{claim['metadata']['name']}-{name}"
            volume = {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}}
            pod["spec"]["volumes"] = [*(pod["spec"].get("volumes") or []), volume]
            if self._context.store.get(("", "persistentvolumeclaims"), meta["namespace"], claim_name) is None:
                made = {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": claim_name, "labels": (sts["spec"]["selector"].get("matchLabels") or {})},
                    "spec": claim["spec"],
                }
                self._context.create(("", "persistentvolumeclaims"), made, meta["namespace"])
        try:
            self._context.create(PODS, pod, meta["namespace"])
        except ApiError as error:
            message = f"create Pod {name} in StatefulSet {meta['name']} failed error: {error.message}"
            self._context.event(sts, "FailedCreate", message, source=_SOURCE, warning=True)
            self._context.queue(STATEFULSETS, meta["namespace"], meta["name"], delay=4.0)
            return
        message = f"create Pod {name} in StatefulSet {meta['name']} successful"
        self._context.event(sts, "SuccessfulCreate", message, source=_SOURCE)

    def _report(self, sts: Obj, revision: str) -> None:
        pods = [s.obj() for s in self._context.owners.of(sts["metadata"]["uid"], PODS)]
        updated = sum(pod["metadata"]["labels"].get(REVISION) == revision for pod in pods)
        ready = sum(is_ready(pod) for pod in pods)
        old = sts.get("status") or {}
        wanted = sts["spec"].get("replicas", 1)
        done = updated == len(pods) == wanted and ready == wanted
        current = revision if done else old.get("currentRevision") or revision
        status: Obj = {
            "observedGeneration": sts["metadata"].get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentReplicas": sum(pod["metadata"]["labels"].get(REVISION) == current for pod in pods),
            "updatedReplicas": updated,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        self._context.set_status(STATEFULSETS, sts, status)
