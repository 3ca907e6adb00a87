"""The status of ResourceQuotas: what is hard and what is used, moments after something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim import quota
from acp_tui.sim.quantity import show

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.store import StoreEvent

_SETTLE = 0.3  # seconds; many pods change in one breath


class Quotas:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._named: dict[str, set[str]] = {}  # namespace -> quotas

    def scan(self) -> None:
        for stored in self._context.store.all(quota.QUOTAS):
            self._named.setdefault(stored.namespace, set()).add(stored.name)
            self._context.queue(quota.QUOTAS, stored.namespace, stored.name, delay=_SETTLE)

    def note(self, event: StoreEvent) -> None:
        new = event.new
        if event.resource.key == quota.QUOTAS:
            names = self._named.setdefault(new.namespace, set())
            names.discard(new.name) if event.type == "DELETED" else names.add(new.name)
            return
        if (
            event.type == "MODIFIED"
            and event.resource.key != quota.PODS
            and event.resource.plural not in ("services", "persistentvolumeclaims")
        ):
            return
        for name in self._named.get(new.namespace, ()):
            self._context.queue(quota.QUOTAS, new.namespace, name, delay=_SETTLE)

    def reconcile(self, namespace: str, name: str) -> None:
        obj = self._context.get(quota.QUOTAS, namespace, name)
        if obj is None:
            return
        hard = (obj.get("spec") or {}).get("hard") or {}
        used = quota.in_use(self._context.store, namespace, hard, self._context.kinds)
        status = {"hard": hard, "used": {key: show(used[key], key) for key in hard}}
        self._context.set_status(quota.QUOTAS, obj, status)
