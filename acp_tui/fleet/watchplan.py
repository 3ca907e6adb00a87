"""What is watched in every cluster on the screen, how much of each object, and which views it feeds."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from acp_tui.clients.kube.discovery import Kinds
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
from acp_tui.model.refs import Kind

CLUSTERS, APPLICATIONS, RELEASES, QUOTAS = "clusters", "applications", "releases", "quotas"
ALL_VIEWS = frozenset({CLUSTERS, APPLICATIONS, RELEASES, QUOTAS})

# Only what is not superseded: the newest of each release. Histories are read when they are opened.
_NEWEST = "owner=helm,status!=superseded"


class Watch(Struct, frozen=True):
    """One kind to follow; `optional` kinds are followed where discovery names them, the others everywhere.

    `paged` kinds may have so many objects that they are read 500 at a time, which costs the API server more and holds
    less memory here.
    """

    id: str
    group: str
    kind: str
    type: Any
    feeds: frozenset[str]
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False
    paged: bool = False
    optional: bool = False


def _watch(id: str, group: str, kind: str, type: Any, *feeds: str, **more: Any) -> Watch:
    return Watch(id, group, kind, type, frozenset({CLUSTERS, *feeds}), **more)


# What is small and says most comes first: the first rows are those of clusters and releases.
PLAN: tuple[Watch, ...] = (
    _watch("nodes", "", "Node", Node),
    _watch("namespaces", "", "Namespace", Object, APPLICATIONS, RELEASES, QUOTAS, metadata_only=True),
    _watch("deployments", "apps", "Deployment", Workload, APPLICATIONS, RELEASES),
    _watch("statefulsets", "apps", "StatefulSet", Workload, APPLICATIONS, RELEASES),
    _watch("daemonsets", "apps", "DaemonSet", Workload, APPLICATIONS, RELEASES),
    _watch("resourcequotas", "", "ResourceQuota", ResourceQuota, QUOTAS),
    _watch(
        "helm-secrets", "", "Secret", Object, RELEASES, APPLICATIONS,
        label_selector=_NEWEST, field_selector="type=helm.sh/release.v1", metadata_only=True,
    ),
    _watch(
        "helm-configmaps", "", "ConfigMap", Object, RELEASES, APPLICATIONS,
        label_selector=_NEWEST, metadata_only=True,
    ),
    _watch("cronjobs", "batch", "CronJob", Job, APPLICATIONS),
    _watch("jobs", "batch", "Job", Job, APPLICATIONS, paged=True),
    _watch("replicasets", "apps", "ReplicaSet", Workload, APPLICATIONS, paged=True),
    _watch("pods", "", "Pod", Pod, APPLICATIONS, paged=True),
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
"""Plurals of the kinds every API server serves, so that they can be read before discovery has answered."""


def built_in(watch: Watch) -> Kind | None:
    """The kind as every API server serves it; None for what only discovery can tell."""
    plural = BUILT_IN_PLURALS.get(watch.kind)
    if watch.optional or plural is None:
        return None
    return Kind(watch.group, "v1", watch.kind, plural, namespaced=watch.kind not in ("Node", "Namespace"))


_SHORT_NAMES = {
    "nodes": ("no",),
    "namespaces": ("ns",),
    "pods": ("po",),
    "deployments": ("deploy",),
    "replicasets": ("rs",),
    "statefulsets": ("sts",),
    "daemonsets": ("ds",),
    "cronjobs": ("cj",),
    "resourcequotas": ("quota",),
    "configmaps": ("cm",),
}


def built_in_kinds() -> Kinds:
    """What every API server serves of what is followed here, by all its names: known before any server was asked."""
    found = (built_in(watch) for watch in PLAN)
    return Kinds(structs.replace(kind, short_names=_SHORT_NAMES.get(kind.plural, ())) for kind in found if kind)
