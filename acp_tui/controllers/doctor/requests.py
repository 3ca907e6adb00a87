"""Whether the HelmRequest above a release hangs in its deletion or cannot get its chart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from acp_tui.insight.owners import EVERYWHERE, claim_of_request
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.objects import HelmRequest
from acp_tui.model.release import ReleaseRef
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster, Clusters

_CHART = re.compile(
    r"no chart (?:version|name) found|chart .*not found|failed to (?:fetch|download|load) .*chart|"
    r"no cached repo|repo(?:sitory)? .*not found|improper constraint",
    re.IGNORECASE,
)


async def request_trouble(clusters: Clusters, ref: ReleaseRef) -> tuple[str, str]:
    """Why its deletion hangs, and why its chart cannot be had; both empty for most releases."""
    from acp_tui.clients.kube.lister import list_all

    names = clusters.session(ref.cluster).store.names
    for place in _places(clusters, ref):
        kind = place.kinds.by_gk("app.alauda.io", "HelmRequest") if place.kinds is not None else None
        if kind is None:
            continue
        try:
            page = await list_all(place.transport, kind.path(), HelmRequest)
        except AcpTuiError:
            continue
        for request in page.items:
            (cluster, namespace, name), _ = claim_of_request(request, cluster=place.store.names[0])
            if (namespace, name) == (ref.namespace, ref.name) and cluster in (*names, EVERYWHERE):
                return _hangs(request), _no_chart(request)
    return "", ""


def _places(clusters: Clusters, ref: ReleaseRef) -> Iterable[Cluster]:
    own = clusters.session(ref.cluster)
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
