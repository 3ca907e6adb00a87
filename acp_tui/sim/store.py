"""What one simulated cluster holds: encoded objects, one version counter, and a ring of events a kind."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from acp_tui.sim.kinds import Obj, ResourceType

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[str, str]  # namespace ("" for cluster scope), name
KindKey = tuple[str, str]  # group, plural

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class _Head(msgspec.Struct):
    metadata: msgspec.Raw


_decode_head = msgspec.json.Decoder(_Head).decode


def now_text() -> str:
    """The present moment as Kubernetes writes it: UTC, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uid() -> str:
    return str(uuid.uuid4())


class Stored:
    """One version of one object: its bytes and the few facts that selection needs.

    A lazy one knows its head (metadata) and makes the rest of its body when somebody first reads it:
    histories of releases are many and large, and mostly never opened.
    """

    __slots__ = ("_make", "_raw", "fields", "head", "labels", "memo", "name", "namespace", "owners", "rv", "uid")

    def __init__(self, obj: Obj, rv: int, *, fields: dict[str, str], make: Callable[[], Obj] | None = None) -> None:
        meta = obj["metadata"]
        self.namespace: str = meta.get("namespace", "")
        self.name: str = meta["name"]
        self.uid: str = meta["uid"]
        self.labels: dict[str, str] = meta.get("labels") or {}
        self.owners: tuple[str, ...] = tuple(ref["uid"] for ref in meta.get("ownerReferences") or ())
        self.rv = rv
        self.fields = fields
        self.memo: object = None  # a derived value its reader may keep here as long as this version lives
        self._make = make
        self._raw: bytes = b"" if make else _ordered(obj)
        self.head: bytes = encode(meta) if make else b""

    @property
    def raw(self) -> bytes:
        if self._make is not None:
            self._raw = _ordered({**self._make(), "metadata": _decode(self.head)})
            self._make = None
        return self._raw

    def obj(self) -> Obj:
        """A fresh tree the caller may change."""
        decoded: Obj = _decode(self.raw)
        return decoded

    def metadata(self) -> bytes:
        return self.head or bytes(_decode_head(self.raw).metadata)


