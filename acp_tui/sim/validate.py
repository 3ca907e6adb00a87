"""What an API server refuses in an object: bad names, missing parts, and changes to immutable fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acp_tui.sim.answers import bad_request, invalid

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj, ResourceType

_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_PATH_NAMES = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
_RFC1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_IMMUTABLE = "field is immutable"
_FROZEN: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "deployments"): ("selector",),
    ("apps", "replicasets"): ("selector",),
    ("apps", "daemonsets"): ("selector",),
    ("batch", "jobs"): ("selector", "template", "completionMode"),
}
_STATEFUL_FREE = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)


_STATEFUL_FROZEN = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
    "forbidden"
)


def check_shape(body: Any, resource: ResourceType) -> Obj:
    """The body as an object of this kind, or a 400."""
    if not isinstance(body, dict):
        raise bad_request(f"the body is not an object: {type(body).__name__}")
    kind = body.get("kind")
    if kind is None:
        body["kind"] = resource.kind
    elif kind != resource.kind:
        raise bad_request(
            f'{kind} in version "{body.get("apiVersion")}" cannot be handled as a {resource.kind}: '
            f"expected kind {resource.kind}"
        )
    if not isinstance(body.setdefault("metadata", {}), dict):
        raise bad_request("metadata is not an object")
    return body


def check_new(obj: Obj, resource: ResourceType) -> None:
    """Refuse an object that must not be created as it is."""
    meta = obj["metadata"]
    name = meta.get("name") or ""
    causes: list[tuple[str, str]] = []
    if not name:
        causes.append(("metadata.name", "Required value: name or generateName is required"))
    elif resource.plural not in _PATH_NAMES and (len(name) > 253 or not _SUBDOMAIN.match(name)):
        causes.append(("metadata.name", f'Invalid value: "{name}": {_RFC1123}'))
    for key, value in (meta.get("labels") or {}).items():
        if not isinstance(value, str) or len(value) > 63 or not _LABEL_VALUE.match(value):
            causes.append(("metadata.labels", f"Invalid value: {value!r}: not a legal value of label {key}"))
    causes += _workload_causes(obj, resource)
    if causes:
        raise invalid(resource, name, causes)


def _workload_causes(obj: Obj, resource: ResourceType) -> list[tuple[str, str]]:
    spec = obj.get("spec") or {}
    causes: list[tuple[str, str]] = []
    if resource.plural == "pods":
        return _pod_causes(spec, "spec")
    if resource.group == "apps" and resource.plural != "controllerrevisions":
        template = spec.get("template") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        if not spec.get("selector"):
            causes.append(("spec.selector", "Required value"))
        elif any(labels.get(k) != v for k, v in wanted.items()):
            causes.append(
                (
                    "spec.template.metadata.labels",
                    f"Invalid value: {labels!r}: `selector` does not match template `labels`",
                )
            )
        causes += _pod_causes(template.get("spec") or {}, "spec.template.spec")
        replicas = spec.get("replicas", 1)
        if not isinstance(replicas, int) or replicas < 0:
            causes.append(("spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0"))
    is_headless = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None"
    if resource.plural == "services" and not is_headless and not spec.get("ports"):
        causes.append(("spec.ports", "Required value"))
    return causes


def _pod_causes(spec: Obj, path: str) -> list[tuple[str, str]]:
    containers = spec.get("containers") or []
    if not containers:
        return [(f"{path}.containers", "Required value")]
    causes: list[tuple[str, str]] = []
    for i, container in enumerate(containers):
        if not container.get("name"):
            causes.append((f"{path}.containers[{i}].name", "Required value"))
        if not container.get("image"):
            causes.append((f"{path}.containers[{i}].image", "Required value"))
    return causes


def check_change(old: Obj, new: Obj, resource: ResourceType) -> None:
    """Refuse changes of what may not change once an object is there."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    name = old["metadata"]["name"]
    causes: list[tuple[str, str]] = []
    for part in _FROZEN.get(resource.key, ()):
        if part in before and before.get(part) != after.get(part):
            causes.append((f"spec.{part}", f"Invalid value: {after.get(part)!r}: {_IMMUTABLE}"))
    causes += _frozen_parts(old, new, resource)
    causes += _workload_causes(new, resource)
    if causes:
        raise invalid(resource, name, causes)


def _frozen_parts(old: Obj, new: Obj, resource: ResourceType) -> list[tuple[str, str]]:
    """Changes that single kinds forbid."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    match resource.plural:
        case "statefulsets" if any(before.get(k) != after.get(k) for k in {*before, *after} - _STATEFUL_FREE):
            return [("spec", _STATEFUL_FROZEN)]
        case "services" if before.get("clusterIP") and after.get("type") != "ExternalName":
            if after.get("clusterIP") != before["clusterIP"]:
                return [("spec.clusterIPs[0]", f'Invalid value: ["{after.get("clusterIP")}"]: may not change once set')]
        case "configmaps" | "secrets":
            if old.get("immutable") and any(old.get(k) != new.get(k) for k in ("data", "binaryData")):
                return [("data", "Forbidden: field is immutable when `immutable` is set")]
            if resource.plural == "secrets" and old.get("type") != new.get("type"):
                return [("type", f'Invalid value: "{new.get("type")}": {_IMMUTABLE}')]
        case "persistentvolumeclaims" if _without_storage(before) != _without_storage(after):
            return [("spec", "Forbidden: spec is immutable after creation except resources.requests")]
        case _:
            pass
    return []


def _without_storage(spec: Obj) -> Obj:
    return {k: v for k, v in spec.items() if k not in ("resources", "volumeName", "volumeAttributesClassName")}
