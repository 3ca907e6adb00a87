"""Whether the HelmRequest above a release hangs in its deletion or cannot get its chart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from acp_tui.insight.owners import EVERYWHERE, SELECTED, claims_of_request
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError, UsageError
from acp_tui.model.objects import HelmRequest
from acp_tui.model.release import Owner, ReleaseRef, Store
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster, Clusters

_KIND = ("app.alauda.io", "HelmRequest")
_CHART = re.compile(
    r"no chart (?:version|name) found|chart .*not found|failed to (?:fetch|download|load) .*chart|"
    r"no cached repo|repo(?:sitory)? .*not found|improper constraint",
    re.IGNORECASE,
)


class Trouble(Struct, frozen=True):
    """Why its deletion hangs, and why its chart cannot be had; `owner.cluster` is the context it was read through."""

    hangs: str = ""
    chart: str = ""
    owner: Owner = Owner()


async def request_trouble(clusters: Clusters, ref: ReleaseRef) -> Trouble:
    """Of the HelmRequest that claims a release; nothing for most."""
    names = clusters.session(ref.cluster).store.names
    for place in _places(clusters, ref.cluster):
        for request in await _requests(place):
            for (cluster, namespace, name), owner in claims_of_request(request, cluster=place.store.names[0]):
                if (namespace, name) == (ref.namespace, ref.name) and cluster in (*names, EVERYWHERE, SELECTED):
                    here = structs.replace(owner, cluster=place.context.name)
                    return Trouble(_hangs(request), _no_chart(request), here)
    return Trouble()


async def hanging(clusters: Clusters) -> tuple[ReleaseRef, ...]:
    """Releases whose HelmRequest is being deleted, also those that have no record any more."""
    by_name = {alias: name for name in clusters.names for alias in clusters.session(name).store.names}
    found: dict[ReleaseRef, None] = {}
    for name in clusters.names:
        place = clusters.session(name)
        for request in await _requests(place):
            if request.metadata.deletion_timestamp:
                for (cluster, namespace, release), _ in claims_of_request(request, cluster=place.store.names[0]):
                    found[ReleaseRef(by_name.get(cluster, name), namespace, release, Store.CAPTAIN)] = None
    return tuple(found)


def free_path(cluster: Cluster, owner: Owner) -> str:
    """Where a HelmRequest lies; raises UsageError where its cluster does not serve the kind."""
    kind = cluster.kinds.by_gk(*_KIND) if cluster.kinds is not None else None
    if kind is None:
        raise UsageError(f"{cluster.context.name} has no HelmRequests")
    return kind.path(owner.namespace, owner.name)


async def _requests(place: Cluster) -> list[HelmRequest]:
    """Empty where the cluster has none or does not say."""
    from acp_tui.clients.kube.lister import list_all

    kind = place.kinds.by_gk(*_KIND) if place.kinds is not None else None
    if kind is None:
        return []
    try:
        return (await list_all(place.transport, kind.path(), HelmRequest)).items
    except AcpTuiError:
        return []


def _places(clusters: Clusters, cluster: str) -> Iterable[Cluster]:
    own = clusters.session(cluster)
    yield own
    for name in clusters.names:
        session = clusters.session(name)
        if session is not own and session.store.role is Role.GLOBAL:
            yield session


def _hangs(request: HelmRequest) -> str:
    if not request.metadata.deletion_timestamp:
        return ""
    held = ", ".join(request.metadata.finalizers or ()) or "nothing that is known"
    reason = _reason(request)
    return f"held by {held}" + (f", {reason}" if reason else "")


def _no_chart(request: HelmRequest) -> str:
    reason = _reason(request)
    return reason if _CHART.search(reason) else ""


def _reason(request: HelmRequest) -> str:
    status = request.status
    texts = [status.reason if status is not None else None]
    texts += [
        each.message for each in (status.conditions if status is not None else None) or () if each.status != "True"
    ]
    return one_line(next((text for text in texts if text), ""), limit=160)
