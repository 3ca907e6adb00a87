"""Who owns a release: Helm alone, or a controller above it that would put back what Helm does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.controllers.observe import Snapshot, bodies_of
from acp_tui.insight.owners import Claim, claims_of_app_release, claims_of_request, owner_of_release
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.objects import HelmRequest, Meta
from acp_tui.model.platform import AppRelease
from acp_tui.model.refs import Kind
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster, Clusters

ASK_SECONDS = 5.0
_REQUESTS = ("app.alauda.io", "HelmRequest")
_APP_RELEASES = ("operator.alauda.io", "AppRelease")


class Answer(msgspec.Struct, frozen=True):
    """The owner found, and the doubt that is left where a place could not be asked."""

    owner: Owner
    doubt: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What the clusters laid claim to, and what they left open."""

    claims: dict[Claim, Owner]
    doubts: tuple[str, ...] = ()


async def find_owner(clusters: Clusters, ref: ReleaseRef, live: Snapshot) -> Answer:
    """Asks the cluster of the release and the global one for who lays claim to it, and the live objects for marks."""
    return owner_of(clusters, ref, await ask_claims(clusters, ref), live)


async def ask_claims(clusters: Clusters, ref: ReleaseRef) -> Asked:
    """Only a cluster that has the kinds is asked, so a plain fleet costs no request."""
    cluster = clusters.session(ref.cluster)
    asked = [cluster, *(each for each in _globals(clusters) if each is not cluster)]
    claims: dict[Claim, Owner] = {}
    doubts: list[str] = []
    for place, (found, doubt) in zip(asked, await asyncio.gather(*(_answer(each) for each in asked)), strict=True):
        claims.update(found)
        if doubt:
            doubts.append(f"{place.context.name}: {doubt}")
    return Asked(claims, tuple(doubts))


def owner_of(clusters: Clusters, ref: ReleaseRef, asked: Asked, live: Snapshot) -> Answer:
    """The owner, from what was asked and from the marks of the live objects."""
    metas = [meta for body in bodies_of(live) if (meta := _meta(body)) is not None]
    names = clusters.session(ref.cluster).store.names
    owner = owner_of_release(ref, clusters=names, claims=asked.claims, objects=metas)
    return Answer(owner, "" if owner.kind is not OwnerKind.HELM else "; ".join(asked.doubts))


def _globals(clusters: Clusters) -> Iterable[Cluster]:
    for name in clusters.names:
        session = clusters.session(name)
        if session.store.role is Role.GLOBAL:
            yield session


async def _answer(cluster: Cluster) -> tuple[dict[Claim, Owner], str]:
    """The claims, or doubt where the cluster takes too long: a dead one must not hold up the plan for another."""
    try:
        return await asyncio.wait_for(_claims(cluster), ASK_SECONDS)
    except TimeoutError:
        return {}, f"no answer within {ASK_SECONDS:.0f} s"


async def _claims(cluster: Cluster) -> tuple[dict[Claim, Owner], str]:
    """Claims that HelmRequests and AppReleases of one cluster make, and why some could not be read."""
    if cluster.kinds is None:
        return {}, "it has not answered yet"
    claims: dict[Claim, Owner] = {}
    doubts = []
    name = cluster.store.names[0]
    for group_kind in (_REQUESTS, _APP_RELEASES):
        kind = cluster.kinds.by_gk(*group_kind)
        if kind is None:
            continue
        try:
            claims.update(await _claims_of(cluster, kind, name))
        except AcpTuiError as error:
            doubts.append(f"{kind.kind}s cannot be read ({error.title})")
    return claims, ", ".join(doubts)


async def _claims_of(cluster: Cluster, kind: Kind, name: str) -> list[tuple[Claim, Owner]]:
    from acp_tui.clients.kube.lister import list_all

    if kind.kind == "HelmRequest":
        requests = await list_all(cluster.transport, kind.path(), HelmRequest)
        return [claim for request in requests.items for claim in claims_of_request(request, cluster=name)]
    releases = await list_all(cluster.transport, kind.path(), AppRelease)
    return [claim for release in releases.items for claim in claims_of_app_release(release, cluster=name)]


def _meta(body: dict[str, Any]) -> Meta | None:
    try:
        return msgspec.convert(body.get("metadata") or {}, Meta, strict=False)
    except msgspec.ValidationError:
        return None
