"""Garbage collection by owner: background, foreground and orphaning deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.owners import Place
    from acp_tui.sim.store import Stored, StoreEvent

_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"


class GarbageCollector:
    """Acts on the events of owners; dependents of a gone owner go, one level at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[str, Place] = {}  # uid of a foreground-deleted owner -> where it is

    def note(self, event: StoreEvent) -> None:
        new = event.new
        if event.type == "DELETED":
            self._waiting.pop(new.uid, None)
            places = self._context.owners.places(new.uid)
            if places:
                self._later(lambda: self._collect(new.uid, places))
            for uid in new.owners:
                if uid in self._waiting:
                    self._later(lambda uid=uid: self._release(uid))
            return
        if event.type == "MODIFIED" and b'"deletionTimestamp"' in new.metadata():
            finalizers = new.obj()["metadata"].get("finalizers") or []
            if _FOREGROUND in finalizers and new.uid not in self._waiting:
                self._waiting[new.uid] = (event.resource.key, new.namespace, new.name)
                self._later(lambda: self._collect(new.uid, self._context.owners.places(new.uid)))
                self._later(lambda: self._release(new.uid))
            elif _ORPHAN in finalizers:
                self._later(lambda: self._orphan(event.resource, new))

    @staticmethod
    def _later(act: object) -> None:
        """Not inside the write that made the event."""
        import asyncio

        asyncio.get_running_loop().call_soon(act)  # type: ignore[arg-type]

    def _collect(self, uid: str, places: list[Place]) -> None:
        """Delete what the owner leaves, unless another owner still lives."""
        foreground = uid in self._waiting
        for kind, namespace, name in places:
            stored = self._context.store.get(kind, namespace, name)
            if stored is None or uid not in stored.owners:
                continue
            others = [o for o in stored.owners if o != uid and self._lives(stored, o)]
            resource = self._context.kinds.find(*kind)
            if others or resource is None:
                continue
            options: Obj = (
                {"propagationPolicy": "Foreground"} if foreground and self._context.owners.places(stored.uid) else {}
            )
            self._context.writer.delete(resource, stored, options)

    def _lives(self, dependent: Stored, uid: str) -> bool:
        for reference in dependent.obj()["metadata"].get("ownerReferences") or []:
            if reference["uid"] != uid:
                continue
            resource = self._context.kinds.of_kind(reference["apiVersion"], reference["kind"])
            if resource is None:
                return False
            namespace = dependent.namespace if resource.namespaced else ""
            owner = self._context.store.get(resource.key, namespace, reference["name"])
            return owner is not None and owner.uid == uid
        return False

    def _release(self, uid: str) -> None:
        """Let a foreground-deleted owner go once nothing depends on it."""
        place = self._waiting.get(uid)
        if place is None or self._context.owners.places(uid):
            return
        self._drop(place, _FOREGROUND)

    def _orphan(self, resource: ResourceType, owner: Stored) -> None:
        for kind, namespace, name in self._context.owners.places(owner.uid):
            kept = self._context.kinds.find(*kind)
            if kept is None:
                continue

            def cut(obj: Obj) -> None:
                references = obj["metadata"].get("ownerReferences") or []
                obj["metadata"]["ownerReferences"] = [r for r in references if r["uid"] != owner.uid]

            self._context.writer.change(kept, namespace, name, cut)
        self._drop((resource.key, owner.namespace, owner.name), _ORPHAN)

    def _drop(self, place: Place, finalizer: str) -> None:
        kind, namespace, name = place
        resource = self._context.kinds.find(*kind)
        if resource is None:
            return

        def remove(obj: Obj) -> None:
            obj["metadata"]["finalizers"] = [f for f in obj["metadata"].get("finalizers") or [] if f != finalizer]

        self._context.writer.change(resource, namespace, name, remove)
