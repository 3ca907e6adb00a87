"""Any kind as a view: the columns an API server prints for it, with the cluster where there are several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.ui.widgets.cells import width_of

if TYPE_CHECKING:
    from acp_tui.fleet.tables import MergedTable

WIDEST = 40
"""A printed column gets at most so many cells before it shares what is left."""
WIDEST_MESSAGE = 90
"""What an event says is what it is read for: columns that matter less give way to it."""
LEAST_NAME, LEAST_TEXT = 20, 9
"""A name, and any other text, may shrink to so many cells."""
LOOKED_AT = 500
"""So many rows decide how wide a column is."""
_GOOD = {
    *("Running", "Ready", "Active", "Bound", "Completed", "Complete", "Succeeded", "Healthy", "Available"),
    *("Deployed", "deployed", "Synced", "Established"),
}
_WAITING = {
    *("Pending", "ContainerCreating", "Terminating", "PodInitializing", "Progressing", "Processing", "Suspended"),
    *("Released", "Ready,SchedulingDisabled"),
}
_BAD = ("Error", "BackOff", "Failed", "failed", "Lost", "NotReady", "OOMKilled", "Evicted", "Unknown", "Degraded")
"""Ends of words that say that something is wrong; a word nobody knows here says nothing."""
_BAD_STARTS = ("Err", "Invalid", "Failed", "Init:Err", "Init:Crash", "Evicted", "NotReady", "CreateContainer")
_EVENT = {"last seen", "reason", "object", "message"}
"""Who tells about others is known by what is told: the own name, made by a machine, goes first where it is narrow."""
_AGES = {"age", "last seen"}
_HEALTH = {"status", "phase"}
_FIRST = {"status", "phase", "ready", "last seen", "reason", "object", "message"}
_SECOND = {"restarts", "age", "type", "available", "up-to-date", "desired"}
_SEVERITY = {Tone.FAIL: 0, Tone.WARN: 1}
_NO_SEVERITY = 2
_NUMBERS = frozenset({"integer", "number"})


def shape_of(table: MergedTable) -> tuple[object, ...]:
    """What the columns are made for: while it stays the same, rows come and go under the same view."""
    return (table.columns, bool(table.rows), len(table.clusters) > 1, _namespaced(table))


def view_of(table: MergedTable) -> View[Any]:
    """A view for one answer; columns are as wide as what they hold."""
    several = len(table.clusters) > 1
    namespaced = _namespaced(table)
    printed = {column.name.lower(): place for place, column in enumerate(table.columns)}
    told = printed.keys() >= _EVENT
    own = [_own("name", "NAME", table, lambda row: row.ref.name, grow=1, middle=True, priority=9 if told else 0)]
    if namespaced:
        own.append(_own("namespace", "NAMESPACE", table, lambda row: row.ref.namespace, priority=2))
    if several:
        own.append(_own("cluster", "CLUSTER", table, lambda row: row.ref.cluster, middle=True, priority=1))
    rest = [
        _printed(name, table, place, printed.get("ready"))
        for name, place in printed.items()
        if name not in ("name", "namespace", "cluster")
    ]
    return View(
        id="objects",
        title=table.title,
        digit="",
        kind_word=table.title,
        columns=(*rest, *own) if told else (*own, *rest),
        order=_newest_first(printed["last seen"]) if told else _worst_first(printed),
    )


def _namespaced(table: MergedTable) -> bool:
    """Rows are of one kind, so that the first one knows."""
    return bool(table.rows) and table.rows[0].ref.namespace != ""


def _newest_first(place: int) -> Callable[[Any], Any]:
    return lambda row: _sortable(_text(row, place))


def _worst_first(printed: Mapping[str, int]) -> Callable[[Any], Any]:
    """What a status column calls wrong, then what waits, then all the others by name."""
    place = next((printed[name] for name in sorted(_HEALTH) if name in printed), None)
    ready = printed.get("ready")

    def order(row: Any) -> Any:
        severity = _NO_SEVERITY if place is None else _severity(_text(row, place), _text(row, ready))
        return (severity, row.ref.cluster, row.ref.namespace, row.ref.name)

    return order


def _text(row: Any, place: int | None) -> str:
    return row.cells[place] if place is not None and place < len(row.cells) else ""


def unanswered(kind: str) -> View[Any]:
    """A view with a name alone, until an answer says what columns the kind has."""
    name: Column[Any] = Column(
        id="name",
        title="NAME",
        width=20,
        grow=1,
        cell=lambda row, now: Cell(row.ref.name),
        sort=lambda row: row.ref.name,
    )
    return View(id="objects", title=kind, digit="", kind_word=kind, columns=(name,), order=lambda row: row.key)


def _own(
    id_: str,
    title: str,
    table: MergedTable,
    text: Callable[[Any], str],
    *,
    grow: int = 0,
    middle: bool = False,
    priority: int = 0,
) -> Column[Any]:
    widest = max((width_of(text(row)) for row in table.rows[:LOOKED_AT]), default=0)
    return Column(
        id=id_,
        title=title,
        width=min(max(widest, len(title), 8), WIDEST),
        least=LEAST_NAME if id_ == "name" else LEAST_TEXT,
        grow=grow,
        priority=priority,
        middle=middle,
        names=True,
        cell=lambda row, now: Cell(text(row)),
        sort=text,
    )


def _printed(name: str, table: MergedTable, place: int, ready: int | None) -> Column[Any]:
    column = table.columns[place]
    texts = [_text(row, place) for row in table.rows[:LOOKED_AT]]
    widest = WIDEST_MESSAGE if name == "message" else WIDEST
    number = column.type in _NUMBERS or (bool(texts) and all(_size(text) is not None for text in texts if text))
    return Column(
        id=name,
        title=column.name.upper(),
        width=min(max([len(column.name), *map(width_of, texts)]) + 2 * (name in _HEALTH), widest),
        least=0 if number else LEAST_TEXT,
        grow=4 if name == "message" else 0,
        priority=_priority(name, place, wide=column.priority > 0),
        align="right" if number else "left",
        ages=name in _AGES,
        glyph=name in _HEALTH,
        middle=name == "object",
        cell=lambda row, now: _cell(name, _text(row, place), _text(row, ready)),
        sort=lambda row: _sortable(_text(row, place)),
    )


def _priority(name: str, place: int, *, wide: bool) -> int:
    """The first thing that goes when it gets narrow is what the server itself calls wide."""
    if name in _FIRST:
        return 0
    if name in _SECOND:
        return 3
    return min(9, 4 + place // 3 + (2 if wide else 0))


def _health(word: str, ready: str = "") -> Tone:
    """What a status column says; what runs and is not ready is not well."""
    tone = _tone_of(word)
    return Tone.WARN if word == "Running" and not _whole(ready) else tone


@lru_cache(maxsize=1024)
def _severity(word: str, ready: str) -> int:
    """Few words stand in thousands of rows."""
    return _SEVERITY.get(_health(word, ready), _NO_SEVERITY)


@lru_cache(maxsize=1024)
def _tone_of(word: str) -> Tone:
    """What a word of a status column says of health; nothing where it is not known."""
    if word in _GOOD:
        return Tone.OK
    if word in _WAITING or (word.startswith("Init:") and not word.startswith(_BAD_STARTS)):
        return Tone.WARN
    return Tone.FAIL if word.endswith(_BAD) or word.startswith(_BAD_STARTS) else Tone.PLAIN


def _whole(ready: str) -> bool:
    part, parted, whole = ready.partition("/")
    return not parted or part == whole


def _cell(name: str, text: str, ready: str) -> Cell:
    if not text or text == "<none>":
        return Cell("-", Tone.DIM)
    if name in _HEALTH:
        return Cell(text, _health(text, ready))
    if name == "ready" and not _whole(text):
        return Cell(text, Tone.WARN)
    if name in _AGES:
        return Cell(text, Tone.DIM)
    if name == "type" and text == "Warning":
        return Cell(text, Tone.WARN)
    return Cell(text)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def _size(text: str) -> float | None:
    """A number, or an age such as `4d3h`, as a number."""
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    total, digits = 0.0, ""
    for character in text:
        if character.isdigit():
            digits += character
        elif digits and character in _UNITS:
            total += int(digits) * _UNITS[character]
            digits = ""
        else:
            return None
    return None if digits or not text else total


def _sortable(text: str) -> tuple[bool, float, str]:
    size = _size(text)
    return (text in ("", "<none>"), float("inf") if size is None else size, text)
