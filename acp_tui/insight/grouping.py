"""To which application a workload belongs, by the marks it carries; the strongest mark wins."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from acp_tui.insight.selectors import matches
from acp_tui.model.application import ApplicationSource
from acp_tui.model.objects import ApplicationObject, Meta

APPLICATION_GROUP = "app.k8s.io"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
CHART = "helm.sh/chart"


class Group(Struct, frozen=True):
    """Name of an application as found on a workload."""

    source: ApplicationSource
    namespace: str
    name: str


def group_of(
    kind: str,
    meta: Meta,
    *,
    applications: Iterable[ApplicationObject] = (),
    releases: Collection[str] = (),
) -> Group:
    """`applications` and `releases` (names) are those of the workload's namespace."""
    namespace, name = meta.namespace or "", meta.name or ""
    for application in applications:
        if application.spec is not None and matches(application.spec.selector, meta.labels):
            return Group(ApplicationSource.APPLICATION, namespace, application.metadata.name or "")
    if release := release_of(meta, releases=releases):
        return Group(ApplicationSource.HELM, *release)
    if instance := (meta.labels or {}).get(INSTANCE):
        return Group(ApplicationSource.INSTANCE, namespace, instance)
    return Group(ApplicationSource.OWNER, namespace, f"{kind}/{name}")


def release_of(meta: Meta, *, releases: Collection[str] = ()) -> tuple[str, str] | None:
    """Namespace and name of the Helm release an object belongs to.

    Captain's Helm leaves only `managed-by: Helm`, so there the instance label names the release, else the longest
    release name the object's own name starts with.
    """
    annotations, labels = meta.annotations or {}, meta.labels or {}
    if name := annotations.get(RELEASE_NAME):
        return annotations.get(RELEASE_NAMESPACE) or meta.namespace or "", name
    if labels.get(MANAGED_BY) != "Helm":
        return None
    namespace, own = meta.namespace or "", meta.name or ""
    if instance := labels.get(INSTANCE):
        return namespace, instance
    fitting = [name for name in releases if own == name or own.startswith(f"{name}-")]
    return (namespace, max(fitting, key=len)) if fitting else None


def chart_of(meta: Meta) -> tuple[str, str]:
    """Chart name and version from the `helm.sh/chart` label (`valkey-2.4.1`), empty where there is none.

    Charts write `+` as `_` there, because a label may not hold it.
    """
    name, _, version = _split_chart((meta.labels or {}).get(CHART) or "")
    return name, version.replace("_", "+")


def _split_chart(label: str) -> tuple[str, str, str]:
    """Split at the first dash before a digit (or `v` and a digit) that starts a version."""
    for index, sign in enumerate(label):
        rest = label[index + 1 :]
        if sign == "-" and rest[:1] and (rest[0].isdigit() or (rest[0] == "v" and rest[1:2].isdigit())) and "." in rest:
            return label[:index], sign, rest
    return label, "", ""
