"""Decodes server-printed tables (meta.k8s.io/v1 Table): the columns an API server itself chose for a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from acp_tui.model.objects import Meta
from acp_tui.wire.kubernetes import ListMeta, Status, Unreadable, decode_status
from acp_tui.wire.text import clean, one_line

ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
"""Falls back to plain JSON on servers that print no tables."""


class TableColumn(Struct, frozen=True):
    """`priority` 0 is always shown, more than 0 only where there is room (kubectl -o wide)."""

    name: str
    type: str = "string"
    priority: int = 0
    description: str = ""


class TableRow(Struct, frozen=True, gc=False):
    """Cells in the order of the columns; `meta` is empty where the request asked for no objects."""

    cells: tuple[str, ...]
    meta: Meta = Meta()


class Table(Struct, frozen=True):
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    resource_version: str = ""
    continue_token: str = ""


class TableEvent(Struct, frozen=True):
    """One line of a table's watch: `rows` are empty for BOOKMARK and ERROR; `status` is what an ERROR says."""

    type: str
    rows: tuple[TableRow, ...] = ()
    resource_version: str = ""
    status: Status | None = None


Share = Callable[[str, str], str]
"""`dict.setdefault` of whoever wants equal cells to be one string in memory."""


R = TypeVar("R")


class _Column(Struct, frozen=True):
    name: str | None = None
    type: str | None = None
    priority: int | None = None
    description: str | None = None


class _Partial(Struct, frozen=True):
    metadata: Meta | None = None


class _Row(Struct, frozen=True):
    cells: list[Any] | None = None
    object: _Partial | None = None


class _OddRow(Struct, frozen=True):
    """A row of which the object is read on its own, because it, or one beside it, has odd metadata."""

    cells: list[Any] | None = None
    object: msgspec.Raw = msgspec.Raw(b"null")


class _Table(Struct, Generic[R], frozen=True, rename="camel"):
    kind: str | None = None
    metadata: ListMeta | None = None
    column_definitions: list[_Column] | None = None
    rows: list[R | None] | None = None


class _Change(Struct, frozen=True):
    type: str
    object: _Table[_Row]


class _Event(Struct, frozen=True):
    type: str | None = None
    object: msgspec.Raw = msgspec.Raw(b"null")


_NO_META = Meta()


@lru_cache(maxsize=8)
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def decode_table_event(line: bytes, width: int, *, share: Share | None = None) -> TableEvent:
    """One line of a watch that asked for a table of `width` columns; raises Unreadable."""
    try:
        change: _Change = _decoder(_Change).decode(line)
        kind, found = change.type, change.object
    except msgspec.ValidationError:
        kind, found = "", None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
    if found is None or found.kind != "Table":
        return _decode_odd_event(line, width, share or _as_it_is)
    return _event(kind, found, [_row(row, width, share or _as_it_is) for row in found.rows or () if row is not None])


def _decode_odd_event(line: bytes, width: int, share: Share) -> TableEvent:
    """Of an event that is no change, or of a row with odd metadata."""
    try:
        envelope: _Event = _decoder(_Event).decode(line)
        kind = envelope.type or ""
        if kind == "ERROR":
            return TableEvent(kind, status=decode_status(bytes(envelope.object)))
        found: _Table[_OddRow] = _decoder(_Table[_OddRow]).decode(envelope.object)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
    if kind == "BOOKMARK":
        return TableEvent(kind, resource_version=(found.metadata.resource_version if found.metadata else "") or "")
    if found.kind != "Table":
        raise _no_table()
    return _event(kind, found, [_row(row, width, share) for row in _mended(found.rows)])


def _event(kind: str, found: _Table[Any], rows: list[TableRow]) -> TableEvent:
    version = (found.metadata.resource_version if found.metadata else "") or ""
    version = version or (rows[-1].meta.resource_version if rows else "") or ""
    return TableEvent(kind, rows=tuple(rows) if kind != "BOOKMARK" else (), resource_version=version)


def decode_table(data: bytes, *, share: Share | None = None) -> Table:
    """The table; a row shorter than the columns is filled with empty cells, a longer one is cut.

    Raises Unreadable where the answer is no Table (an old or aggregated server may send the plain list instead).
    """
    found, items = _whole(data)
    if found.kind != "Table":
        raise _no_table()
    columns = tuple(
        TableColumn(
            name=one_line(column.name or ""),
            type=column.type or "string",
            priority=column.priority or 0,
            description=column.description or "",
        )
        for column in found.column_definitions or ()
    )
    keep, width = share or _as_it_is, len(columns)
    rows = tuple([_row(row, width, keep) for row in items])
    meta = found.metadata or ListMeta()
    return Table(
        columns=columns,
        rows=rows,
        resource_version=meta.resource_version or "",
        continue_token=meta.continue_ or "",
    )


def _whole(data: bytes) -> tuple[_Table[Any], list[_Row]]:
    """The table and its rows; an object with odd metadata costs its row the metadata, not the table."""
    try:
        found: _Table[_Row] = _decoder(_Table[_Row]).decode(data)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
    else:
        return found, [row for row in found.rows or () if row is not None]
    try:
        odd: _Table[_OddRow] = _decoder(_Table[_OddRow]).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
    return odd, list(_mended(odd.rows))


def _mended(rows: list[_OddRow | None] | None) -> Iterator[_Row]:
    for row in rows or ():
        if row is not None:
            try:
                yield _Row(row.cells, _decoder(_Partial | None).decode(row.object))
            except msgspec.ValidationError:
                yield _Row(row.cells)


def _as_it_is(text: str, same: str) -> str:
    return text


def _row(row: _Row, width: int, keep: Share) -> TableRow:
    texts = [value if type(value) is str and value.isprintable() else _cell(value) for value in row.cells or ()]
    if len(texts) != width:
        texts = [*texts[:width], *[""] * (width - len(texts))]
    meta = row.object.metadata if row.object is not None else None
    return TableRow(tuple([keep(text, text) for text in texts]), meta or _NO_META)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return clean(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return one_line(msgspec.json.encode(value).decode(), limit=200)


def _no_table() -> Unreadable:
    return Unreadable(
        "The server did not print a table for this kind",
        tried="asked for meta.k8s.io/v1 Table",
        advice="open a single object instead; its YAML does not need server-side printing",
    )
