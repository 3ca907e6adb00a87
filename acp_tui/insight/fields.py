"""Who set a field of a live object and when, from its managedFields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from acp_tui.insight.times import epoch


class Setter(NamedTuple):
    """A field manager; `at` (epoch seconds) is when it last wrote any of its fields."""

    manager: str = ""
    at: float | None = None
    applied: bool = False


def setter_of(body: Mapping[str, Any], path: Sequence[str]) -> Setter:
    """The manager that wrote this field last; a path step `[web]` names an entry of a list by its key.

    An entry that owns a whole list or map owns what is inside; the status subresource never counts.
    """
    found = [setter for entry, setter in _entries(body) if _owns(entry, path)]
    return max(found, key=lambda setter: setter.at or 0.0, default=Setter())


def last_written(body: Mapping[str, Any]) -> float | None:
    """When anybody last wrote anything but status (epoch seconds)."""
    moments = [setter.at for _, setter in _entries(body) if setter.at is not None]
    return max(moments, default=None)


def _entries(body: Mapping[str, Any]) -> Iterable[tuple[Mapping[str, Any], Setter]]:
    metadata = body.get("metadata")
    managed = metadata.get("managedFields") if isinstance(metadata, Mapping) else None
    for entry in managed if isinstance(managed, list) else ():
        if not isinstance(entry, Mapping) or entry.get("subresource") == "status":
            continue
        fields = entry.get("fieldsV1")
        if isinstance(fields, Mapping):
            setter = Setter(
                str(entry.get("manager") or "unknown"),
                epoch(str(entry.get("time") or "")),
                applied=entry.get("operation") == "Apply",
            )
            yield fields, setter


def _owns(fields: Mapping[str, Any], path: Sequence[str]) -> bool:
    here: Any = fields
    for number, step in enumerate(path):
        if not isinstance(here, Mapping):
            return False
        if not here or set(here) == {"."}:
            return number > 0
        inner = _entry(here, step[1:-1]) if step.startswith("[") else here.get(f"f:{step}")
        if inner is None:
            return False
        here = inner
    return True


def _entry(fields: Mapping[str, Any], name: str) -> Any:
    for key, inner in fields.items():
        kind, _, text = key.partition(":")
        if kind == "k":
            try:
                named = json.loads(text)
            except ValueError:
                continue
            if isinstance(named, Mapping) and name in (str(value) for value in named.values()):
                return inner
        if kind in ("i", "v") and text.strip('"') == name:
            return inner
    return None
