"""What every fresh cluster holds before anybody uses it: namespaces, cluster roles, a storage class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = [*_READ, "create", "update", "patch", "delete", "deletecollection"]
_GROUPS = ["", "apps", "batch", "autoscaling", "networking.k8s.io", "policy", "discovery.k8s.io"]
_PLAIN = [
    "bindings",
    "configmaps",
    "cronjobs",
    "daemonsets",
    "deployments",
    "deployments/scale",
    "endpoints",
    "endpointslices",
    "events",
    "horizontalpodautoscalers",
    "ingresses",
    "jobs",
    "limitranges",
    "namespaces",
    "networkpolicies",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "pods",
    "pods/log",
    "pods/status",
    "replicasets",
    "replicationcontrollers",
    "resourcequotas",
    "serviceaccounts",
    "services",
    "statefulsets",
    "statefulsets/scale",
]


def _role(name: str, rules: list[Obj]) -> Obj:
    return {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def bootstrap(cluster: SimCluster) -> None:
    """Seed a cluster's first objects; Helm's own records need the Secrets of `edit`, which `view` has not."""
    for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        cluster.seed(namespace(name))
    everything: Obj = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    view: Obj = {"apiGroups": _GROUPS, "resources": _PLAIN, "verbs": _READ}
    edit: Obj = {"apiGroups": _GROUPS, "resources": [*_PLAIN, "secrets"], "verbs": _WRITE}
    apps: Obj = {"apiGroups": ["app.k8s.io", "app.alauda.io"], "resources": ["*"], "verbs": _READ}
    for role in (
        _role("cluster-admin", [everything]),
        _role("admin", [edit, apps]),
        _role("edit", [edit, apps]),
        _role("view", [view, apps]),
        _role("fleet-reader", [{"apiGroups": [""], "resources": ["nodes", "namespaces"], "verbs": _READ}]),
    ):
        cluster.seed(role)
    storage: Obj = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "sim.local/disk",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }
    cluster.seed(storage)


def namespace(name: str, **labels: str) -> Obj:
    """An active Namespace; label keys may carry their prefix by `__` for `/` and `_` for `.`."""
    keys = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **keys}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
