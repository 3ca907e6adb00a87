"""Lists a collection in pages and slices: consistent, small in memory, and never long on the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, TypeVar

from acp_tui.clients.errors import Gone
from acp_tui.clients.kube.transport import JSON, METADATA_LIST, Transport
from acp_tui.model.refs import Kind
from acp_tui.wire.kubernetes import Page, decode_list
from acp_tui.wire.table import ACCEPT, Table, TableRow, decode_table

T = TypeVar("T")

PAGE = 500
SLICE = 250
"""Objects handed on at a time; judging and filing so many stays within a frame."""
_RESTARTS = 2

Turn = AbstractAsyncContextManager[Any]
"""What is held while a list is decoded and handed on: shared by a fleet, it keeps answers that come together apart."""
FREE: Turn = nullcontext()


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

    Raises clients.errors and wire.Unreadable; Gone only after several restarts.
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
    skipped, version = 0, ""
    async with aclosing(
        pages(transport, path, type_, selectors=selectors, metadata_only=metadata_only, limit=limit)
    ) as got:
        async for page in got:
            items += page.items
            skipped += page.skipped
            version = page.resource_version
    return Page(items=items, resource_version=version, skipped=skipped)


async def pages(
    transport: Transport,
    path: str,
    type_: type[T],
    *,
    selectors: Mapping[str, str],
    metadata_only: bool = False,
    limit: int = PAGE,
    turn: Turn = FREE,
) -> AsyncGenerator[Page[T]]:
    """Page by page, all of one moment; `turn` is held from decoding a large page until the next one is asked for.

    `limit` 0 asks for everything at once from the API server's cache (resourceVersion=0). Gone where the token of the
    next page was forgotten; the pages before it are of no use then.
    """
    accept = METADATA_LIST if metadata_only else JSON
    asked: dict[str, str | int] = {**selectors, "limit": limit} if limit else {**selectors, "resourceVersion": "0"}
    while True:
        answer = await transport.get(path, params=asked, accept=accept)
        large = answer.large
        async with turn if large else FREE:
            started = time.perf_counter()
            page = decode_list(answer.body, type_)
            transport.stats.decoding += time.perf_counter() - started
            del answer
            if large:
                await asyncio.sleep(0)
            yield page
        if not page.continue_token:
            return
        asked = {**selectors, "limit": limit or PAGE, "continue": page.continue_token}


async def sliced(items: Sequence[T]) -> AsyncGenerator[Sequence[T]]:
    """The items in slices, with the loop free in between."""
    for start in range(0, len(items), SLICE):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + SLICE]


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
