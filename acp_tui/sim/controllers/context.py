"""What every controller works with: the store, the write path, time, events and the work queue."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from acp_tui.sim.images import ImageRules
    from acp_tui.sim.kinds import KindTable, Obj, ResourceType
    from acp_tui.sim.owners import OwnerIndex
    from acp_tui.sim.store import KindKey, Store, Stored
    from acp_tui.sim.write import Writer

PODS: KindKey = ("", "pods")
NODES: KindKey = ("", "nodes")
SERVICES: KindKey = ("", "services")
DEPLOYMENTS: KindKey = ("apps", "deployments")
REPLICASETS: KindKey = ("apps", "replicasets")
STATEFULSETS: KindKey = ("apps", "statefulsets")
DAEMONSETS: KindKey = ("apps", "daemonsets")
JOBS: KindKey = ("batch", "jobs")
EVENTS: KindKey = ("", "events")
_EVENTS_KEPT = 600


class Queue(Protocol):
    """Asks for a reconcile of one object, now or after some (unpaced) seconds."""

    def __call__(self, kind: KindKey, namespace: str, name: str, *, delay: float = 0.0) -> None: ...


class Context:
    """Handed to every controller of one cluster."""

    def __init__(
        self,
        *,
        store: Store,
        kinds: KindTable,
        writer: Writer,
        rng: random.Random,
        images: ImageRules,
        owners: OwnerIndex,
        queue: Queue,
        pace: float,
    ) -> None:
        self.store = store
        self.kinds = kinds
        self.writer = writer
        self.rng = rng
        self.images = images
        self.owners = owners
        self.queue = queue
        self.pace = pace

    def resource(self, kind: KindKey) -> ResourceType:
        found = self.kinds.find(*kind)
        if found is None:
            raise LookupError(f"not served: {kind}")
        return found

    def get(self, kind: KindKey, namespace: str, name: str) -> Obj | None:
        stored = self.store.get(kind, namespace, name)
        return stored.obj() if stored else None

    def create(self, kind: KindKey, obj: Obj, namespace: str) -> Obj:
        return self.writer.create(self.resource(kind), obj, namespace=namespace)

    def edit(self, kind: KindKey, obj: Obj, change: Callable[[Obj], None]) -> Obj | None:
        """Change an object's spec or metadata as it is stored now."""
        meta = obj["metadata"]
        return self.writer.change(self.resource(kind), meta.get("namespace", ""), meta["name"], change)

    def set_status(self, kind: KindKey, obj: Obj, status: Obj) -> None:
        """Store a status where it differs from the stored one."""
        meta = obj["metadata"]

        def put(stored: Obj) -> None:
            stored["status"] = status

        self.writer.change(self.resource(kind), meta.get("namespace", ""), meta["name"], put, sub="status")

    def delete(self, kind: KindKey, stored: Stored, *, grace: int | None = None) -> None:
        options: Obj = {} if grace is None else {"gracePeriodSeconds": grace}
        self.writer.delete(self.resource(kind), stored, options)

    def event(self, about: Obj, reason: str, message: str, *, source: str, warning: bool = False) -> None:
        """Record an Event; a repeated one counts up instead."""
        meta = about["metadata"]
        namespace = meta.get("namespace") or "default"
        if self.store.get(("", "namespaces"), "", namespace) is None:
            return
        stamp = now_text()
        mark = zlib.crc32(f"{meta['uid']}/{reason}/{message}".encode())
        name = f"{meta['name']}.{mark:08x}"
        old = self.store.get(EVENTS, namespace, name)
        resource = self.resource(EVENTS)
        if old is not None:
            obj = old.obj()
            obj["count"] = obj.get("count", 1) + 1
            obj["lastTimestamp"] = stamp
            self.writer.replace(resource, old, obj)
            return
        obj = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "kind": about["kind"],
                "apiVersion": about["apiVersion"],
                "namespace": meta.get("namespace", ""),
                "name": meta["name"],
                "uid": meta["uid"],
                "resourceVersion": meta.get("resourceVersion", ""),
            },
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "source": {"component": source},
            "reportingComponent": source,
            "reportingInstance": "",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        home = self.store.get(("", "namespaces"), "", namespace)
        if home is None or home.fields.get("status.phase") == "Terminating":
            return
        self.writer.create(resource, obj, namespace=namespace)
        self._forget_old_events()

    def _forget_old_events(self) -> None:
        if self.store.count(EVENTS) <= _EVENTS_KEPT:
            return
        oldest = min(self.store.all(EVENTS), key=lambda s: s.rv)
        self.store.remove(self.resource(EVENTS), oldest.namespace, oldest.name)


def owner_reference(owner: Obj) -> Obj:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(kind: str, *, met: bool, reason: str, message: str, previous: list[Obj] | None = None) -> Obj:
    """A condition whose transition time moves only when its status does."""
    stamp = now_text()
    status = "True" if met else "False"
    old = next((c for c in previous or [] if c["type"] == kind), None)
    changed = old["lastTransitionTime"] if old and old["status"] == status else stamp
    found: Obj = {"type": kind, "status": status, "lastTransitionTime": changed, "reason": reason, "message": message}
    return found


def is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_active(pod: Obj) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed") and not pod["metadata"].get("deletionTimestamp")
