"""Who owns whom: an index from an owner's uid to its dependents, kept current by store events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acp_tui.sim.store import KindKey, Store, Stored, StoreEvent

Place = tuple["KindKey", str, str]  # kind, namespace, name


class OwnerIndex:
    """Dependents by owner uid; `scan` reads in what was seeded before anybody listened."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dependents: dict[str, dict[Place, None]] = {}

    def scan(self) -> None:
        for kind in self._store.kinds():
            for stored in self._store.all(kind):
                self._add(kind, stored)

    def note(self, event: StoreEvent) -> None:
        kind = event.resource.key
        if event.old is not None and (event.type == "DELETED" or event.old.owners != event.new.owners):
            for uid in event.old.owners:
                self._dependents.get(uid, {}).pop((kind, event.old.namespace, event.old.name), None)
        if event.type != "DELETED":
            self._add(kind, event.new)

    def _add(self, kind: KindKey, stored: Stored) -> None:
        for uid in stored.owners:
            self._dependents.setdefault(uid, {})[(kind, stored.namespace, stored.name)] = None

    def of(self, uid: str, kind: KindKey | None = None) -> list[Stored]:
        """The living dependents of an owner, all or of one kind, oldest version first."""
        found = [
            stored
            for place in self._dependents.get(uid, {})
            if (kind is None or place[0] == kind) and (stored := self._store.get(*place)) is not None
        ]
        return sorted(found, key=lambda s: s.rv)

    def places(self, uid: str) -> list[Place]:
        return list(self._dependents.get(uid, {}))
