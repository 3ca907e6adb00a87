"""Hides what must not be shown: Secret data in objects, and values whose key says that they are secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "••••••"
"""Stands for any hidden value; always the same length, because a length is a hint too."""

_SECRET_KEY = re.compile(
    r"(passw(or)?d|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|\bkey$|dsn|"
    r"connection[-_]?string|auth$|cookie|salt|htpasswd|kubeconfig|dockerconfig)",
    re.IGNORECASE,
)
_NAMES_A_SECRET = re.compile(
    r"(name|ref|enabled|mount|path|class|keys?ref|annotations?|labels?|create|file)$", re.IGNORECASE
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def looks_secret(key: str) -> bool:
    """True where a key by its words holds a secret itself, False where it only names or places one (secretName)."""
    return bool(_SECRET_KEY.search(key)) and not _NAMES_A_SECRET.search(key)


def mask_values(values: Any) -> Any:
    """A copy of Helm values in which every scalar under a secret-looking key is masked; shape and keys stay."""
    if isinstance(values, Mapping):
        return {
            key: _mask_scalars(item) if looks_secret(str(key)) else mask_values(item) for key, item in values.items()
        }
    if isinstance(values, list | tuple):
        return [_mask_entry(item) for item in values]
    return values


def mask_object(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a Kubernetes object without secret values: Secret data, secret-looking env, last-applied copies."""
    masked = {key: value for key, value in obj.items() if key not in ("data", "stringData")}
    secret = obj.get("kind") == "Secret"
    for part in ("data", "stringData"):
        if part in obj:
            masked[part] = _mask_scalars(obj[part]) if secret else obj[part]
    metadata = obj.get("metadata")
    if isinstance(metadata, Mapping) and isinstance(metadata.get("annotations"), Mapping):
        annotations = {
            key: MASK if secret and key == _LAST_APPLIED else value for key, value in metadata["annotations"].items()
        }
        masked["metadata"] = {**metadata, "annotations": annotations}
    if "spec" in masked:
        masked["spec"] = _mask_env(masked["spec"])
    return masked


def _mask_entry(item: Any) -> Any:
    """An env-like entry `{name: DB_PASSWORD, value: …}` hides its value, not its name."""
    if isinstance(item, Mapping) and looks_secret(str(item.get("name", ""))) and "value" in item:
        return {**item, "value": MASK}
    return mask_values(item)


def _mask_scalars(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _mask_scalars(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_scalars(item) for item in value]
    return value if value is None or value == "" or isinstance(value, bool) else MASK


def _mask_env(spec: Any) -> Any:
    if isinstance(spec, Mapping):
        return {key: _mask_env(item) for key, item in spec.items()}
    if isinstance(spec, list):
        return [
            {**item, "value": MASK}
            if isinstance(item, Mapping) and "value" in item and looks_secret(str(item.get("name", "")))
            else _mask_env(item)
            for item in spec
        ]
    return spec
