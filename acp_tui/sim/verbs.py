"""The verbs on resources: read, create, update, patch, delete, and the scale, status and eviction halves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.sim import apply, listing, patch, protobuf, representation
from acp_tui.sim.answers import ApiError, bad_request, not_found
from acp_tui.sim.store import Stored, encode, indexed_fields
from acp_tui.sim.write import require_name

if TYPE_CHECKING:
    from aiohttp import web

    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.representation import Form
    from acp_tui.sim.target import Target

_APPLY = ("application/apply-patch+yaml", "application/apply-patch+json")
_PATCHES = {
    "application/json-patch+json": patch.json_patch,
    "application/merge-patch+json": patch.merge,
    "application/strategic-merge-patch+json": patch.strategic,
}
_UNSUPPORTED = (
    "the body of the request was in an unknown format - accepted media types include: application/json, "
    "application/yaml"
)


class Verbs:
    """Carries out one verb on one target of one cluster."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self._writer = cluster.writer

    def stored(self, target: Target) -> Stored:
        found = self._store.get(target.resource.key, target.namespace, target.name)
        if found is None:
            raise not_found(target.resource, target.name)
        return found

    async def body(self, request: web.BaseRequest) -> Any:
        """The request's body as a tree, from JSON or YAML; 415 for what this server cannot read."""
        raw = await request.read()
        if not raw.strip():
            return {}
        kind = request.content_type
        if kind == protobuf.MEDIA_TYPE:
            return protobuf.decode(raw)
        if "yaml" in kind:
            return _yaml(raw)
        if "json" in kind or kind in ("", "application/octet-stream"):
            return msgspec.json.decode(raw)
        raise ApiError(415, "UnsupportedMediaType", _UNSUPPORTED)

    async def do(self, verb: str, request: web.BaseRequest, target: Target, form: Form) -> tuple[int, bytes]:
        """The status code and the encoded answer of one verb."""
        match verb:
            case "get" if target.sub == "scale":
                return 200, encode(_scale(self.stored(target).obj()))
            case "get":
                return 200, representation.one(self.stored(target), target.resource, form)
            case "list":
                expired = self._cluster.faults.gone
                found, meta = listing.page(
                    self._store, target.resource, target.namespace, request.query, expired=expired
                )
                return 200, representation.many(found, target.resource, form, meta)
            case "create":
                return await self._create(request, target, form)
            case "update":
                return await self._update(request, target, form)
            case "patch":
                return await self._patch(request, target, form)
            case "delete":
                return await self._delete(request, target)
            case _:
                return await self._delete_many(request, target, form)

    def _shown(self, obj: Obj, target: Target, form: Form) -> bytes:
        stored = Stored(obj, 0, fields=indexed_fields(target.resource.plural, obj))
        return representation.one(stored, target.resource, form)

    # -- writes ----------------------------------------------------------------------------------

    async def _create(self, request: web.BaseRequest, target: Target, form: Form) -> tuple[int, bytes]:
        body = await self.body(request)
        if target.sub == "eviction":
            options = (body.get("deleteOptions") if isinstance(body, dict) else None) or {}
            self._writer.delete(target.resource, self.stored(target), options, dry_run=_dry(request, options))
            return 201, encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
        if target.name:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        _to_storage_version(body, target)
        obj = self._writer.create(
            target.resource, body, namespace=target.namespace, manager=_manager(request), dry_run=_dry(request)
        )
        return 201, self._shown(obj, target, form)

    async def _update(self, request: web.BaseRequest, target: Target, form: Form) -> tuple[int, bytes]:
        body = await self.body(request)
        old = self.stored(target)
        if target.sub == "scale":
            return 200, encode(_scale(self._rescale(old, body, target.resource, request)))
        if target.sub == "finalize":
            return 200, self._shown(self._finalize(old, body, target.resource), target, form)
        _to_storage_version(body, target)
        obj = self._writer.replace(
            target.resource, old, body, manager=_manager(request), sub=_half(target), dry_run=_dry(request)
        )
        return 200, self._shown(obj, target, form)

    async def _patch(self, request: web.BaseRequest, target: Target, form: Form) -> tuple[int, bytes]:
        kind = request.content_type
        change = await self._patch_body(request)
        if kind in _APPLY:
            return self._apply(request, target, form, change)
        method = _PATCHES.get(kind)
        if method is None:
            raise ApiError(415, "UnsupportedMediaType", _UNSUPPORTED)
        if kind.startswith("application/strategic") and not target.resource.builtin:
            raise ApiError(415, "UnsupportedMediaType", _UNSUPPORTED)
        old = self.stored(target)
        if target.sub == "scale":
            wanted = method(_scale(old.obj()), change)
            return 200, encode(_scale(self._rescale(old, wanted, target.resource, request)))
        patched = method(old.obj(), change)
        obj = self._writer.replace(
            target.resource, old, patched, manager=_manager(request), sub=_half(target), dry_run=_dry(request)
        )
        return 200, self._shown(obj, target, form)

    async def _patch_body(self, request: web.BaseRequest) -> Any:
        raw = await request.read()
        return _yaml(raw) if request.content_type in _APPLY else msgspec.json.decode(raw)

    def _apply(self, request: web.BaseRequest, target: Target, form: Form, wanted: Any) -> tuple[int, bytes]:
        manager = request.query.get("fieldManager")
        if not manager:
            raise bad_request(
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
            )
        if not isinstance(wanted, dict):
            raise bad_request("an applied configuration is an object")
        force = request.query.get("force") in ("true", "True", "1")
        meta = wanted.setdefault("metadata", {})
        require_name(target.resource, target.name, meta)
        _to_storage_version(wanted, target)
        old = self._store.get(target.resource.key, target.namespace, target.name)
        if old is None:
            created = apply.apply(
                None, wanted, resource=target.resource, manager=manager, force=force, sub=_half(target)
            )
            obj = self._writer.create(target.resource, created, namespace=target.namespace, dry_run=_dry(request))
            return 201, self._shown(obj, target, form)
        stated_version, stated_uid = meta.pop("resourceVersion", None), meta.get("uid")
        merged = apply.apply(
            old.obj(), wanted, resource=target.resource, manager=manager, force=force, sub=_half(target)
        )
        if stated_version:
            merged["metadata"]["resourceVersion"] = stated_version
        if stated_uid:
            merged["metadata"]["uid"] = stated_uid
        obj = self._writer.replace(target.resource, old, merged, sub=_half(target), dry_run=_dry(request), applied=True)
        return 200, self._shown(obj, target, form)

    def _rescale(self, old: Stored, scale: Any, resource: ResourceType, request: web.BaseRequest) -> Obj:
        replicas = ((scale or {}).get("spec") or {}).get("replicas", 0)
        obj = old.obj()
        asked = ((scale or {}).get("metadata") or {}).get("resourceVersion")
        if asked:
            obj["metadata"]["resourceVersion"] = asked
        obj["spec"]["replicas"] = replicas
        return self._writer.replace(resource, old, obj, manager=_manager(request), dry_run=_dry(request))

    def _finalize(self, old: Stored, body: Obj, resource: ResourceType) -> Obj:
        obj = old.obj()
        obj["spec"] = body.get("spec") or {}
        if obj["metadata"].get("deletionTimestamp") and not obj["spec"].get("finalizers"):
            self._store.remove(resource, old.namespace, old.name)
            return obj
        self._store.put(resource, obj)
        return obj

    async def _delete(self, request: web.BaseRequest, target: Target) -> tuple[int, bytes]:
        options = await self._delete_options(request)
        old = self.stored(target)
        left = self._writer.delete(target.resource, old, options, dry_run=_dry(request, options))
        if left is not None:
            return 200, encode(left)
        details: Obj = {"name": target.name, "kind": target.resource.plural, "uid": old.uid}
        if target.resource.group:
            details["group"] = target.resource.group
        status: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return 200, encode(status)

    async def _delete_many(self, request: web.BaseRequest, target: Target, form: Form) -> tuple[int, bytes]:
        options = await self._delete_options(request)
        found, meta = listing.page(self._store, target.resource, target.namespace, request.query)
        for stored in found:
            self._writer.delete(target.resource, stored, options, dry_run=_dry(request, options))
        return 200, representation.many(found, target.resource, form, meta)

    async def _delete_options(self, request: web.BaseRequest) -> Obj:
        body = await self.body(request)
        options: Obj = body if isinstance(body, dict) else {}
        for key in ("propagationPolicy", "gracePeriodSeconds"):
            if key in request.query and key not in options:
                text = request.query[key]
                options[key] = int(text) if key == "gracePeriodSeconds" else text
        return options


def _yaml(raw: bytes) -> Any:
    if raw.lstrip()[:1] == b"{":
        return msgspec.json.decode(raw)
    import yaml

    try:
        return yaml.load(raw, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise bad_request(f"error converting YAML to JSON: {error}") from error


def _manager(request: web.BaseRequest) -> str:
    """Who a write is booked to: the fieldManager, or the first word of the user agent."""
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return request.query.get("fieldManager") or agent or "unknown"


def _dry(request: web.BaseRequest, options: Obj | None = None) -> bool:
    return request.query.get("dryRun") == "All" or "All" in ((options or {}).get("dryRun") or [])


def _half(target: Target) -> str:
    return "status" if target.sub == "status" else ""


def _to_storage_version(body: Any, target: Target) -> None:
    """Check the stated version and store under the storage version."""
    if not isinstance(body, dict):
        return
    stated = body.get("apiVersion")
    expected = target.resource.api_version(target.version)
    if stated and stated != expected:
        raise bad_request(
            f"the API version in the data ({stated}) does not match the expected API version ({expected})"
        )
    body["apiVersion"] = target.resource.api_version()


def _scale(obj: Obj) -> Obj:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": ",".join(f"{k}={v}" for k, v in sorted(labels.items())),
        },
    }
