"""The three client patches: JSON (RFC 6902), merge (RFC 7386) and strategic merge."""

from __future__ import annotations

import copy
from typing import Any

from acp_tui.sim.answers import ApiError, bad_request
from acp_tui.sim.listkeys import merge_key

_DIRECTIVES = ("$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys", "$patch")


def merge(target: Any, change: Any) -> Any:
    """RFC 7386: null removes, objects merge, all else replaces."""
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Any, change: dict[str, Any], path: tuple[str, ...] = ()) -> Any:
    """Merge with Kubernetes' list keys and directives; `path` is the place in the object."""
    if change.get("$patch") == "replace":
        return {k: v for k, v in change.items() if k != "$patch"}
    if change.get("$patch") == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) else {}
    retained = change.get("$retainKeys")
    if retained is not None:
        result = {k: v for k, v in result.items() if k in retained}
    _delete_primitives(result, change)
    for key, value in change.items():
        if key.startswith(_DIRECTIVES):
            continue
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = strategic(result.get(key), value, (*path, key))
        elif isinstance(value, list):
            order = change.get(f"$setElementOrder/{key}")
            result[key] = _strategic_list(result.get(key), value, (*path, key), order)
        else:
            result[key] = value
    for key, order in change.items():
        name = key.partition("/")[2]
        if key.startswith("$setElementOrder/") and name not in change and isinstance(result.get(name), list):
            result[name] = _ordered(result[name], order, merge_key((*path, name), result[name]))
    return result


def _delete_primitives(result: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [item for item in result.get(name) or [] if item not in value]


def _strategic_list(current: Any, change: list[Any], path: tuple[str, ...], order: Any) -> list[Any]:
    present = current if isinstance(current, list) else []
    if path[-1] == "finalizers":
        return [*present, *[item for item in change if item not in present]]
    key = merge_key(path, [*present, *change])
    dicts = all(isinstance(item, dict) for item in change)
    if key is None or not dicts:
        return [item for item in change if not (isinstance(item, dict) and "$patch" in item and len(item) == 1)]
    if any(item.get("$patch") == "replace" for item in change):
        return [item for item in change if item.get("$patch") != "replace"]
    result = list(present)
    for item in change:
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        at = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic({}, item, path))
        else:
            result[at] = strategic(result[at], item, path)
    return _ordered(result, order, key)


def _ordered(items: list[Any], order: Any, key: str | None) -> list[Any]:
    """Follow a `$setElementOrder` list; what it does not name keeps its place at the end."""
    if not isinstance(order, list):
        return items
    wanted = [entry.get(key) if isinstance(entry, dict) else entry for entry in order]

    def rank(item: Any) -> int:
        value = item.get(key) if isinstance(item, dict) else item
        return wanted.index(value) if value in wanted else len(wanted)

    return sorted(items, key=rank)


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902 on a copy; a failing test or a missing path is a 422, as the server answers."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document = copy.deepcopy(target)
    for operation in operations:
        document = _operate(document, operation)
    return document


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    op, pointer = operation.get("op"), _pointer(operation.get("path", ""))
    if op == "test":
        if _at(document, pointer) != operation.get("value"):
            raise _unprocessable(f"testing path {operation.get('path')} failed")
        return document
    if op in ("move", "copy"):
        source = _pointer(operation.get("from", ""))
        value = copy.deepcopy(_at(document, source))
        if op == "move":
            document = _remove(document, source)
        return _add(document, pointer, value)
    if op == "add":
        return _add(document, pointer, operation.get("value"))
    if op == "remove":
        return _remove(document, pointer)
    if op == "replace":
        if not pointer:
            return operation.get("value")
        _at(document, pointer)
        return _put(document, pointer, operation.get("value"))
    raise bad_request(f"Unexpected kind: {op}")


def _unprocessable(why: str) -> ApiError:
    return ApiError(422, "Invalid", f"the server rejected our request due to an error in our request: {why}")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise bad_request(f"not a JSON pointer: {text}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(container: list[Any], part: str, *, end: bool = False) -> int:
    if part == "-" and end:
        return len(container)
    if not part.lstrip("-").isdigit():
        raise _unprocessable(f"not an index: {part}")
    index = int(part)
    if not 0 <= index < len(container) + end:
        raise _unprocessable(f"index {part} out of bounds")
    return index


def _at(document: Any, pointer: list[str]) -> Any:
    node = document
    for part in pointer:
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list):
            node = node[_index(node, part)]
        else:
            raise _unprocessable(f"doc is missing path: /{'/'.join(pointer)}")
    return node


def _put(document: Any, pointer: list[str], value: Any) -> Any:
    parent = _at(document, pointer[:-1])
    if isinstance(parent, list):
        parent[_index(parent, pointer[-1])] = value
    else:
        parent[pointer[-1]] = value
    return document


def _add(document: Any, pointer: list[str], value: Any) -> Any:
    if not pointer:
        return value
    parent = _at(document, pointer[:-1])
    if isinstance(parent, list):
        parent.insert(_index(parent, pointer[-1], end=True), value)
    elif isinstance(parent, dict):
        parent[pointer[-1]] = value
    else:
        raise _unprocessable(f"doc is missing path: /{'/'.join(pointer)}")
    return document


def _remove(document: Any, pointer: list[str]) -> Any:
    _at(document, pointer)
    parent = _at(document, pointer[:-1])
    del parent[_index(parent, pointer[-1]) if isinstance(parent, list) else pointer[-1]]
    return document
