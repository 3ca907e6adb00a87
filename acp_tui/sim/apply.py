"""Server-side apply and the bookkeeping of managedFields for every other write."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from acp_tui.sim import fields
from acp_tui.sim.answers import ApiError
from acp_tui.sim.listkeys import apply_keys, identity, is_atomic_map, is_set
from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    from acp_tui.sim.fields import Path
    from acp_tui.sim.kinds import Obj, ResourceType

Entries = list["dict[str, Any]"]


def apply(live: Obj | None, wanted: Obj, *, resource: ResourceType, manager: str, force: bool, sub: str = "") -> Obj:
    """The object after `manager` applied `wanted`: conflicts are 409 unless forced, dropped fields go.

    The answer's metadata.managedFields already say who owns what.
    """
    wanted = copy.deepcopy(wanted)
    wanted.get("metadata", {}).pop("managedFields", None)
    builtin, status = resource.builtin, sub == "status"
    new = fields.paths_of(wanted, builtin=builtin, status=status)
    if live is None:
        created = wanted
        _record(created, manager, "Apply", resource, new, sub)
        return created
    entries: Entries = live["metadata"].get("managedFields") or []
    mine = next((e for e in entries if _is(e, manager, "Apply", sub)), None)
    others = [(e, fields.read(e.get("fieldsV1") or {})) for e in entries if e is not mine]
    _settle_conflicts(wanted, live, new, others, force)
    old = fields.read(mine.get("fieldsV1") or {}) if mine else set()
    result: Obj = _merge(live, wanted, (), builtin)
    held: set[Path] = set().union(*(owned for _, owned in others)) if others else set()
    dropped = old - new - held
    for path in sorted(dropped, key=lambda p: (not fields.is_item(p), len(p) if fields.is_item(p) else -len(p))):
        _let_go(result, path, new | held)
    kept = [_rewritten(entry, owned) for entry, owned in others if owned]
    result["metadata"]["managedFields"] = kept
    _record(result, manager, "Apply", resource, new, sub)
    return result


def _settle_conflicts(
    wanted: Obj, live: Obj, new: set[Path], others: list[tuple[dict[str, Any], set[Path]]], force: bool
) -> None:
    """Refuse what others own and this apply changes, or take it from them."""
    clashes: list[tuple[str, Path]] = []
    for entry, owned in others:
        for path in sorted(new & owned):
            if path[-1] == "." or fields.lookup(wanted, path) == fields.lookup(live, path):
                continue
            if force:
                owned.discard(path)
            else:
                clashes.append((_shown(entry), path))
    if not clashes:
        return
    count = len(clashes)
    head = f"Apply failed with {count} conflict{'s' if count > 1 else ''}"
    by_manager: dict[str, list[str]] = {}
    for who, path in clashes:
        by_manager.setdefault(who, []).append(pretty(path))
    if count == 1:
        who, shown = clashes[0][0], pretty(clashes[0][1])
        message = f"{head}: conflict with {who}: {shown}"
    else:
        lines = [f"conflicts with {who}:\n" + "\n".join(f"- {p}" for p in ps) for who, ps in by_manager.items()]
        message = f"{head}: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": pretty(path)}
        for who, path in clashes
    ]
    raise ApiError(409, "Conflict", message, details={"causes": causes})


def pretty(path: Path) -> str:
    """A path as conflict messages show it: `.spec.template.spec.containers[name="web"].image`."""
    text = ""
    for step in path:
        if step.startswith("f:"):
            text += f".{step[2:]}"
        elif step.startswith("k:"):
            pairs = step[3:-1].split(",")
            text += "[" + ",".join(f"{p.partition(':')[0][1:-1]}={p.partition(':')[2]}" for p in pairs) + "]"
        elif step.startswith("v:"):
            text += f"[={step[2:]}]"
    return text


def _shown(entry: dict[str, Any]) -> str:
    shown = f'"{entry.get("manager")}"'
    if entry.get("subresource"):
        shown += f' with subresource "{entry["subresource"]}"'
    if entry.get("operation") == "Update":
        shown += f" using {entry.get('apiVersion')}"
    return shown


def _merge(live: Any, wanted: Any, names: Path, builtin: bool) -> Any:
    """Lay the applied configuration over the live object."""
    if isinstance(wanted, dict) and isinstance(live, dict) and not (builtin and names and is_atomic_map(names)):
        result = dict(live)
        for key, value in wanted.items():
            result[key] = _merge(live.get(key), value, (*names, key), builtin)
        return result
    if isinstance(wanted, list) and isinstance(live, list) and names and (builtin or names[0] == "metadata"):
        keys = apply_keys(names, [*live, *wanted])
        if keys:
            return _merge_items(live, wanted, keys, names, builtin)
        if is_set(names):
            return [*live, *[item for item in wanted if item not in live]]
    return copy.deepcopy(wanted)


def _merge_items(live: list[Any], wanted: list[Any], keys: tuple[str, ...], names: Path, builtin: bool) -> list[Any]:
    """Items in the order of the applied list; those only live keep their order behind their predecessors."""
    at = {identity(item, keys): item for item in live}
    merged = [_merge(at.get(identity(item, keys), {}), item, names, builtin) for item in wanted]
    stated = {identity(item, keys) for item in wanted}
    return [*merged, *[item for item in live if identity(item, keys) not in stated]]


def _let_go(result: Obj, path: Path, held: set[Path]) -> None:
    """Remove a field nobody applies any more, unless something beneath it is still owned."""
    prefix = path[:-1] if path[-1] == "." else path
    if fields.is_key_field(path):
        return  # an item keeps the fields it is found by as long as it is there
    if any(other[: len(prefix)] == prefix for other in held):
        return
    if path[-1] == "." and prefix[-1].startswith("f:"):
        left = fields.lookup(result, prefix)
        if left:  # a map others put unowned entries in stays
            return
    fields.remove(result, path)


def _is(entry: dict[str, Any], manager: str, operation: str, sub: str) -> bool:
    return (
        entry.get("manager") == manager
        and entry.get("operation") == operation
        and (entry.get("subresource") or "") == sub
    )


def _rewritten(entry: dict[str, Any], owned: set[Path]) -> dict[str, Any]:
    return {**entry, "fieldsV1": fields.written(owned)}


def _record(obj: Obj, manager: str, operation: str, resource: ResourceType, owned: set[Path], sub: str) -> None:
    meta = obj.setdefault("metadata", {})
    entries: Entries = [e for e in meta.get("managedFields") or [] if not _is(e, manager, operation, sub)]
    if owned:
        entry: dict[str, Any] = {
            "manager": manager,
            "operation": operation,
            "apiVersion": resource.api_version(),
            "time": now_text(),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.written(owned),
        }
        if sub:
            entry["subresource"] = sub
        entries.append(entry)
    meta["managedFields"] = entries


def track(old: Obj | None, new: Obj, *, resource: ResourceType, manager: str, sub: str = "") -> None:
    """Note in `new` that `manager` wrote what differs from `old`; it takes those fields from all others."""
    builtin, status = resource.builtin, sub == "status"
    before = fields.values_of(old, builtin=builtin, status=status) if old else {}
    after = fields.values_of(new, builtin=builtin, status=status)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    gone = set(before) - set(after)
    carried = (old or {}).get("metadata", {}).get("managedFields") or []
    entries: Entries = []
    mine: set[Path] = set()
    for entry in carried:
        owned = fields.read(entry.get("fieldsV1") or {})
        left = {p for p in owned - gone if p[-1] != "." or fields.exists(new, p)} if gone else owned
        if _is(entry, manager, "Update", sub):
            mine = left
            continue
        left = left - changed
        if left:
            entries.append(entry if left == owned else _rewritten(entry, left))
    new["metadata"]["managedFields"] = entries
    if old is None:
        mine = fields.paths_of(new, builtin=builtin, status=status)
    else:
        mine |= changed
    if mine:
        _record(new, manager, "Update", resource, mine, sub)
