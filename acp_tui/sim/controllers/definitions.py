"""CustomResourceDefinitions: a new one is served at once, a deleted one takes its objects along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.controllers.context import condition

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.store import StoreEvent

DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


class Definitions:
    def __init__(self, context: Context) -> None:
        self._context = context
        context.store.watch(DEFINITIONS, self._note)

    def _note(self, event: StoreEvent) -> None:
        if event.type != "DELETED":
            return
        spec = event.new.obj()["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        resource = self._context.kinds.find(group, plural)
        if resource is None:
            return
        for stored in self._context.store.all(resource.key):
            self._context.store.remove(resource, stored.namespace, stored.name)
        self._context.kinds.drop(group, plural)

    def reconcile(self, _: str, name: str) -> None:
        crd = self._context.get(DEFINITIONS, "", name)
        if crd is None:
            return
        self._context.kinds.define(crd)
        before = (crd.get("status") or {}).get("conditions")
        names = condition(
            "NamesAccepted", met=True, reason="NoConflicts", message="no conflicts found", previous=before
        )
        served = condition(
            "Established",
            met=True,
            reason="InitialNamesAccepted",
            message="the initial names have been accepted",
            previous=before,
        )
        stored = [v["name"] for v in crd["spec"].get("versions") or [] if v.get("storage")]
        status = {"conditions": [names, served], "acceptedNames": crd["spec"]["names"], "storedVersions": stored}
        self._context.set_status(DEFINITIONS, crd, status)
