"""A namespace that is deleted takes everything in it along, then goes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.controllers.context import PODS

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context

_NAMESPACES = ("", "namespaces")


class Namespaces:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, _: str, name: str) -> None:
        namespace = self._context.get(_NAMESPACES, "", name)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        left = 0
        for resource in list(self._context.kinds):
            if not resource.namespaced:
                continue
            for stored in self._context.store.all(resource.key, name):
                left += 1
                grace = 0 if resource.key == PODS else None
                if b'"deletionTimestamp"' not in stored.metadata() or resource.key == PODS:
                    self._context.delete(resource.key, stored, grace=grace)
        if left:
            self._context.queue(_NAMESPACES, "", name, delay=0.5)
            return
        self._context.store.remove(self._context.resource(_NAMESPACES), "", name)
