"""Lists a whole collection in pages, keeping what is held in memory small and the answer consistent."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from acp_tui.clients.errors import Gone
from acp_tui.clients.kube.transport import JSON, METADATA_LIST, Transport
from acp_tui.model.refs import Kind
from acp_tui.wire.kubernetes import Page, decode_list
from acp_tui.wire.table import ACCEPT, Table, TableRow, decode_table

T = TypeVar("T")

PAGE = 500
_RESTARTS = 2


async def list_all(
    transport: Transport,
    kind_or_path: Kind | str,
    type_: type[T],
    *,
    namespace: str = "",
    label_selector: str = "",
    field_selector: str = "",
    metadata_only: bool = False,
    limit: int = PAGE,
) -> Page[T]:
    """All items as one page, in pages of `limit`; a page token the server forgot (410) starts the list anew.

    Yields to the loop between pages. Raises clients.errors and wire.Unreadable; Gone only after several restarts.
    """
    path = kind_or_path if isinstance(kind_or_path, str) else kind_or_path.path(namespace)
    selectors = _selectors(label_selector, field_selector)
    for attempt in range(_RESTARTS + 1):
        try:
            return await _pages(transport, path, type_, selectors=selectors, metadata_only=metadata_only, limit=limit)
        except Gone:
            if attempt == _RESTARTS:
                raise
    raise AssertionError("unreachable")


async def _pages(
    transport: Transport,
    path: str,
    type_: type[T],
    *,
    selectors: dict[str, str],
    metadata_only: bool,
    limit: int,
) -> Page[T]:
    items: list[T] = []
    token, skipped = "", 0
    accept = METADATA_LIST if metadata_only else JSON
    while True:
        page_of: dict[str, str | int] = {**selectors, "limit": limit}
        if token:
            page_of["continue"] = token
        answer = await transport.get(path, params=page_of, accept=accept)
        page = decode_list(answer.body, type_)
        items += page.items
        skipped += page.skipped
        token = page.continue_token
        if not token:
            return Page(items=items, resource_version=page.resource_version, skipped=skipped)
        await asyncio.sleep(0)


async def list_table(
    transport: Transport,
    kind: Kind,
    *,
    namespace: str = "",
    label_selector: str = "",
    field_selector: str = "",
    include: str = "Metadata",
) -> Table:
    """The server-printed table of a kind, all pages joined; `include` is None, Metadata or Object per row.

    With None a row has neither namespace nor uid, so it serves one namespace at a time.
    """
    rows: list[TableRow] = []
    token = ""
    while True:
        params: dict[str, str | int] = {**_selectors(label_selector, field_selector), "includeObject": include}
        params["limit"] = PAGE
        if token:
            params["continue"] = token
        answer = await transport.get(kind.path(namespace), params=params, accept=ACCEPT)
        table = decode_table(answer.body)
        rows += table.rows
        token = table.continue_token
        if not token:
            return Table(columns=table.columns, rows=tuple(rows), resource_version=table.resource_version)
        await asyncio.sleep(0)


def _selectors(label_selector: str, field_selector: str) -> dict[str, str]:
    given = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {name: value for name, value in given.items() if value}
