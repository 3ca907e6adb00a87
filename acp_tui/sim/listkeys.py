"""Which lists of the built-in kinds are maps, and by what: for strategic merge and for server-side apply.

Source of the rules: the `patchMergeKey` and `x-kubernetes-list-map-keys` marks of the public OpenAPI of
Kubernetes. Custom resources declare nothing here: their lists are replaced whole.
"""

from __future__ import annotations

from typing import Any

# Field name -> key of the strategic merge patch.
_MERGE_KEYS: dict[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "conditions": "type",
    "ownerReferences": "uid",
    "secrets": "name",
    "addresses": "type",
    "webhooks": "name",
    "taints": "key",
    "resourceClaims": "name",
}
# Field name -> keys of the list map under server-side apply, where they differ.
_APPLY_KEYS: dict[str, tuple[str, ...]] = {
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
# Lists of plain values that behave as sets.
_SETS = frozenset({"finalizers"})
# Maps that are replaced whole under server-side apply (`x-kubernetes-map-type: atomic`).
_ATOMIC_MAPS = frozenset({"selector", "nodeSelector", "labelSelector", "resourceFieldRef", "fieldRef", "podSelector"})
# Lists named like a list map that are none in these places.
_PLAIN_PARENTS = {"conditions": frozenset({"rules"}), "env": frozenset(), "secrets": frozenset({"spec"})}


def merge_key(path: tuple[str, ...], items: list[Any]) -> str | None:
    """The strategic merge key of the list at `path`, or None where the list is replaced whole."""
    name = path[-1]
    if name == "ports":
        return _port_keys(path, items)[0] if _port_keys(path, items) else None
    if len(path) > 1 and path[-2] in _PLAIN_PARENTS.get(name, frozenset()):
        return None
    return _MERGE_KEYS.get(name)


def apply_keys(path: tuple[str, ...], items: list[Any]) -> tuple[str, ...]:
    """The list-map keys of the list at `path` under server-side apply; empty where it is atomic."""
    name = path[-1]
    if name == "ports":
        return _port_keys(path, items)
    if name == "taints":
        return ()
    if name in _APPLY_KEYS:
        return _APPLY_KEYS[name]
    key = merge_key(path, items)
    return (key,) if key and all(isinstance(i, dict) and key in i for i in items) else ()


def is_set(path: tuple[str, ...]) -> bool:
    return path[-1] in _SETS


def is_atomic_map(path: tuple[str, ...]) -> bool:
    return path[-1] in _ATOMIC_MAPS


def _port_keys(path: tuple[str, ...], items: list[Any]) -> tuple[str, ...]:
    if "containers" in path or "initContainers" in path:
        return ("containerPort", "protocol")
    if any(isinstance(item, dict) and "port" in item for item in items) and path == ("spec", "ports"):
        return ("port", "protocol")
    return ()


def identity(item: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    """The value of an item's list-map keys, protocol defaulting to TCP as the API server fills it in."""
    return tuple(item.get(key, "TCP" if key == "protocol" else None) for key in keys)