def _ordered(obj: Obj) -> bytes:
    """Encode with the type first, so that lists can drop it from their items by length."""
    return encode({"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), **obj})


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """A change: `new` is the object as it is now (or was last, with the version of its deletion)."""

    type: EventType
    rv: int
    resource: ResourceType
    new: Stored
    old: Stored | None


class Store:
    """Objects of one cluster by kind, namespace and name. Not thread safe; lives on one event loop."""

    def __init__(self, *, ring: int = 4096, first_rv: int = 100_000) -> None:
        self._kinds: dict[KindKey, dict[str, dict[str, Stored]]] = {}
        self._rings: dict[KindKey, deque[StoreEvent]] = {}
        self._floors: dict[KindKey, int] = {}
        self._ring = ring
        self._listeners: list[Callable[[StoreEvent], None]] = []
        self._watchers: dict[KindKey, list[Callable[[StoreEvent], None]]] = {}
        self.rv = first_rv

    # -- reading ---------------------------------------------------------------------------------

    def get(self, kind: KindKey, namespace: str, name: str) -> Stored | None:
        return self._kinds.get(kind, {}).get(namespace, {}).get(name)

    def all(self, kind: KindKey, namespace: str = "") -> Iterator[Stored]:
        """Every object of a kind, in one namespace or (empty) in all, ordered as etcd orders keys."""
        spaces = self._kinds.get(kind, {})
        if namespace:
            space = spaces.get(namespace, {})
            return iter([space[name] for name in sorted(space)])
        return iter([spaces[ns][name] for ns in sorted(spaces) for name in sorted(spaces[ns])])

    def count(self, kind: KindKey, namespace: str = "") -> int:
        spaces = self._kinds.get(kind, {})
        if namespace:
            return len(spaces.get(namespace, {}))
        return sum(len(space) for space in spaces.values())

    def kinds(self) -> list[KindKey]:
        return list(self._kinds)

    def floor(self, kind: KindKey) -> int:
        """The oldest version a watch of this kind can still start from."""
        return self._floors.get(kind, 0)

    def since(self, kind: KindKey, rv: int) -> list[StoreEvent]:
        return [event for event in self._rings.get(kind, ()) if event.rv > rv]

    # -- writing ---------------------------------------------------------------------------------

    def put(
        self, resource: ResourceType, obj: Obj, *, make: Callable[[], Obj] | None = None, quiet: bool = False
    ) -> Stored:
        """Store an object under the next version; `quiet` seeds it without an event."""
        self.rv += 1
        meta = obj["metadata"]
        meta["resourceVersion"] = str(self.rv)
        stored = Stored(obj, self.rv, fields=indexed_fields(resource.plural, obj), make=make)
        space = self._kinds.setdefault(resource.key, {}).setdefault(stored.namespace, {})
        old = space.get(stored.name)
        space[stored.name] = stored
        if quiet:
            # What was seeded happened before the server "started": a watch cannot replay it.
            self._floors[resource.key] = self.rv
        else:
            self._announce(StoreEvent("MODIFIED" if old else "ADDED", self.rv, resource, stored, old))
        return stored

    def remove(self, resource: ResourceType, namespace: str, name: str) -> Stored | None:
        space = self._kinds.get(resource.key, {}).get(namespace, {})
        old = space.pop(name, None)
        if old is None:
            return None
        self.rv += 1
        obj = old.obj()
        obj["metadata"]["resourceVersion"] = str(self.rv)
        last = Stored(obj, self.rv, fields=old.fields)
        self._announce(StoreEvent("DELETED", self.rv, resource, last, old))
        return last

    def compact(self, kind: KindKey | None = None) -> None:
        """Forget past events, as etcd compaction does: watches and pages from before get 410."""
        for key in [kind] if kind else list(self._kinds):
            self._rings.pop(key, None)
            self._floors[key] = self.rv

    # -- listening -------------------------------------------------------------------------------

    def listen(self, listener: Callable[[StoreEvent], None]) -> None:
        """Call on every change of any kind; controllers live on this."""
        self._listeners.append(listener)

    def watch(self, kind: KindKey, listener: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call on every change of one kind until the returned function is called."""
        group = self._watchers.setdefault(kind, [])
        group.append(listener)
        return lambda: group.remove(listener)

    def _announce(self, event: StoreEvent) -> None:
        key = event.resource.key
        ring = self._rings.setdefault(key, deque())
        ring.append(event)
        if len(ring) > self._ring:
            self._floors[key] = ring.popleft().rv
        for listener in tuple(self._watchers.get(key, ())):
            listener(event)
        for listener in self._listeners:
            listener(event)


def indexed_fields(plural: str, obj: Obj) -> dict[str, str]:
    """The field-selector values Kubernetes indexes for a kind, besides metadata.name and .namespace."""
    if plural == "pods":
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return {
            "spec.nodeName": spec.get("nodeName") or "",
            "status.phase": status.get("phase") or "",
            "spec.restartPolicy": spec.get("restartPolicy") or "Always",
            "spec.serviceAccountName": spec.get("serviceAccountName") or "",
            "status.podIP": status.get("podIP") or "",
        }
    if plural == "secrets":
        return {"type": obj.get("type") or "Opaque"}
    if plural == "namespaces":
        return {"status.phase": (obj.get("status") or {}).get("phase") or "Active"}
    if plural == "events":
        fields = {f"involvedObject.{k}": str(v) for k, v in (obj.get("involvedObject") or {}).items()}
        source = obj.get("source") or {}
        return {
            **fields,
            "reason": obj.get("reason") or "",
            "type": obj.get("type") or "",
            "reportingComponent": obj.get("reportingComponent") or "",
            "source": source.get("component") or obj.get("reportingComponent") or "",
        }
    if plural == "nodes":
        return {"spec.unschedulable": str(bool((obj.get("spec") or {}).get("unschedulable"))).lower()}
    if plural == "jobs":
        return {"status.successful": str((obj.get("status") or {}).get("succeeded") or 0)}
    return {}
