"""What differs between two forms of an object: as paths, as one line for a table, as a unified diff; secrets masked."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from acp_tui.insight.mask import MASK, looks_secret, mask_object, mask_values
from acp_tui.model.quantity import parse

MASK_BEFORE = f"{MASK} (before)"
MASK_AFTER = f"{MASK} (after)"
SHOWN_CHANGES = 3
SHOWN_LENGTH = 40

_SERVER_OWNED = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "deletionTimestamp"}
)
_LIST_KEYS = ("name", "containerPort", "mountPath", "port", "key", "ip", "topologyKey", "uid")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_OF_THE_CHART = frozenset({"helm.sh/chart", "app.kubernetes.io/version"})
_ABSENT: tuple[Any, ...] = (None, {}, [], "")


class Change(Struct, frozen=True):
    """One leaf that differs; an entry of a list is named by its key (`containers[web]`); None means absent."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def where(self) -> str:
        return "".join(step if step.startswith("[") else f".{step}" for step in self.path).lstrip(".")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every leaf that differs between two written forms of one object, in the order they are written."""
    return tuple(_changes((), _prepared(before), _prepared(after), only_wanted=False))


def drift(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Change, ...]:
    """Leaves of the wanted form that are otherwise in the live one (`before` wanted, `after` live).

    What only the live object has is a default or somebody else's field, and no drift. Equal quantities written
    differently are equal, and so are a number and its text (ports, `intOrString`).
    """
    return tuple(_changes((), _prepared(wanted), _prepared(live), only_wanted=True))


def value_at(body: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What stands at a path of a change, None where nothing does; an entry of a list is found by any of its keys."""
    here: Any = _prepared(body)
    for step in path:
        if step.startswith("[") and isinstance(here, list):
            here = _entry_of(here, step[1:-1])
        elif isinstance(here, Mapping):
            here = here.get(step)
        else:
            return None
    return here


def same_value(one: Any, other: Any) -> bool:
    """Equal for a server: `1` and `1000m`, 80 and "80", absent and empty are."""
    return _equal(one, other) or (
        isinstance(one, Mapping | list) and not list(_changes((), one, other, only_wanted=False))
    )


def _entry_of(entries: list[Any], name: str) -> Any:
    for key in _LIST_KEYS:
        for entry in entries:
            if isinstance(entry, Mapping) and str(entry.get(key)) == name:
                return entry
    return entries[int(name)] if name.isdecimal() and int(name) < len(entries) else None


def same_template(wanted: Mapping[str, Any], live: Mapping[str, Any], stored: Mapping[str, Any] | None = None) -> bool:
    """True where applying the wanted pod template over the live one would change nothing and so replace no pod.

    What the `stored` one has and the wanted one drops is taken away, as long as the live one carries it as it was
    stored; any other value there is the server's default.
    """
    if drift(wanted, live):
        return False
    dropped = (change for change in changes(stored, wanted) if change.after is None) if stored is not None else ()
    return not any(_carries(value_at(live, change.path), change.before) for change in dropped)


def _carries(live: Any, stored: Any) -> bool:
    return not list(_changes((), stored, live, only_wanted=True))


