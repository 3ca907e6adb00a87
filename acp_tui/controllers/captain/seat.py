"""Where a release's HelmRequest is kept, and how it stands there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from acp_tui.clients.acp.helmrequests import GROUP, KIND, HelmRequest, read_request
from acp_tui.controllers.route import find_owner
from acp_tui.model.cluster import Role
from acp_tui.model.errors import Refused
from acp_tui.model.release import Owner, OwnerKind

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster, Clusters, KindTable
    from acp_tui.model.refs import Kind
    from acp_tui.model.release import ReleaseRef

KindsOf = Callable[["Cluster"], Awaitable["KindTable"]]


class Seat(Struct, frozen=True):
    """A HelmRequest in its cluster; `main` is the global one, where Captain runs and charts are listed."""

    cluster: Cluster
    kind: Kind
    owner: Owner
    request: HelmRequest
    main: Cluster

    @property
    def path(self) -> str:
        return self.kind.path(self.request.namespace, self.request.name)

    @property
    def in_global(self) -> bool:
        """Only there does Captain look at a change of annotations alone."""
        return self.cluster.store.role is Role.GLOBAL

    @property
    def pin(self) -> str:
        """What a plan was made from: the object and what people write of it, not what Captain reports."""
        return f"{self.request.uid}/{digest(self.request)}"

    async def again(self) -> Seat:
        """Reads the HelmRequest anew. Raises NotFound where it is gone."""
        request = await read_request(self.cluster.transport, self.path)
        return Seat(self.cluster, self.kind, self.owner, request, self.main)


def digest(request: HelmRequest) -> str:
    told: dict[str, Any] = {"spec": request.spec, "annotations": request.annotations, "deleting": request.deleting}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


async def find_seat(clusters: Clusters, ref: ReleaseRef, *, kinds: KindsOf) -> Seat:
    """Looks in the release's own cluster and in the global one. Raises Refused where no HelmRequest can be found."""
    main = _main(clusters)
    answer = await find_owner(clusters, ref, {})
    owner = answer.owner
    if owner.kind is not OwnerKind.HELMREQUEST or not owner.name:
        raise Refused(
            f"No HelmRequest is found that keeps {ref.name}",
            tried=answer.doubt or f"looked in {ref.cluster} and {'in the global cluster' if main else 'nowhere else'}",
            advice="It may name this cluster otherwise, or rights may hide the HelmRequest."
            if main
            else "Open the global cluster too: it keeps most HelmRequests.",
        )
    cluster = _named(clusters, owner.cluster, ref)
    kind = (await kinds(cluster)).by_gk(GROUP, KIND)
    if kind is None:
        raise Refused(f"{owner.cluster} does not serve {KIND}", tried=f"asked for {owner.name}")
    request = await read_request(cluster.transport, kind.path(owner.namespace, owner.name))
    keeper = cluster if cluster.store.role is Role.GLOBAL else main or cluster
    return Seat(cluster, kind, owner, request, keeper)


def _named(clusters: Clusters, name: str, ref: ReleaseRef) -> Cluster:
    """The session that goes by the name a claim gave; the release's own cluster where several could."""
    own = clusters.session(ref.cluster)
    if name in own.store.names:
        return own
    return next(
        (each for each in map(clusters.session, clusters.names) if name in each.store.names),
        own,
    )


def _main(clusters: Clusters) -> Cluster | None:
    sessions = map(clusters.session, clusters.names)
    return next((each for each in sessions if each.store.role is Role.GLOBAL), None)
