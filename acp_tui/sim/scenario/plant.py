"""Puts running workloads into a cluster as if its controllers had made them long ago."""

from __future__ import annotations

import copy
import itertools
import zlib
from typing import TYPE_CHECKING

from acp_tui.sim import apply, defaults
from acp_tui.sim.controllers.context import owner_reference
from acp_tui.sim.controllers.deployment import REVISION, template_hash
from acp_tui.sim.controllers.network import slice_of
from acp_tui.sim.controllers.statefulset import REVISION as POD_REVISION
from acp_tui.sim.controllers.statefulset import revision_of
from acp_tui.sim.scenario.history import stamp
from acp_tui.sim.write import suffix

if TYPE_CHECKING:
    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj

_HASH = "pod-template-hash"


class Planter:
    """Seeds objects of one cluster; moments are epoch seconds."""

    def __init__(self, cluster: SimCluster, *, now: float) -> None:
        self.cluster = cluster
        self.now = now
        self._nodes = itertools.cycle(["sim-node"])
        self._pods: dict[tuple[str, str], list[Obj]] = {}  # namespace, instance -> pods behind services

    def use_nodes(self, names: list[str]) -> None:
        """Spread pods over these nodes from now on."""
        self._nodes = itertools.cycle(names)

    def put(self, obj: Obj, *, born: float, manager: str = "") -> Obj:
        """Seed one object, completed as the API server completes it, owned by a field manager."""
        resource = self.cluster.kinds.of_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise LookupError(f"{obj['apiVersion']} {obj['kind']}")
        meta = obj["metadata"]
        meta["uid"] = self.cluster.new_uid()
        meta["creationTimestamp"] = stamp(born)
        if resource.builtin:
            defaults.fill(obj, group=resource.group, plural=resource.plural)
        if "spec" in obj and resource.plural not in ("services", "namespaces", "nodes"):
            meta.setdefault("generation", 1)
        if manager:
            apply.track(None, obj, resource=resource, manager=manager)
            for entry in meta["managedFields"]:
                entry["time"] = stamp(born)
        self.cluster.seed(obj)
        return obj

    # -- workloads -------------------------------------------------------------------------------

    def deployment(self, obj: Obj, *, born: float, rolled: float, revision: int, manager: str = "helm") -> Obj:
        """A finished Deployment: its ReplicaSet and all its pods ready since shortly after `rolled`."""
        wanted = obj["spec"]["replicas"]
        obj["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
        obj["metadata"]["generation"] = revision
        defaults.fill(obj, group="apps", plural="deployments")
        mark = template_hash(obj["spec"]["template"])
        obj["status"] = deployment_status(wanted, at=rolled, first=born, generation=revision)
        progress = obj["status"]["conditions"][1]
        progress["message"] = f'ReplicaSet "{obj["metadata"]["name"]}-{mark}" has successfully progressed.'
        dep = self.put(obj, born=born, manager=manager)
        rs = self.replicaset(dep, dep["spec"]["template"], replicas=wanted, revision=revision, born=rolled)
        for _ in range(wanted):
            self.pod(rs, rs["spec"]["template"], born=rolled, prefix=rs["metadata"]["name"])
        return dep

    def replicaset(
        self,
        dep: Obj,
        template: Obj,
        *,
        replicas: int,
        revision: int,
        born: float,
        mark: str = "",
        ready: int | None = None,
    ) -> Obj:
        """A ReplicaSet of a Deployment; `mark` names it where the scenery wants a certain name."""
        mark = mark or template_hash(template)
        meta = dep["metadata"]
        labels = {**template["metadata"]["labels"], _HASH: mark}
        count = replicas if ready is None else ready
        status: Obj = {"replicas": replicas, "observedGeneration": 1}
        if replicas:
            status["fullyLabeledReplicas"] = replicas
        if count:
            status |= {"readyReplicas": count, "availableReplicas": count}
        selector = {**dep["spec"]["selector"]["matchLabels"], _HASH: mark}
        rs: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{mark}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {REVISION: str(revision)},
                "ownerReferences": [owner_reference(dep)],
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": selector},
                "template": {**copy.deepcopy(template), "metadata": {**template["metadata"], "labels": labels}},
            },
            "status": status,
        }
        return self.put(rs, born=born)

    def statefulset(self, obj: Obj, *, born: float, rolled: float, manager: str = "helm") -> Obj:
        wanted = obj["spec"]["replicas"]
        defaults.fill(obj, group="apps", plural="statefulsets")
        revision = revision_of(obj)
        obj["status"] = {
            "observedGeneration": 1,
            "replicas": wanted,
            "readyReplicas": wanted,
            "availableReplicas": wanted,
            "currentReplicas": wanted,
            "updatedReplicas": wanted,
            "currentRevision": revision,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        sts = self.put(obj, born=born, manager=manager)
        for ordinal in range(wanted):
            name = f"{sts['metadata']['name']}-{ordinal}"
            extra = {
                POD_REVISION: revision,
                "statefulset.kubernetes.io/pod-name": name,
                "apps.kubernetes.io/pod-index": str(ordinal),
            }
            self.pod(sts, sts["spec"]["template"], born=rolled, name=name, labels=extra)
        return sts

    def daemonset(self, obj: Obj, nodes: list[str], *, born: float) -> Obj:
        count = len(nodes)
        defaults.fill(obj, group="apps", plural="daemonsets")
        names = (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "numberAvailable",
            "updatedNumberScheduled",
        )
        obj["status"] = {"observedGeneration": 1, "numberMisscheduled": 0, **dict.fromkeys(names, count)}
        ds = self.put(obj, born=born)
        mark = template_hash(ds["spec"]["template"])
        for node in nodes:
            self.pod(
                ds,
                ds["spec"]["template"],
                born=born,
                prefix=ds["metadata"]["name"],
                node=node,
                labels={POD_REVISION: mark},
            )
        return ds

    def pod(
        self,
        owner: Obj,
        template: Obj,
        *,
        born: float,
        name: str = "",
        prefix: str = "",
        node: str = "",
        labels: dict[str, str] | None = None,
    ) -> Obj:
        """A pod that became ready two seconds after it was born."""
        pod = self.bare_pod(
            owner, template, name=name or f"{prefix}-{suffix(self.cluster.rng)}", node=node, labels=labels
        )
        containers = template["spec"]["containers"]
        started, ready = stamp(born + 1), stamp(born + 2)
        ip = _ip(f"{self.cluster.name}/{pod['metadata']['name']}")
        pod["status"] = {
            "phase": "Running",
            "qosClass": "Burstable",
            "conditions": _conditions(stamp(born), ready),
            "containerStatuses": [
                {
                    "name": c["name"],
                    "image": c["image"],
                    "imageID": f"{c['image'].rpartition(':')[0]}@sha256:{zlib.crc32(c['image'].encode()):064x}",
                    "containerID": f"containerd://{zlib.crc32(ip.encode()):064x}",
                    "ready": True,
                    "started": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": started}},
                    "lastState": {},
                }
                for c in containers
            ],
            "startTime": stamp(born),
            "hostIP": "10.0.0.1",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
        }
        planted = self.put(pod, born=born)
        self._remember(planted)
        return planted

    def bare_pod(
        self, owner: Obj, template: Obj, *, name: str, node: str = "", labels: dict[str, str] | None = None
    ) -> Obj:
        """A pod of a template without a status, for those that are not well."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": owner["metadata"]["namespace"],
                "labels": {**template["metadata"]["labels"], **(labels or {})},
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": {**template["spec"], "nodeName": node or next(self._nodes)},
        }

    # -- services --------------------------------------------------------------------------------

    def _remember(self, pod: Obj) -> None:
        meta = pod["metadata"]
        instance = meta["labels"].get("app.kubernetes.io/instance") or meta["labels"].get("app", "")
        self._pods.setdefault((meta["namespace"], instance), []).append(pod)

    def service(self, obj: Obj, *, born: float, manager: str = "helm") -> Obj:
        """A Service with the endpoints of the pods planted so far."""
        service = self.put(obj, born=born, manager=manager)
        meta, selector = service["metadata"], service["spec"]["selector"]
        instance = selector.get("app.kubernetes.io/instance") or selector.get("app", "")
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": pod["spec"]["nodeName"],
                "targetRef": {
                    "kind": "Pod",
                    "name": pod["metadata"]["name"],
                    "namespace": meta["namespace"],
                    "uid": pod["metadata"]["uid"],
                },
            }
            for pod in sorted(
                self._pods.get((meta["namespace"], instance), []), key=lambda p: str(p["metadata"]["name"])
            )
        ]
        ports = [{"name": "main", "port": service["spec"]["ports"][0]["port"], "protocol": "TCP"}]
        name = f"{meta['name']}-{zlib.crc32(meta['uid'].encode()) & 0xFFFFF:05x}"
        self.put(slice_of(service, name, ports, endpoints), born=born)
        return service


def _ip(text: str) -> str:
    number = zlib.crc32(text.encode())
    return f"10.{128 + (number >> 16 & 63)}.{number >> 8 & 255}.{(number & 255) or 1}"


def _conditions(first: str, ready: str) -> list[Obj]:
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    late = ("Ready", "ContainersReady")
    return [{"type": k, "status": "True", "lastTransitionTime": ready if k in late else first} for k in kinds]


def deployment_status(wanted: int, *, at: float, first: float, generation: int) -> Obj:
    """The status of a Deployment that has finished rolling."""
    moment, begin = stamp(at + 3), stamp(first)
    return {
        "observedGeneration": generation,
        "replicas": wanted,
        "updatedReplicas": wanted,
        "readyReplicas": wanted,
        "availableReplicas": wanted,
        "conditions": [
            {
                "type": "Available",
                "status": "True",
                "reason": "MinimumReplicasAvailable",
                "message": "Deployment has minimum availability.",
                "lastTransitionTime": begin,
                "lastUpdateTime": begin,
            },
            {
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetAvailable",
                "message": "",
                "lastTransitionTime": begin,
                "lastUpdateTime": moment,
            },
        ],
    }
