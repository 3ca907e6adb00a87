"""What a client-side Helm makes of three forms of an object: the last stored, the new one and the live one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "resourceClaims": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ports": ("containerPort", "port"),
}
"""patchMergeKey of the built-in kinds (k8s.io/api struct tags); every other list is replaced as a whole."""

_ONE_OF = frozenset({"strategy", "updateStrategy", "volumes"})
"""Where another choice drops the fields of the one before (patchStrategy retainKeys)."""


def three_way(original: Mapping[str, Any], modified: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The object a strategic three-way merge leaves: what `modified` says, without what only `original` said.

    Fields that neither of them names stay as they are live.
    """
    merged: dict[str, Any] = _merge("", original, modified, live)
    return merged


def merge_patch(before: Any, after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7396) that leads from one form to another; empty where they are equal."""
    old = before if isinstance(before, Mapping) else {}
    patch: dict[str, Any] = {key: None for key in old if key not in after and old[key] is not None}
    for key, value in after.items():
        known = old.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            if inner := merge_patch(known, value):
                patch[key] = inner
        elif value != known or type(value) is not type(known):
            patch[key] = value
    return patch


def _merge(field: str, original: Any, modified: Mapping[str, Any], live: Any) -> dict[str, Any]:
    old = original if isinstance(original, Mapping) else {}
    now = live if isinstance(live, Mapping) else {}
    if field in _ONE_OF and _chose_anew(modified, now):
        now = {}
    merged = {key: value for key, value in now.items() if key in modified or key not in old}
    for key, value in modified.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merge(key, old.get(key), value, now.get(key))
        elif isinstance(value, list):
            merged[key] = _merge_list(key, old.get(key), value, now.get(key))
        else:
            merged[key] = value
    return merged


def _chose_anew(modified: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    if "type" in modified:
        return bool(modified["type"] != live.get("type"))
    return not (modified.keys() <= live.keys())


def _merge_list(field: str, original: Any, modified: list[Any], live: Any) -> list[Any]:
    if field == "finalizers":
        gone = set(original or ()) - set(modified)
        return list(dict.fromkeys([*(each for each in live or () if each not in gone), *modified]))
    old, now = _keyed(field, original), _keyed(field, live)
    new = _keyed(field, modified)
    if new is None or now is None or old is None:
        return modified
    merged: list[Any] = [_merge(field, old.get(key), entry, now.get(key)) for key, entry in new.items()]
    merged += [entry for key, entry in now.items() if key not in new and key not in old]
    return merged


def _keyed(field: str, entries: Any) -> dict[str, Mapping[str, Any]] | None:
    """Entries by their merge key; None for a list that is replaced as a whole."""
    if entries is None:
        return {} if field in _KEYS else None
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        return None
    for key in _KEYS.get(field, ()):
        # Two ports of one number differ by their protocol.
        names = [f"{entry[key]}/{entry.get('protocol', 'TCP')}" if field == "ports" else str(entry[key])
                 for entry in entries if key in entry]  # fmt: skip
        if len(names) == len(entries) == len(set(names)):
            return dict(zip(names, entries, strict=True))
    return {} if not entries and field in _KEYS else None