def summary(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """One line: `image 1.9.2 → 1.9.1, env POOL 40 → 20, 2 keys changed`; empty where nothing differs."""
    found = changes(before, after)
    if after.get("kind") in ("ConfigMap", "Secret"):
        return _key_summary(found)
    marks = [change for change in found if _is_mark(change)]
    lines = list(dict.fromkeys(_line(change, found) for change in found if change not in marks))
    return _joined([*lines, *_mark_lines(marks, beside=bool(lines))])


def drift_summary(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    """One line of where the live object left the wanted form: `replicas is 5 (stored 3)`."""
    secret = live.get("kind") == "Secret"
    found = drift(wanted, live)
    lines = []
    for change in found:
        if secret or is_secret(change):
            lines.append(f"{_short_path(change)} differs")
        else:
            lines.append(f"{_short_path(change)} is {shown(change.after)} (stored {shown(change.before)})")
    return _joined(lines)


def masked_pair(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both forms without secret values; a hidden value that differs is marked so, and nothing else is told of it."""
    hidden_before = mask_object(before) if before is not None else None
    hidden_after = mask_object(after) if after is not None else None
    if hidden_before is not None and hidden_after is not None:
        _mark(before, after, hidden_before, hidden_after)
    return hidden_before, hidden_after


def masked_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Any, Any]:
    """Two sets of Helm values without secrets, marked in the same way."""
    hidden_before, hidden_after = mask_values(before), mask_values(after)
    _mark(before, after, hidden_before, hidden_after)
    return hidden_before, hidden_after


def unified(before: str, after: str, *, name: str) -> str:
    """A unified diff of two texts with three lines of context; empty where they are equal."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(lines)


def _prepared(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without status and fields the server writes; a Secret's stringData where it ends up, in data."""
    kept = {key: value for key, value in body.items() if key != "status"}
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVER_OWNED}
    if kept.get("kind") == "Secret" and isinstance(kept.get("stringData"), Mapping):
        plain = kept.pop("stringData")
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        kept["data"] = {**(kept.get("data") or {}), **encoded}
    return kept


def _changes(path: tuple[str, ...], before: Any, after: Any, *, only_wanted: bool) -> Iterable[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before if only_wanted else dict.fromkeys((*before, *after)):
            yield from _changes((*path, str(key)), before.get(key), after.get(key), only_wanted=only_wanted)
        return
    if isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(path, before, after, only_wanted=only_wanted)
        return
    if not _equal(before, after):
        yield Change(path, before, after)


def _list_changes(path: tuple[str, ...], before: list[Any], after: list[Any], *, only_wanted: bool) -> Iterable[Change]:
    """Lists of named entries are matched by name, all others by place."""
    key = _key_of(before, after)
    if key:
        old = {str(entry[key]): entry for entry in before}
        new = {str(entry[key]): entry for entry in after}
        for name in old if only_wanted else dict.fromkeys((*old, *new)):
            yield from _changes((*path, f"[{name}]"), old.get(name), new.get(name), only_wanted=only_wanted)
        return
    if only_wanted and not any(isinstance(entry, Mapping | list) for entry in before):
        if any(not any(_equal(entry, other) for other in after) for entry in before):
            yield Change(path, before, after)
        return
    for index in range(max(len(before), len(after))):
        old_entry = before[index] if index < len(before) else None
        new_entry = after[index] if index < len(after) else None
        if only_wanted and old_entry is None:
            return
        yield from _changes((*path, f"[{index}]"), old_entry, new_entry, only_wanted=only_wanted)


def _key_of(before: list[Any], after: list[Any]) -> str:
    """The field that names every entry of both lists once; empty where there is none."""
    entries = [*before, *after]
    if not entries or not all(isinstance(entry, Mapping) for entry in entries):
        return ""
    for key in _LIST_KEYS:
        if all(isinstance(entry.get(key), str | int) for entry in entries):
            sides = ([str(entry[key]) for entry in side] for side in (before, after))
            if all(len(set(names)) == len(names) for names in sides):
                return key
    return ""


def _equal(before: Any, after: Any) -> bool:
    if before == after and type(before) is type(after):
        return True
    if before in _ABSENT and after in _ABSENT:
        return True
    if isinstance(before, bool) or isinstance(after, bool):
        return before in (*_ABSENT, False) and after in (*_ABSENT, False)
    if isinstance(before, str | int | float) and isinstance(after, str | int | float):
        if str(before) == str(after):
            return True
        exact = parse(before)
        return exact is not None and exact == parse(after)
    return False


def _line(change: Change, found: tuple[Change, ...]) -> str:
    """The words for one change: what people call it, then before and after."""
    named = [step for step in change.path if not step.startswith("[")]
    if named[-1:] == ["image"] and isinstance(change.before, str) and isinstance(change.after, str):
        return _image_line(change, several=sum(1 for other in found if other.path[-1:] == ("image",)) > 1)
    if "env" in named[:-1] or (named[-1:] == ["env"] and change.path[-1] != "env"):
        entry = next((step[1:-1] for step in reversed(change.path) if step.startswith("[")), "")
        return _valued(f"env {entry}", change)
    container = any(step in _CONTAINERS for step in named[-1:]) and isinstance(change.before or change.after, Mapping)
    if container:
        return f"container {change.path[-1].strip('[]')} {_sense(change)}"
    return _valued(_short_path(change), change)


def _image_line(change: Change, *, several: bool) -> str:
    """The tag alone where the repository stays; with the container's name where several images change."""
    old, new = str(change.before), str(change.after)
    old_name, old_tag = _split_image(old)
    new_name, new_tag = _split_image(new)
    of = f" {change.path[-2].strip('[]')}" if several and len(change.path) > 1 else ""
    if old_name == new_name and old_tag and new_tag:
        return f"image{of} {old_tag} → {new_tag}"
    return f"image{of} {old} → {new}"


def _split_image(image: str) -> tuple[str, str]:
    name, _, digest = image.partition("@")
    repository, separator, tag = name.rpartition(":")
    if not separator or "/" in tag:
        repository, tag = name, ""
    return repository, f"{tag}@{digest[:14]}" if digest else tag


def _valued(what: str, change: Change) -> str:
    if change.before in _ABSENT or change.after in _ABSENT:
        return f"{what} {_sense(change)}"
    if is_secret(change) or not (_scalar(change.before) and _scalar(change.after)):
        return f"{what} changed"
    return f"{what} {shown(change.before)} → {shown(change.after)}"


def _sense(change: Change) -> str:
    if change.before in _ABSENT:
        return "added"
    return "removed" if change.after in _ABSENT else "changed"


def _short_path(change: Change) -> str:
    """The last words of a path, with the name of the list entry they belong to."""
    path = change.path
    length = 1
    if path[-1].startswith("["):
        length = 2
    elif len(path) > 1 and path[-2].startswith("["):
        length = 3
    elif len(path) > 1 and path[-2] not in ("spec", "template"):
        length = 2
    return "".join(step if step.startswith("[") else f".{step}" for step in path[-length:]).lstrip(".")


def _key_summary(found: tuple[Change, ...]) -> str:
    data = [change for change in found if change.path[0] in ("data", "binaryData")]
    keys = {change.path[1] for change in data if len(change.path) > 1}
    rest = [change for change in found if change not in data]
    marks = [change for change in rest if _is_mark(change)]
    lines = [f"{len(keys)} key{'s' if len(keys) > 1 else ''} changed"] if keys else []
    lines += [f"{_short_path(change)} {_sense(change)}" for change in rest if change not in marks]
    return _joined([*lines, *_mark_lines(marks, beside=bool(lines))])


def only_marks(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True where labels and annotations are all that differs, as every new version of a chart makes them."""
    return all(_is_mark(change) for change in changes(before, after))


def _is_mark(change: Change) -> bool:
    return len(change.path) > 2 and change.path[-3] == "metadata" and change.path[-2] in ("labels", "annotations")


def _mark_lines(marks: Sequence[Change], *, beside: bool) -> list[str]:
    """Labels and annotations by name alone, those of pods only where the object does not have them too.

    `beside` other changes those that every version of a chart brings are not worth a word.
    """
    words = []
    marks = [change for change in marks if not (beside and change.path[-1] in _OF_THE_CHART)]
    for place in ("labels", "annotations"):
        own = [change.path[-1] for change in marks if change.path[:2] == ("metadata", place)]
        pods = [change.path[-1] for change in marks if change.path[-2] == place and change.path[0] == "spec"]
        for whose, names in (("", own), ("pod ", [name for name in pods if name not in own])):
            if names:
                words.append(f"{whose}{place[:-1] if len(names) == 1 else place} {' and '.join(names[:2])}")
    return words


def _joined(lines: Sequence[str]) -> str:
    more = len(lines) - SHOWN_CHANGES
    return ", ".join(lines[:SHOWN_CHANGES]) + (f", {more} more" if more > 0 else "")


def is_secret(change: Change) -> bool:
    """True where a step of the path says that the value is one."""
    return any(looks_secret(step.strip("[]")) for step in change.path)


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def shown(value: Any) -> str:
    """One value in a few words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "absent"
    if not _scalar(value):
        return "something else"
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


def _mark(before: Any, after: Any, hidden_before: Any, hidden_after: Any) -> None:
    """Writes before / after marks into masked twins wherever a hidden value differs."""
    if isinstance(hidden_before, dict) and isinstance(hidden_after, dict):
        for key in hidden_before.keys() & hidden_after.keys():
            if hidden_before[key] == hidden_after[key] == MASK:
                if before[key] != after[key]:
                    hidden_before[key], hidden_after[key] = MASK_BEFORE, MASK_AFTER
            else:
                _mark(before[key], after[key], hidden_before[key], hidden_after[key])
    if isinstance(hidden_before, list) and isinstance(hidden_after, list):
        for old, new, hidden_old, hidden_new in zip(before, after, hidden_before, hidden_after, strict=False):
            _mark(old, new, hidden_old, hidden_new)
