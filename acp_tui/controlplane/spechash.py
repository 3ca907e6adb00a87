"""The fingerprint by which Captain knows that a HelmRequest asks for what was synced already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_OFFSET, _PRIME, _WORD = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = _OFFSET
    for byte in data:
        value = ((value ^ byte) * _PRIME) & _WORD
    return value


def fingerprint(value: object) -> str:
    """Equal for equal JSON values, whatever the order of their keys; decimal, as Captain writes it."""
    return str(fnv(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()))


def spec_hash(body: Mapping[str, Any]) -> str:
    """status.lastSpecHash of a HelmRequest: its spec and its annotations."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    return fingerprint({"annotations": annotations, "spec": body.get("spec") or {}})
