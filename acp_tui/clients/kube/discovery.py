"""Asks an API server which kinds it serves, and finds a kind by any word kubectl would take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec import Struct

from acp_tui.clients.errors import ApiError, NotFound
from acp_tui.clients.kube.transport import Transport
from acp_tui.model.errors import ClusterError
from acp_tui.model.refs import Kind
from acp_tui.wire.kubernetes import decode_one
from acp_tui.wire.text import clean

_AGGREGATED = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)
_ROOTS = ("/api", "/apis")
_AT_ONCE = 6


class _Name(Struct, frozen=True):
    name: str | None = None


class _ResponseKind(Struct, frozen=True):
    group: str | None = None
    version: str | None = None
    kind: str | None = None


class _Resource(Struct, frozen=True, rename="camel"):
    resource: str | None = None
    response_kind: _ResponseKind | None = None
    scope: str | None = None
    short_names: tuple[str, ...] | None = None
    verbs: tuple[str, ...] | None = None


class _Version(Struct, frozen=True):
    version: str | None = None
    resources: tuple[_Resource, ...] | None = None
    freshness: str | None = None


class _Group(Struct, frozen=True):
    metadata: _Name | None = None
    versions: tuple[_Version, ...] | None = None


class _Discovery(Struct, frozen=True):
    kind: str | None = None
    items: tuple[_Group, ...] | None = None


class _GroupVersion(Struct, frozen=True, rename="camel"):
    group_version: str | None = None
    version: str | None = None


class _OldGroup(Struct, frozen=True, rename="camel"):
    name: str | None = None
    versions: tuple[_GroupVersion, ...] | None = None
    preferred_version: _GroupVersion | None = None


class _OldGroups(Struct, frozen=True):
    groups: tuple[_OldGroup, ...] | None = None


class _OldResource(Struct, frozen=True, rename="camel"):
    name: str | None = None
    kind: str | None = None
    group: str | None = None
    version: str | None = None
    namespaced: bool | None = None
    short_names: tuple[str, ...] | None = None
    verbs: tuple[str, ...] | None = None


class _OldResources(Struct, frozen=True):
    resources: tuple[_OldResource, ...] | None = None


class _ServerVersion(Struct, frozen=True, rename="camel"):
    git_version: str | None = None


class Kinds:
    """The kinds a server serves, in its order of preference; `problems` are API groups that did not answer."""

    def __init__(self, kinds: Iterable[Kind], *, problems: Iterable[str] = ()) -> None:
        self.problems = tuple(problems)
        self._every = tuple(kinds)
        self._words: dict[str, Kind] = {}
        self._by_group_kind: dict[tuple[str, str], Kind] = {}
        self._by_version: dict[tuple[str, str], Kind] = {}
        self._by_resource: dict[tuple[str, str], Kind] = {}
        for kind in self._every:
            self._by_group_kind.setdefault((kind.group, kind.kind), kind)
            self._by_version.setdefault((kind.api_version, kind.kind), kind)
            self._by_resource.setdefault((kind.group, kind.plural), kind)
        self.all = tuple(self._by_group_kind.values())
        for rank in (_names, _short_names):
            for kind in self.all:
                for word in rank(kind):
                    self._words.setdefault(word, kind)

    def find(self, word: str) -> Kind | None:
        """The kind meant by a plural, singular, Kind or short name, each also with its group: `deployments.apps`.

        Where two groups use a word the earlier one wins, core first; full names win over short ones.
        """
        return self._words.get(word.strip().lower())

    def has(self, group: str, kind: str) -> bool:
        return (group, kind) in self._by_group_kind

    def by_gk(self, group: str, kind: str) -> Kind | None:
        """In the version the server prefers."""
        return self._by_group_kind.get((group, kind))

    def by_resource(self, group: str, plural: str) -> Kind | None:
        """By the plural name, as RBAC rules and access reviews say it."""
        return self._by_resource.get((group, plural))

    def by_api_version(self, api_version: str, kind: str) -> Kind | None:
        """Exactly this version, as a manifest names it; None where it is no longer served."""
        return self._by_version.get((api_version, kind))


def _names(kind: Kind) -> Iterable[str]:
    singular = kind.kind.lower()
    yield kind.plural
    yield singular
    if kind.group:
        yield f"{kind.plural}.{kind.group}"
        yield f"{singular}.{kind.group}"
        yield f"{kind.plural}.{kind.version}.{kind.group}"


def _short_names(kind: Kind) -> Iterable[str]:
    for name in kind.short_names:
        yield name
        if kind.group:
            yield f"{name}.{kind.group}"


async def discover(transport: Transport, *, together: bool = True) -> Kinds:
    """All kinds, in two requests (aggregated discovery, KEP-3352), or one per group on servers before 1.26.

    The two are asked for `together` or one after the other, which takes longer and one connection less.
    Raises what the transport raises; groups whose own server is down become `problems` and the rest is there.
    """
    if together:
        core, rest = await asyncio.gather(*(transport.get(path, accept=_AGGREGATED) for path in _ROOTS))
    else:
        core, rest = [await transport.get(path, accept=_AGGREGATED) for path in _ROOTS]
    kinds = _kinds_in(core.body, rest.body)
    return kinds if kinds is not None else await _discover_by_group(transport, rest.body)


@lru_cache(maxsize=8)
def _kinds_in(core: bytes, rest: bytes) -> Kinds | None:
    """Of aggregated discovery, None where it is none; remembered, because many clusters of a fleet serve the same."""
    documents = [decode_one(body, _Discovery) for body in (core, rest)]
    if not all(document.kind == "APIGroupDiscoveryList" for document in documents):
        return None
    kinds: list[Kind] = []
    problems: list[str] = []
    for group in (group for document in documents for group in document.items or ()):
        name = (group.metadata and group.metadata.name) or ""
        for version in group.versions or ():
            if version.freshness == "Stale":
                problems.append(f"{clean(name)}/{clean(version.version or '')}: its server does not answer")
            kinds += _kinds(name, version)
    return Kinds(kinds, problems=problems)


def _kinds(group: str, version: _Version) -> Iterable[Kind]:
    for resource in version.resources or ():
        served = resource.response_kind
        if resource.resource and served and served.kind:
            yield Kind(
                group=group,
                version=version.version or "",
                kind=served.kind,
                plural=resource.resource,
                namespaced=resource.scope == "Namespaced",
                short_names=resource.short_names or (),
                verbs=resource.verbs or (),
            )


async def _discover_by_group(transport: Transport, groups_body: bytes) -> Kinds:
    try:
        groups = msgspec.json.decode(groups_body, type=_OldGroups).groups or ()
    except msgspec.DecodeError:
        groups = ()
    wanted = [("", "v1")]
    for group in groups:
        preferred = (group.preferred_version and group.preferred_version.version) or ""
        versions = [version.version or "" for version in group.versions or ()]
        wanted += [(group.name or "", version) for version in sorted(versions, key=lambda one: one != preferred)]
    slots = asyncio.Semaphore(_AT_ONCE)
    problems: list[str] = []

    async def ask(group: str, version: str) -> list[Kind]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            async with slots:
                answer = await transport.get(path)
            return _old_kinds(group, version, decode_one(answer.body, _OldResources))
        except (ApiError, ClusterError) as error:
            problems.append(f"{clean(group or 'core')}/{clean(version)}: {error.title}")
            return []

    found = await asyncio.gather(*(ask(group, version) for group, version in wanted))
    return Kinds((kind for kinds in found for kind in kinds), problems=problems)


def _old_kinds(group: str, version: str, resources: _OldResources) -> list[Kind]:
    return [
        Kind(
            group=group,
            version=version,
            kind=resource.kind,
            plural=resource.name,
            namespaced=bool(resource.namespaced),
            short_names=resource.short_names or (),
            verbs=resource.verbs or (),
        )
        for resource in resources.resources or ()
        if resource.name and resource.kind and "/" not in resource.name
    ]


async def version(transport: Transport) -> str:
    """The server's version, `v1.34.2`; empty where it does not tell (a proxy that serves no /version)."""
    try:
        answer = await transport.get("/version", timeout=10.0)
    except NotFound:
        return ""
    return clean(decode_one(answer.body, _ServerVersion).git_version or "")
