"""Reads release records from the three places they are kept in: lists by metadata alone, one payload at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec import Struct

from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.lister import list_all
from acp_tui.model.errors import RecordError
from acp_tui.model.objects import Meta, Object
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision, Store
from acp_tui.wire.helm import (
    NAME_PREFIX,
    SECRET_TYPE,
    body,
    decode_captain,
    decode_record,
    decode_secret,
    revision_of,
)
from acp_tui.wire.kubernetes import decode_one

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport

NEWEST = "owner=helm,status!=superseded"
"""Selects the newest revision of each release, and older ones that failed or were left pending."""


class Place(NamedTuple):
    """The collection of a store; `field_selector` keeps a list of Secrets to the records among them."""

    root: str
    plural: str
    field_selector: str = ""

    def path(self, namespace: str = "", name: str = "") -> str:
        middle = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.root}{middle}/{self.plural}{f'/{name}' if name else ''}"


PLACES = {
    Store.SECRET: Place("/api/v1", "secrets", f"type={SECRET_TYPE}"),
    Store.CONFIGMAP: Place("/api/v1", "configmaps"),
    Store.CAPTAIN: Place("/apis/app.alauda.io/v1alpha1", "releases"),
}


class StoredRecord(Struct, frozen=True):
    """One decoded record and the object it is kept in; `size` is the length of the stored payload."""

    release: dict[str, Any]
    object_name: str
    uid: str = ""
    resource_version: str = ""
    size: int = 0

    def __repr__(self) -> str:
        return f"StoredRecord({self.object_name})"


class ReleaseStore(Protocol):
    """What the rooms above ask of release records."""

    async def newest(self, store: Store, *, namespace: str = "") -> tuple[Revision, ...]: ...

    async def history(self, ref: ReleaseRef) -> tuple[Revision, ...]: ...

    async def record(self, ref: ReleaseRef, revision: Revision | int) -> StoredRecord: ...

    async def body(self, ref: ReleaseRef, revision: Revision | int) -> ReleaseBody: ...


class _Kept(Struct, frozen=True):
    """A Secret, a ConfigMap or a Captain Release."""

    metadata: Meta = Meta()
    data: dict[str, str | None] | None = None
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


class Records:
    """The records of one cluster."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def newest(self, store: Store, *, namespace: str = "") -> tuple[Revision, ...]:
        """The newest revision of every release in a store, without payloads, ordered by namespace and name.

        A record with broken labels is in it, marked unreadable: it hides no other.
        """
        found: dict[str, Revision] = {}
        for revision in await self._list(store, namespace, NEWEST):
            key = f"{revision.ref.key}/{revision.object_name}" if revision.unreadable else revision.ref.key
            known = found.get(key)
            if known is None or known.revision < revision.revision:
                found[key] = revision
        return tuple(sorted(found.values(), key=lambda revision: (revision.ref, revision.object_name)))

    async def history(self, ref: ReleaseRef) -> tuple[Revision, ...]:
        """All revisions of a release, newest first, from metadata alone."""
        listed = await self._list(ref.store, ref.namespace, f"owner=helm,name={ref.name}")
        return tuple(sorted(listed, key=lambda revision: revision.revision, reverse=True))

    async def record(self, ref: ReleaseRef, revision: Revision | int) -> StoredRecord:
        """One payload, decoded, by one GET. Raises RecordError, also for a revision pruned meanwhile."""
        kept, name = await self._kept(ref, revision)
        release, size = _decode(kept, ref.store)
        return StoredRecord(
            release=release,
            object_name=name,
            uid=kept.metadata.uid or "",
            resource_version=kept.metadata.resource_version or "",
            size=size,
        )

    async def body(self, ref: ReleaseRef, revision: Revision | int) -> ReleaseBody:
        """One payload in the form that is shown, by one GET. Raises RecordError."""
        stored = await self.record(ref, revision)
        return body(stored.release, ref, size=stored.size)

    async def _list(self, store: Store, namespace: str, selector: str) -> list[Revision]:
        place = PLACES[store]
        page = await list_all(
            self._transport,
            place.path(namespace),
            Object,
            label_selector=selector,
            field_selector=place.field_selector,
            metadata_only=True,
        )
        read = (revision_of(item.metadata, self._transport.name, store) for item in page.items)
        return [revision for revision in read if revision is not None]

    async def _kept(self, ref: ReleaseRef, revision: Revision | int) -> tuple[_Kept, str]:
        names = _object_names(ref, revision)
        for name in names:
            try:
                response = await self._transport.get(PLACES[ref.store].path(ref.namespace, name))
            except NotFound:
                continue
            return decode_one(response.body, _Kept), name
        number = revision.revision if isinstance(revision, Revision) else revision
        raise RecordError(
            f"Revision {number} of {ref.name} is no longer there",
            tried=f"GET {PLACES[ref.store].path(ref.namespace, names[0])} in {ref.cluster}",
            advice="reload the history: Helm prunes the oldest revisions, and uninstalling removes them all",
        )


def _object_names(ref: ReleaseRef, revision: Revision | int) -> tuple[str, ...]:
    if isinstance(revision, Revision):
        return (revision.object_name,)
    usual = f"{NAME_PREFIX}{ref.name}.v{revision}"
    # Captain's records had no prefix once.
    return (usual, f"{ref.name}.v{revision}") if ref.store is Store.CAPTAIN else (usual,)


def _decode(kept: _Kept, store: Store) -> tuple[dict[str, Any], int]:
    if store is Store.CAPTAIN:
        spec = kept.spec or {}
        size = sum(len(part) for part in spec.values() if isinstance(part, str))
        return decode_captain(spec, kept.status), size
    payload = (kept.data or {}).get("release") or ""
    release = decode_secret(payload) if store is Store.SECRET else decode_record(payload)
    return release, len(payload)
