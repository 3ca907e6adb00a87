"""Server-printed tables: the columns `kubectl get` shows for a kind, and the cells of one object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acp_tui.sim.cells import ROWS, age

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.store import Stored

META_GROUP = "meta.k8s.io/v1"


def columns(resource: ResourceType) -> list[Obj]:
    """Column definitions; a `/1` behind a name in the cells table means shown in wide output only."""
    if resource.builtin and resource.plural in ROWS:
        names = [(n, "string") for n in ROWS[resource.plural][0].split("|")]
    elif resource.columns:
        names = [("Name", "string"), *[(n, t) for n, t, _ in resource.columns]]
        if not any(n == "Age" for n, _ in names):
            names.append(("Age", "date"))
    else:
        names = [("Name", "string"), ("Age", "string")]
    found: list[Obj] = []
    for name, kind in names:
        title, _, wide = name.partition("/")
        numeric = title in ("Desired", "Current", "Ready", "Up-to-date", "Available", "Data", "Secrets")
        found.append(
            {
                "name": title,
                "type": "integer" if numeric and kind == "string" and resource.builtin else kind,
                "format": "name" if title == "Name" else "",
                "description": "",
                "priority": 1 if wide else 0,
            }
        )
    return found


def cells(resource: ResourceType, obj: Obj, now: datetime) -> list[Any]:
    if resource.builtin and resource.plural in ROWS:
        row: list[Any] = ROWS[resource.plural][1](obj, now)
        return row
    meta = obj["metadata"]
    born = age(meta.get("creationTimestamp"), now)
    if not resource.columns:
        return [meta["name"], born]
    row = [meta["name"]]
    has_age = False
    for name, kind, path in resource.columns:
        value = _json_path(obj, path)
        has_age = has_age or name == "Age"
        row.append(age(value, now) if kind == "date" and isinstance(value, str) else value)
    return row if has_age else [*row, born]


def table(
    resource: ResourceType, stored: Iterable[Stored], *, include: str, list_meta: Obj, with_columns: bool = True
) -> Obj:
    """A Table object; `include` is None, Metadata or Object and says what each row carries."""
    now = datetime.now(UTC)
    rows: list[Obj] = []
    for one in stored:
        obj = one.obj()
        row: Obj = {"cells": cells(resource, obj, now)}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": META_GROUP,
                "metadata": obj["metadata"],
            }
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": META_GROUP,
        "metadata": list_meta,
        "columnDefinitions": columns(resource) if with_columns else [],
        "rows": rows,
    }


def _json_path(obj: Obj, path: str) -> Any:
    r"""Plain dotted paths, `\.` escapes and `[?(@.type=="X")]` filters: what printer columns use."""
    node: Any = obj
    for part in _parts(path.lstrip(".")):
        if part.startswith("?"):
            wanted = part.partition('"')[2].rpartition('"')[0]
            items = node if isinstance(node, list) else []
            node = next((i for i in items if isinstance(i, dict) and i.get("type") == wanted), None)
        elif isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isdigit():
            node = node[int(part)] if int(part) < len(node) else None
        else:
            return None
    return node


def _parts(path: str) -> list[str]:
    parts: list[str] = []
    current = ""
    i = 0
    while i < len(path):
        char = path[i]
        if char == "\\":
            i += 1
            current += path[i]
        elif char == "[":
            end = path.index("]", i)
            parts.append(current)
            current = "?" + path[i + 1 : end] if "?" in path[i:end] else path[i + 1 : end].strip("'\"")
            i = end
        elif char == ".":
            parts.append(current)
            current = ""
        else:
            current += char
        i += 1
    return [part for part in [*parts, current] if part]
