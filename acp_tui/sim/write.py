"""Every change of an object passes here: defaults, refusals, quota, versions, finalizers, field owners."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from acp_tui.sim import apply, defaults, quota, validate
from acp_tui.sim.answers import STALE, ApiError, already_exists, conflict, forbidden, invalid
from acp_tui.sim.store import new_uid, now_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from acp_tui.sim.kinds import KindTable, Obj, ResourceType
    from acp_tui.sim.store import Store, Stored

NAMESPACES = ("", "namespaces")
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"  # the alphabet of generated names
_SERVER_META = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
_KEEPS_STATUS = frozenset({"nodes", "customresourcedefinitions", "persistentvolumes", "apiservices"})
POD_GRACE = 30


def suffix(rng: random.Random, length: int = 5) -> str:
    """The random tail of a generated name."""
    return "".join(rng.choices(_SUFFIX, k=length))


class Writer:
    """The write path of one cluster; requests and controllers alike go through it."""

    def __init__(self, store: Store, kinds: KindTable, *, rng: random.Random) -> None:
        self._store = store
        self._kinds = kinds
        self._rng = rng

    # -- create ----------------------------------------------------------------------------------

    def create(
        self, resource: ResourceType, obj: Obj, *, namespace: str = "", manager: str = "", dry_run: bool = False
    ) -> Obj:
        """Store a new object and return it as stored; the argument is consumed."""
        obj = validate.check_shape(obj, resource)
        meta = obj["metadata"]
        self._place(resource, meta, namespace)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + suffix(self._rng)
        obj.setdefault("apiVersion", resource.api_version())
        managed = meta.get("managedFields")
        for key in (*_SERVER_META, "resourceVersion"):
            meta.pop(key, None)
        meta.update(uid=new_uid(), creationTimestamp=now_text())
        if "status" in resource.subresources and resource.plural not in _KEEPS_STATUS:
            obj.pop("status", None)
        validate.check_new(obj, resource)
        if self._store.get(resource.key, meta.get("namespace", ""), meta["name"]) is not None:
            raise already_exists(resource, meta["name"])
        if resource.builtin:
            defaults.fill(obj, group=resource.group, plural=resource.plural)
        if "spec" in obj and resource.plural not in ("services", "namespaces", "nodes", "serviceaccounts"):
            meta["generation"] = 1
        self._initial_status(resource, obj)
        if resource.key == quota.PODS:
            quota.fill_from_limit_ranges(self._store, obj)
        quota.admit(self._store, obj, resource, self._kinds)
        if manager and managed is None:
            apply.track(None, obj, resource=resource, manager=manager)
        if dry_run:
            meta.pop("resourceVersion", None)
            return obj
        self._store.put(resource, obj)
        return obj

    def _place(self, resource: ResourceType, meta: Obj, namespace: str) -> None:
        """Put the object into the namespace of the request, which must exist and be alive."""
        if not resource.namespaced:
            meta.pop("namespace", None)
            return
        stated = meta.setdefault("namespace", namespace)
        if namespace and stated != namespace:
            raise ApiError(
                400,
                "BadRequest",
                f"the namespace of the provided object does not match the namespace sent on the request ({stated} != "
                f"{namespace})",
            )
        home = self._store.get(NAMESPACES, "", meta["namespace"])
        name = meta.get("name") or meta.get("generateName", "")
        if home is None:
            raise ApiError(
                404,
                "NotFound",
                f'namespaces "{meta["namespace"]}" not found',
                details={"name": meta["namespace"], "kind": "namespaces"},
            )
        if home.fields.get("status.phase") == "Terminating":
            error = forbidden(
                resource,
                name,
                f"unable to create new content in namespace {meta['namespace']} because it is being terminated",
            )
            causes = [
                {"reason": "NamespaceTerminating", "message": f"namespace {meta['namespace']} is being terminated"}
            ]
            raise ApiError(403, "Forbidden", error.message, details={**(error.details or {}), "causes": causes})

    @staticmethod
    def _initial_status(resource: ResourceType, obj: Obj) -> None:
        if resource.key == quota.PODS:
            obj["status"] = {"phase": "Pending", "qosClass": _qos(obj["spec"])}
        elif resource.key == NAMESPACES:
            obj["status"] = {"phase": "Active"}
        elif resource.key == ("", "persistentvolumeclaims"):
            obj["status"] = {"phase": "Pending"}
        elif resource.plural in ("services", "ingresses") and resource.builtin:
            obj["status"] = {"loadBalancer": {}}

    # -- update ----------------------------------------------------------------------------------

    def replace(
        self,
        resource: ResourceType,
        old: Stored,
        new: Obj,
        *,
        manager: str = "",
        sub: str = "",
        dry_run: bool = False,
        applied: bool = False,
    ) -> Obj:
        """Store a new state of an object; what did not change is answered without a new version.

        `sub` is "status" or "" and says which half may change; `applied` marks a server-side apply whose
        managedFields are settled already.
        """
        before = old.obj()
        new = validate.check_shape(new, resource)
        meta, was = new["metadata"], before["metadata"]
        self._check_preconditions(resource, old, meta)
        for key in _SERVER_META:
            if key in was:
                meta[key] = was[key]
            else:
                meta.pop(key, None)
        meta["name"], meta["resourceVersion"] = old.name, was["resourceVersion"]
        if old.namespace:
            meta["namespace"] = old.namespace
        new = self._only_half(resource, before, new, sub)
        if resource.builtin and sub != "status":
            defaults.fill(new, group=resource.group, plural=resource.plural)
            validate.check_change(before, new, resource)
        if meta.get("managedFields") is None and "managedFields" in was:
            meta["managedFields"] = was["managedFields"]
        if _same(before, new) and not applied:
            return before
        if "generation" in was and before.get("spec") != new.get("spec"):
            meta["generation"] = was["generation"] + 1
        if manager and not applied:
            apply.track(before, new, resource=resource, manager=manager, sub=sub)
        if _same(before, new) and _owners(before) == _owners(new):
            return before
        if dry_run:
            return new
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and not _lingers(resource, new):
            self._store.put(resource, new)
            self._store.remove(resource, old.namespace, old.name)
            return new
        self._store.put(resource, new)
        return new

    @staticmethod
    def _check_preconditions(resource: ResourceType, old: Stored, meta: Obj) -> None:
        asked = meta.get("resourceVersion")
        if asked and asked != str(old.rv):
            raise conflict(resource, old.name, STALE)
        if meta.get("uid") and meta["uid"] != old.uid:
            raise conflict(
                resource,
                old.name,
                f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {old.uid}",
            )
        if meta.get("name") not in (None, "", old.name):
            raise ApiError(
                400,
                "BadRequest",
                f"the name of the object ({meta['name']}) does not match the name on the URL ({old.name})",
            )

    @staticmethod
    def _only_half(resource: ResourceType, before: Obj, new: Obj, sub: str) -> Obj:
        if "status" not in resource.subresources:
            return new
        if sub == "status":
            merged = {**before, "metadata": dict(before["metadata"])}
            if "managedFields" in new["metadata"]:
                merged["metadata"]["managedFields"] = new["metadata"]["managedFields"]
            if resource.plural in ("nodes", "pods"):  # kubelets may set these along with status
                for key in ("labels", "annotations"):
                    if key in new["metadata"]:
                        merged["metadata"][key] = new["metadata"][key]
            merged.pop("status", None)
            if "status" in new:
                merged["status"] = new["status"]
            new.clear()
            new.update(merged)
            return new
        new.pop("status", None)
        if "status" in before:
            new["status"] = before["status"]
        return new

    def change(
        self,
        resource: ResourceType,
        namespace: str,
        name: str,
        edit: Callable[[Obj], Any],
        *,
        sub: str = "",
        manager: str = "",
    ) -> Obj | None:
        """Edit a stored object in place, for controllers; None where it is gone."""
        old = self._store.get(resource.key, namespace, name)
        if old is None:
            return None
        obj = old.obj()
        edit(obj)
        return self.replace(resource, old, obj, sub=sub, manager=manager)

    # -- delete ----------------------------------------------------------------------------------

    def delete(self, resource: ResourceType, old: Stored, options: Obj, *, dry_run: bool = False) -> Obj | None:
        """Delete or start to: None once it is gone, else the object that waits for its finalizers or grace."""
        wanted = options.get("preconditions") or {}
        if wanted.get("uid") and wanted["uid"] != old.uid:
            raise conflict(
                resource,
                old.name,
                f"Precondition failed: UID in precondition: {wanted['uid']}, UID in object meta: {old.uid}",
            )
        if wanted.get("resourceVersion") and wanted["resourceVersion"] != str(old.rv):
            raise conflict(
                resource,
                old.name,
                f"Precondition failed: ResourceVersion in precondition: {wanted['resourceVersion']}, "
                f"ResourceVersion in object meta: {old.rv}",
            )
        if dry_run:
            return None
        obj = old.obj()
        meta = obj["metadata"]
        policy = options.get("propagationPolicy") or ("Orphan" if options.get("orphanDependents") else "Background")
        added = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(policy)
        if added and added not in (meta.get("finalizers") or []) and resource.key != quota.PODS:
            meta["finalizers"] = [*(meta.get("finalizers") or []), added]
        grace = options.get("gracePeriodSeconds")
        if resource.key == quota.PODS:
            stated = obj["spec"].get("terminationGracePeriodSeconds", POD_GRACE) if grace is None else grace
            if not obj["spec"].get("nodeName") or (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
                stated = 0
            if meta.get("deletionTimestamp") and stated > 0:
                return obj
            meta["deletionGracePeriodSeconds"] = stated
            lingering = stated > 0
        else:
            lingering = resource.key == NAMESPACES
        if not meta.get("finalizers") and not lingering:
            self._store.remove(resource, old.namespace, old.name)
            return None
        if not meta.get("deletionTimestamp"):
            meta["deletionTimestamp"] = now_text()
            if "generation" in meta:
                meta["generation"] += 1
            if resource.key == NAMESPACES:
                obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
            self._store.put(resource, obj)
        return obj

    def purge(self, resource: ResourceType, namespace: str, name: str) -> None:
        """Take an object away for good; only finalizers of others hold it."""
        old = self._store.get(resource.key, namespace, name)
        if old is not None and not (old.obj()["metadata"].get("finalizers")):
            self._store.remove(resource, namespace, name)


def _lingers(resource: ResourceType, obj: Obj) -> bool:
    """Pods stay until their node lets go, namespaces until they are finalized."""
    if resource.key == quota.PODS:
        return bool(obj["metadata"].get("deletionGracePeriodSeconds"))
    return resource.key == NAMESPACES and bool((obj.get("spec") or {}).get("finalizers"))


def _same(a: Obj, b: Obj) -> bool:
    drop = ("managedFields", "resourceVersion", "generation")
    return {k: v for k, v in a.items() if k != "metadata"} == {k: v for k, v in b.items() if k != "metadata"} and {
        k: v for k, v in a["metadata"].items() if k not in drop
    } == {k: v for k, v in b["metadata"].items() if k not in drop}


def _owners(obj: Obj) -> list[Any]:
    """The field owners without their times: a repeated apply must not make a new version."""
    return [{k: v for k, v in e.items() if k != "time"} for e in obj["metadata"].get("managedFields") or []]


def _qos(spec: Obj) -> str:
    resources = [c.get("resources") or {} for c in spec.get("containers") or []]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    if all(r.get("limits") and r.get("limits") == r.get("requests") for r in resources):
        return "Guaranteed"
    return "Burstable"


def require_name(resource: ResourceType, name: str, meta: Obj) -> None:
    """An applied object must be the one the URL names."""
    if meta.setdefault("name", name) != name:
        raise invalid(resource, name, [("metadata.name", f'Invalid value: "{meta["name"]}": must be {name}')])
