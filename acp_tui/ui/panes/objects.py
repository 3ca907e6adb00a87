"""Any kind as a view: the columns an API server prints for it, with the cluster where there are several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.ui.widgets.cells import width_of

if TYPE_CHECKING:
    from acp_tui.fleet.tables import MergedTable

WIDEST = 40
"""A printed column gets at most so many cells before it shares what is left."""
LOOKED_AT = 500
"""So many rows decide how wide a column is."""
_GOOD = frozenset({"Running", "Ready", "Active", "Bound", "Completed", "Succeeded", "Healthy", "Available"})
_WAITING = frozenset({"Pending", "ContainerCreating", "Terminating", "PodInitializing", "Progressing"})
_HEALTH = frozenset({"status", "phase"})
_NUMBERS = frozenset({"integer", "number"})


def view_of(table: MergedTable) -> View[Any]:
    """A view for one answer; columns are as wide as what they hold."""
    several = len({row.ref.cluster for row in table.rows}) > 1
    namespaced = any(row.ref.namespace for row in table.rows)
    columns: list[Column[Any]] = []
    printed = {column.name.lower(): place for place, column in enumerate(table.columns)}
    columns.append(_own("name", "NAME", table, lambda row: row.ref.name, grow=1, names=True))
    if namespaced:
        columns.append(_own("namespace", "NAMESPACE", table, lambda row: row.ref.namespace, names=True))
    if several:
        columns.append(_own("cluster", "CLUSTER", table, lambda row: row.ref.cluster, names=True))
    for name, place in printed.items():
        if name not in ("name", "namespace", "cluster"):
            columns.append(_printed(name, table, place))
    return View(
        id="objects",
        title=table.title,
        digit="",
        kind_word=table.title,
        columns=tuple(columns),
        order=lambda row: (row.ref.cluster, row.ref.namespace, row.ref.name),
    )


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
    id_: str, title: str, table: MergedTable, text: Callable[[Any], str], *, grow: int = 0, names: bool
) -> Column[Any]:
    widest = max((width_of(text(row)) for row in table.rows[:LOOKED_AT]), default=0)
    return Column(
        id=id_,
        title=title,
        width=min(max(widest, len(title), 8), WIDEST),
        grow=grow,
        middle=True,
        names=names,
        cell=lambda row, now: Cell(text(row)),
        sort=text,
    )


def _printed(name: str, table: MergedTable, place: int) -> Column[Any]:
    column = table.columns[place]
    texts = [row.cells[place] if place < len(row.cells) else "" for row in table.rows[:LOOKED_AT]]
    number = column.type in _NUMBERS or (bool(texts) and all(_size(text) is not None for text in texts if text))
    # The first thing that goes when it gets narrow is what the server itself calls wide.
    return Column(
        id=name,
        title=column.name.upper(),
        width=min(max([len(column.name), *map(width_of, texts)]) + 2 * (name in _HEALTH), WIDEST),
        priority=min(9, 1 + place // 3 + (4 if column.priority else 0)),
        align="right" if number else "left",
        ages=name == "age",
        glyph=name in _HEALTH,
        cell=lambda row, now: _cell(name, row.cells[place] if place < len(row.cells) else ""),
        sort=lambda row: _sortable(row.cells[place] if place < len(row.cells) else ""),
    )


def _cell(name: str, text: str) -> Cell:
    if not text or text == "<none>":
        return Cell("-", Tone.DIM)
    if name in _HEALTH:
        if text in _GOOD:
            return Cell(text, Tone.OK)
        return Cell(text, Tone.WARN if text in _WAITING or text.startswith("Init:") else Tone.FAIL)
    if name == "ready" and "/" in text:
        part, _, whole = text.partition("/")
        return Cell(text, Tone.PLAIN if part == whole else Tone.WARN)
    if name == "age":
        return Cell(text, Tone.DIM)
    return Cell(text)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def _size(text: str) -> float | None:
    """A number, or an age such as `4d3h`, as a number."""
    try:
        return float(text)
    except ValueError:
        pass
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
