"""The kinds a simulated API server serves: the built-in table, and what a CustomResourceDefinition adds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One served resource; `versions[0]` is the one objects are stored in."""

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    builtin: bool = True
    columns: tuple[tuple[str, str, str], ...] = field(default=())  # name, type, path of printer columns

    @property
    def key(self) -> tuple[str, str]:
        return (self.group, self.plural)

    @property
    def qualified(self) -> str:
        """The name as Kubernetes writes it in messages: `deployments.apps`, or `pods` for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def api_version(self, version: str | None = None) -> str:
        chosen = version or self.versions[0]
        return f"{self.group}/{chosen}" if self.group else chosen


def _t(group: str, versions: str, kind: str, plural: str, *flags: str, **more: Any) -> ResourceType:
    """Shorthand of the table below: `cluster` marks cluster scope, `/x` a subresource, `+x` a category."""
    return ResourceType(
        group=group,
        versions=tuple(versions.split()),
        kind=kind,
        plural=plural,
        namespaced="cluster" not in flags,
        short=tuple(flag for flag in flags if flag != "cluster" and flag[0] not in "/+"),
        subresources=tuple(flag[1:] for flag in flags if flag[0] == "/"),
        categories=tuple(flag[1:] for flag in flags if flag[0] == "+"),
        **more,
    )


_REVIEW = {"verbs": ("create",)}

_BUILTIN = (
    _t("", "v1", "Namespace", "namespaces", "cluster", "ns", "/status", "/finalize"),
    _t("", "v1", "Node", "nodes", "cluster", "no", "/status"),
    _t("", "v1", "Pod", "pods", "po", "/status", "/log", "/eviction", "+all"),
    _t("", "v1", "Service", "services", "svc", "/status", "+all"),
    _t("", "v1", "Endpoints", "endpoints", "ep"),
    _t("", "v1", "ConfigMap", "configmaps", "cm"),
    _t("", "v1", "Secret", "secrets"),
    _t("", "v1", "ServiceAccount", "serviceaccounts", "sa"),
    _t("", "v1", "Event", "events", "ev"),
    _t("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "/status"),
    _t("", "v1", "PersistentVolume", "persistentvolumes", "cluster", "pv", "/status"),
    _t("", "v1", "ResourceQuota", "resourcequotas", "quota", "/status"),
    _t("", "v1", "LimitRange", "limitranges", "limits"),
    _t("", "v1", "ReplicationController", "replicationcontrollers", "rc", "/status", "/scale", "+all"),
    _t("apps", "v1", "Deployment", "deployments", "deploy", "/status", "/scale", "+all"),
    _t("apps", "v1", "ReplicaSet", "replicasets", "rs", "/status", "/scale", "+all"),
    _t("apps", "v1", "StatefulSet", "statefulsets", "sts", "/status", "/scale", "+all"),
    _t("apps", "v1", "DaemonSet", "daemonsets", "ds", "/status", "+all"),
    _t("apps", "v1", "ControllerRevision", "controllerrevisions"),
    _t("batch", "v1", "Job", "jobs", "/status", "+all"),
    _t("batch", "v1", "CronJob", "cronjobs", "cj", "/status", "+all"),
    _t("networking.k8s.io", "v1", "Ingress", "ingresses", "ing", "/status"),
    _t("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "cluster"),
    _t("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _t("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "/status"),
    _t("autoscaling", "v2 v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "/status", "+all"),
    _t("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    _t("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    _t("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    _t("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "cluster"),
    _t("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "cluster"),
    _t("storage.k8s.io", "v1", "StorageClass", "storageclasses", "cluster", "sc"),
    _t("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "cluster", "pc"),
    _t("coordination.k8s.io", "v1", "Lease", "leases"),
    _t(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "cluster",
        "crd",
        "crds",
        "/status",
        "+api-extensions",
    ),
    _t("apiregistration.k8s.io", "v1", "APIService", "apiservices", "cluster", "/status", "+api-extensions"),
    _t(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "cluster",
    ),
    _t(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "cluster",
    ),
    _t("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "cluster", **_REVIEW),
    _t("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "cluster", **_REVIEW),
    _t("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", "cluster", **_REVIEW),
    _t("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", **_REVIEW),
    _t("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "cluster", **_REVIEW),
)


class KindTable:
    """The resources one cluster serves right now; custom ones come and go with their definitions."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], ResourceType] = {}
        self._by_kind: dict[tuple[str, str], ResourceType] = {}
        self.changes = 0  # discovery documents are rebuilt when this moves
        for resource in _BUILTIN:
            self._add(resource)

    def __iter__(self) -> Any:
        return iter(self._by_key.values())

    def find(self, group: str, plural: str) -> ResourceType | None:
        return self._by_key.get((group, plural))

    def of_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """The resource behind an object's apiVersion and kind, or None where it is not served."""
        group = api_version.rpartition("/")[0]
        return self._by_kind.get((group, kind))

    def define(self, crd: Obj) -> ResourceType:
        """Serve the kind a CustomResourceDefinition declares."""
        spec = crd["spec"]
        names = spec["names"]
        versions = [v for v in spec.get("versions") or [] if v.get("served", True)]
        versions.sort(key=lambda v: not v.get("storage"))
        storage = versions[0] if versions else {}
        subresources = storage.get("subresources") or {}
        columns = tuple(
            (column["name"], column.get("type", "string"), column["jsonPath"])
            for column in storage.get("additionalPrinterColumns") or []
        )
        resource = ResourceType(
            group=spec["group"],
            versions=tuple(v["name"] for v in versions),
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec.get("scope", "Namespaced") == "Namespaced",
            short=tuple(names.get("shortNames") or ()),
            subresources=tuple(subresources),
            categories=tuple(names.get("categories") or ()),
            builtin=False,
            columns=columns,
        )
        self._add(resource)
        return resource

    def drop(self, group: str, plural: str) -> None:
        """Stop serving a custom kind; its stored objects are the caller's to remove."""
        resource = self._by_key.pop((group, plural), None)
        if resource is not None:
            self._by_kind.pop((group, resource.kind), None)
            self.changes += 1

    def _add(self, resource: ResourceType) -> None:
        self._by_key[resource.key] = resource
        self._by_kind[(resource.group, resource.kind)] = resource
        self.changes += 1
