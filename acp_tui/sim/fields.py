"""Who owns which field: sets of paths, and their written form `fieldsV1` in managedFields.

A path is a tuple of fieldsV1 steps: `f:name` a field, `k:{...}` a list-map item by its keys, `v:...` a
member of a set, `.` the thing itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acp_tui.sim.listkeys import apply_keys, identity, is_atomic_map, is_set

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj

Path = tuple[str, ...]

# Never owned: identity, and what the server itself keeps.
_UNOWNED_META = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
        "generateName",
    }
)


def item_step(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    return "k:" + json.dumps(dict(zip(keys, identity(item, keys), strict=True)), separators=(",", ":"))


def paths_of(obj: Obj, *, builtin: bool, status: bool = False) -> set[Path]:
    """Every path an object states, leaves and list-map items; status only when it is what was written."""
    found: set[Path] = set()
    for key, stated in obj.items():
        if key in ("apiVersion", "kind"):
            continue
        if (key == "status") != status:
            continue
        value = stated
        if key == "metadata":
            value = {k: v for k, v in stated.items() if k not in _UNOWNED_META}
            if not value:
                continue
        _walk(value, (key,), (f"f:{key}",), found, builtin)
    return found


def _walk(value: Any, names: Path, path: Path, found: set[Path], builtin: bool) -> None:
    if isinstance(value, dict) and value and not (builtin and is_atomic_map(names)):
        if len(names) > 1:
            found.add((*path, "."))
        for key, inner in value.items():
            _walk(inner, (*names, key), (*path, f"f:{key}"), found, builtin)
        return
    if isinstance(value, list) and value and (builtin or names[0] == "metadata"):
        keys = apply_keys(names, value)
        if keys:
            found.add((*path, "."))
            for item in value:
                here = (*path, item_step(item, keys))
                found.add((*here, "."))
                for key, inner in item.items():
                    _walk(inner, (*names, key), (*here, f"f:{key}"), found, builtin)
            return
        if is_set(names):
            found.add((*path, "."))
            found.update((*path, "v:" + json.dumps(item)) for item in value)
            return
    found.add(path)


def values_of(obj: Obj, *, builtin: bool, status: bool = False) -> dict[Path, Any]:
    """The value at every path that carries one (not the bare presence of a map or item)."""
    return {path: lookup(obj, path) for path in paths_of(obj, builtin=builtin, status=status) if path[-1] != "."}


_MISSING = object()


def lookup(obj: Any, path: Path) -> Any:
    """The value at a path, or None; a list-map item is found by its keys."""
    found = find(obj, path)
    return None if found is _MISSING else found


def exists(obj: Any, path: Path) -> bool:
    return find(obj, path) is not _MISSING


def find(obj: Any, path: Path) -> Any:
    node = obj
    for step in path:
        if step == ".":
            continue
        if step.startswith("f:"):
            if not isinstance(node, dict) or step[2:] not in node:
                return _MISSING
            node = node[step[2:]]
        elif step.startswith("k:"):
            wanted = json.loads(step[2:])
            keys = tuple(wanted)
            if not isinstance(node, list):
                return _MISSING
            node = next(
                (i for i in node if isinstance(i, dict) and identity(i, keys) == tuple(wanted.values())), _MISSING
            )
            if node is _MISSING:
                return _MISSING
        else:
            value = json.loads(step[2:])
            if not isinstance(node, list) or value not in node:
                return _MISSING
            node = value
    return node


def remove(obj: Any, path: Path) -> None:
    """Take out what a path names, and nothing else."""
    steps = path[:-1] if path[-1] == "." else path
    parent = find(obj, steps[:-1])
    last = steps[-1]
    if parent is _MISSING:
        return
    if last.startswith("f:") and isinstance(parent, dict):
        parent.pop(last[2:], None)
    elif isinstance(parent, list):
        doomed = find(parent, (last,))
        if doomed is not _MISSING:
            parent.remove(doomed)


def is_item(path: Path) -> bool:
    """Whether the path stands for a whole list-map item."""
    return len(path) > 1 and path[-1] == "." and path[-2].startswith("k:")


def is_key_field(path: Path) -> bool:
    """Whether the path is one of the fields its own list-map item is found by."""
    if len(path) < 2 or not path[-1].startswith("f:") or not path[-2].startswith("k:"):
        return False
    return path[-1][2:] in json.loads(path[-2][2:])


def written(paths: set[Path]) -> Obj:
    """The nested fieldsV1 form of a set of paths."""
    root: Obj = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
    return root


def read(fields: Obj) -> set[Path]:
    """The set of paths a fieldsV1 object names."""
    found: set[Path] = set()

    def descend(node: Obj, path: Path) -> None:
        if not node:
            found.add(path)
        for step, inner in node.items():
            descend(inner, (*path, step))

    for step, inner in fields.items():
        descend(inner, (step,))
    return found
