"""What is watched in every cluster on the screen, how much of each object, and which views it feeds."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acp_tui.model.objects import (
    ApplicationObject,
    HelmRequest,
    Job,
    Node,
    Object,
    Pod,
    Project,
    ResourceQuota,
    Workload,
)
from acp_tui.model.platform import AppRelease

CLUSTERS, APPLICATIONS, RELEASES, QUOTAS = "clusters", "applications", "releases", "quotas"
ALL_VIEWS = frozenset({CLUSTERS, APPLICATIONS, RELEASES, QUOTAS})

# Only what is not superseded: the newest of each release. Histories are read when they are opened.
_NEWEST = "owner=helm,status!=superseded"


class Watch(Struct, frozen=True):
    """One kind to follow; `optional` kinds are followed where discovery names them, the others everywhere."""

    id: str
    group: str
    kind: str
    type: Any
    feeds: frozenset[str]
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False
    optional: bool = False


def _watch(id: str, group: str, kind: str, type: Any, *feeds: str, **more: Any) -> Watch:
    return Watch(id, group, kind, type, frozenset({CLUSTERS, *feeds}), **more)


PLAN: tuple[Watch, ...] = (
    _watch("nodes", "", "Node", Node),
    _watch("namespaces", "", "Namespace", Object, APPLICATIONS, RELEASES, QUOTAS, metadata_only=True),
    _watch("deployments", "apps", "Deployment", Workload, APPLICATIONS, RELEASES),
    _watch("statefulsets", "apps", "StatefulSet", Workload, APPLICATIONS, RELEASES),
    _watch("daemonsets", "apps", "DaemonSet", Workload, APPLICATIONS, RELEASES),
    _watch("replicasets", "apps", "ReplicaSet", Workload, APPLICATIONS),
    _watch("jobs", "batch", "Job", Job, APPLICATIONS),
    _watch("cronjobs", "batch", "CronJob", Job, APPLICATIONS),
    _watch("pods", "", "Pod", Pod, APPLICATIONS),
    _watch("resourcequotas", "", "ResourceQuota", ResourceQuota, QUOTAS),
    _watch(
        "helm-secrets", "", "Secret", Object, RELEASES, APPLICATIONS,
        label_selector=_NEWEST, field_selector="type=helm.sh/release.v1", metadata_only=True,
    ),
    _watch(
        "helm-configmaps", "", "ConfigMap", Object, RELEASES, APPLICATIONS,
        label_selector=_NEWEST, metadata_only=True,
    ),
    _watch(
        "captain-releases", "app.alauda.io", "Release", Object, RELEASES, APPLICATIONS,
        label_selector=_NEWEST, metadata_only=True, optional=True,
    ),
    _watch("applications", "app.k8s.io", "Application", ApplicationObject, APPLICATIONS, optional=True),
    _watch("helmrequests", "app.alauda.io", "HelmRequest", HelmRequest, RELEASES, APPLICATIONS, optional=True),
    _watch("appreleases", "operator.alauda.io", "AppRelease", AppRelease, RELEASES, APPLICATIONS, optional=True),
    _watch("projects", "auth.alauda.io", "Project", Project, QUOTAS, optional=True),
)  # fmt: skip

BUILT_IN_PLURALS = {
    "Node": "nodes",
    "Namespace": "namespaces",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "ReplicaSet": "replicasets",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "Pod": "pods",
    "ResourceQuota": "resourcequotas",
    "Secret": "secrets",
    "ConfigMap": "configmaps",
}
CLUSTER_SCOPED = frozenset({"Node", "Namespace", "Project"})
