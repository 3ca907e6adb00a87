"""A pod as API servers send it, by number: the same number is the same pod in every process."""

from __future__ import annotations

from typing import Any

SPACES = 20
COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates")


def pod(number: int) -> dict[str, Any]:
    """A pod of 8 KB of JSON, a third of it managed fields, as a real one has; every tenth has a sidecar."""
    team, revision = number % 50, f"7d9f8c{number % 50:04d}"
    name, space = f"payments-{team}-{revision}-{number:05d}", f"team-{number % SPACES:02d}"
    labels = {
        "app": f"payments-{team}",
        "app.kubernetes.io/instance": f"payments-{team}",
        "pod-template-hash": revision,
    }
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"payments-{team}-{revision}",
             "uid": f"00000000-0000-4000-8000-{team:012d}", "controller": True}  # fmt: skip
    at = f"2026-11-20T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"  # no two pods alike
    env = [{"name": f"SETTING_{n}", "value": f"value of setting {n} of payments-{team}"} for n in range(15)]
    names = ["api", "proxy"] if number % 10 == 0 else ["api"]
    resources = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
    containers = [
        {"name": each, "image": f"registry.example.org/payments/{each}:1.{team}.0", "env": env, "resources": resources}
        for each in names
    ]
    statuses = [
        {"name": each, "image": f"registry.example.org/payments/{each}:1.{team}.0", "ready": True, "started": True,
         "restartCount": 0, "state": {"running": {"startedAt": at}}, "imageID": f"sha256:{number:064d}",
         "containerID": f"containerd://{number:064d}"}
        for each in names
    ]  # fmt: skip
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    conditions = [{"type": each, "status": "True", "lastTransitionTime": at, "lastProbeTime": None} for each in types]
    entry: dict[str, Any] = {"f:name": {}, "f:value": {}, "f:valueFrom": {".": {}}}
    fields: dict[str, Any] = {f"f:field-{n}": entry for n in range(45)}
    return {
        "metadata": {
            "name": name, "namespace": space, "uid": f"00000000-0000-4000-9000-{number:012d}",
            "resourceVersion": str(1000 + number), "creationTimestamp": at,
            "generateName": f"payments-{team}-{revision}-",
            "labels": labels, "annotations": {"checksum/config": f"{team:064d}"}, "ownerReferences": [owner],
            "managedFields": [{"manager": "kubelet", "operation": "Update", "time": at, "fieldsV1": fields}],
        },
        "spec": {"nodeName": f"node-{number % 40}", "restartPolicy": "Always", "containers": containers},
        "status": {"phase": "Running", "podIP": f"10.{number % 40}.{number // 250}.{number % 250}", "startTime": at,
                   "conditions": conditions, "containerStatuses": statuses},
    }  # fmt: skip


def cells(item: dict[str, Any], *, restarts: int = 0) -> list[Any]:
    """The row that an API server prints of it, in the order of COLUMNS."""
    where = (item["status"]["podIP"], item["spec"]["nodeName"])
    return [item["metadata"]["name"], "1/1", "Running", restarts, "29h", *where, "<none>", "<none>"]
