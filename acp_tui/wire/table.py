"""Decodes server-printed tables (meta.k8s.io/v1 Table): the columns an API server itself chose for a kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

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


class _Column(Struct, frozen=True):
    name: str | None = None
    type: str | None = None
    priority: int | None = None
    description: str | None = None


class _Partial(Struct, frozen=True):
    metadata: Meta | None = None


class _Row(Struct, frozen=True):
    cells: list[Any] | None = None
    object: msgspec.Raw = msgspec.Raw(b"null")


class _Table(Struct, frozen=True, rename="camel"):
    kind: str | None = None
    metadata: ListMeta | None = None
    column_definitions: list[_Column] | None = None
    rows: list[_Row | None] | None = None


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
        envelope: _Event = _decoder(_Event).decode(line)
        kind = envelope.type or ""
        if kind == "ERROR":
            return TableEvent(kind, status=decode_status(bytes(envelope.object)))
        found: _Table = _decoder(_Table).decode(envelope.object)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
    version = (found.metadata.resource_version if found.metadata else "") or ""
    if kind == "BOOKMARK":
        return TableEvent(kind, resource_version=version)
    if found.kind != "Table":
        raise _no_table()
    rows = tuple(_row(row, width, share or _as_it_is) for row in found.rows or () if row is not None)
    return TableEvent(
        kind, rows=rows, resource_version=version or (rows[-1].meta.resource_version if rows else "") or ""
    )


def decode_table(data: bytes, *, share: Share | None = None) -> Table:
    """The table; a row shorter than the columns is filled with empty cells, a longer one is cut.

    Raises Unreadable where the answer is no Table (an old or aggregated server may send the plain list instead).
    """
    try:
        found: _Table = _decoder(_Table).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_table() from error
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
    rows = tuple([_row(row, width, keep) for row in found.rows or () if row is not None])
    meta = found.metadata or ListMeta()
    return Table(
        columns=columns,
        rows=rows,
        resource_version=meta.resource_version or "",
        continue_token=meta.continue_ or "",
    )


def _as_it_is(text: str, same: str) -> str:
    return text


def _row(row: _Row, width: int, keep: Share) -> TableRow:
    texts = [value if type(value) is str and value.isprintable() else _cell(value) for value in row.cells or ()]
    if len(texts) != width:
        texts = [*texts[:width], *[""] * (width - len(texts))]
    return TableRow(tuple([keep(text, text) for text in texts]), _meta(row.object))


def _meta(raw: msgspec.Raw) -> Meta:
    if len(raw) <= len(b"null"):
        return _NO_META
    try:
        partial: _Partial | None = _decoder(_Partial | None).decode(raw)
    except msgspec.ValidationError:
        return Meta()
    return (partial.metadata if partial else None) or Meta()


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
