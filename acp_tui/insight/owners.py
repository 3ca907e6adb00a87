"""Who keeps a release: the layer that would undo a plain helm command on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acp_tui.model.objects import HelmRequest, HelmRequestSpec, Meta
from acp_tui.model.platform import AppRelease
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, Store

EVERYWHERE = "*"
SELECTED = "?"
"""Clusters that a request chooses by labels of theirs: which these are is known where Captain left a record."""
Claim = tuple[str, str, str]
"""Cluster as the platform names it (EVERYWHERE for all), namespace, release."""

_ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
_ARGO_INSTANCE = "argocd.argoproj.io/instance"


def claims_of_request(request: HelmRequest, *, cluster: str) -> tuple[tuple[Claim, Owner], ...]:
    """What a HelmRequest kept in `cluster` (the platform's name of it) lays claim to, a claim for each target.

    Captain's defaults: no clusterName means its own cluster, no namespace its own, no releaseName its own name.
    """
    meta, spec = request.metadata, request.spec or HelmRequestSpec()
    namespace, name = spec.namespace or meta.namespace or "", spec.release_name or meta.name or ""
    owner = Owner(OwnerKind.HELMREQUEST, meta.name or "", meta.namespace or "", cluster)
    return tuple(((place, namespace, name), owner) for place in _places(spec, cluster))


def _places(spec: HelmRequestSpec, cluster: str) -> tuple[str, ...]:
    targets = spec.target_clusters
    if spec.install_to_all_clusters:
        return (EVERYWHERE,)
    if targets is not None and targets.cluster_names is not None and targets.cluster_names.names:
        return targets.cluster_names.names
    if targets is not None and targets.cluster_labels:
        return (SELECTED,)
    return (spec.cluster_name or cluster,)


def claims_of_app_release(release: AppRelease, *, cluster: str) -> Iterable[tuple[Claim, Owner]]:
    """What an AppRelease lays claim to: the charts it lists, which it never installs into another cluster."""
    meta, spec = release.metadata, release.spec
    owner = Owner(OwnerKind.APPRELEASE, meta.name or "", meta.namespace or "", cluster)
    target = spec.destination.namespace if spec and spec.destination else None
    charts = (spec.source.charts if spec and spec.source else None) or ()
    names = {chart.release_name or chart.name for chart in charts}
    reported = (release.status.charts if release.status else None) or {}
    names |= {each.release_name for each in reported.values() if each is not None}
    for name in sorted(name for name in names if name):
        yield (cluster, target or meta.namespace or "", name), owner


def argo_application(meta: Meta) -> str:
    """Name of the Argo CD Application that tracks an object, empty where none does.

    `app.kubernetes.io/instance` is Argo CD's older mark, but every chart sets it too, so it proves nothing.
    """
    tracking = (meta.annotations or {}).get(_ARGO_TRACKING)
    if tracking:
        return tracking.partition(":")[0]
    return (meta.labels or {}).get(_ARGO_INSTANCE) or ""


def owner_of_release(
    ref: ReleaseRef, *, clusters: Iterable[str], claims: Mapping[Claim, Owner], objects: Iterable[Meta] = ()
) -> Owner:
    """The owner of a release; `clusters` are the names its cluster goes by, `objects` metadata of its live objects.

    A record in Captain's store has a HelmRequest even where we may not see it.
    """
    for place in (*clusters, EVERYWHERE, *((SELECTED,) if ref.store is Store.CAPTAIN else ())):
        if owner := claims.get((place, ref.namespace, ref.name)):
            return owner
    if application := next((name for name in map(argo_application, objects) if name), ""):
        return Owner(OwnerKind.ARGOCD, application, "", "")
    if ref.store is Store.CAPTAIN:
        return Owner(OwnerKind.HELMREQUEST)
    return Owner()
