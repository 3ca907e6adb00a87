"""Any kind as it is now: all rows first, from printed tables without objects, then every change of them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from itertools import chain

from acp_tui.clients.errors import Forbidden, Gone, NotFound, TooManyRequests, from_answer
from acp_tui.clients.kube.lister import list_all, list_table, sliced
from acp_tui.fleet.bulk import BulkLoad
from acp_tui.fleet.printed import Key, Printed
from acp_tui.fleet.session import Session
from acp_tui.fleet.tables import MergedTable, nobody_serves
from acp_tui.fleet.turn import Turn
from acp_tui.fleet.watchplan import built_in_kinds
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.objects import Object
from acp_tui.model.refs import Kind
from acp_tui.wire.table import ACCEPT, Table, TableColumn, TableEvent, decode_table, decode_table_event

TELL_SECONDS = 0.1
CONSUMER_SHARE = 0.03
"""Taking in changes may take this share of the time, painting takes as much again; when it takes long, changes are told
less often."""
RELIST_SECONDS = 60.0
"""Printed ages stand still, so all rows are printed again after so long."""
POLL_SECONDS = 10.0
"""The same without the right to watch."""
LOOK_SECONDS = 0.03
"""Once there are rows nothing is decoded for so long: they are painted first."""
SPACES_AT_ONCE = 6
SPACES = 64
"""Of more namespaces the rows are asked for together, in pages with metadata."""
LEARN_SECONDS = 10.0
BULK_SECONDS = 10.0
"""The collector rests until all rows are there, but for no longer than this."""
_BARE = {"includeObject": "None", "resourceVersion": "0"}


class LiveTable:
    """One look at a kind in some clusters; nothing is kept of it once `snapshots` is closed.

    A row without its object has neither namespace nor uid, so it is asked for a namespace at a time; the watch starts
    at the version of the first of those answers, so that it misses nothing of any.
    """

    def __init__(self, word: str, sessions: Sequence[Session], *, namespace: str, turn: Turn) -> None:
        self._word = word
        self._sessions = sessions
        self._namespace = namespace
        self._turn = turn
        self._changed = asyncio.Event()
        self._looked = asyncio.Event()
        self._unread = {session.name for session in sessions}
        self._read = asyncio.Event()
        self._texts: dict[str, str] = {}
        self._parts: dict[str, Printed] = {}
        self._columns: dict[str, TableColumn] = {}
        self._absent: dict[str, str] = {}

    async def snapshots(self) -> AsyncGenerator[MergedTable]:
        """The table whenever it became different, at most ten times a second, the first rows as soon as there are any.

        Raises UsageError where every cluster answered and none knows the word.
        """
        tasks = [asyncio.create_task(self._keep(each), name=f"table {each.name}") for each in self._sessions]
        bulk = BulkLoad()
        bulk.begin()
        late = asyncio.get_running_loop().call_later(BULK_SECONDS, bulk.end)
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                if not self._parts and all(task.done() for task in tasks):
                    raise nobody_serves(self._word, self._sessions)
                started = time.perf_counter()
                table = self._table()
                if table.live:
                    bulk.end()
                yield table
                if table.rows and not self._looked.is_set():
                    asyncio.get_running_loop().call_later(LOOK_SECONDS, self._looked.set)
                spent = time.perf_counter() - started
                await self._pause(max(TELL_SECONDS, spent / CONSUMER_SHARE))
        finally:
            late.cancel()
            bulk.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        """Between two tellings; all rows are told as soon as they are there."""
        if self._read.is_set():
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._read.wait()

    def _answered(self, session: Session) -> None:
        """It said what it has, or that it cannot."""
        self._unread.discard(session.name)
        if not self._unread:
            self._read.set()
        self._changed.set()

    def _table(self) -> MergedTable:
        parts = tuple(self._parts.values())
        kind = parts[0].kind if parts else None
        places = [TableColumn("Cluster"), *([TableColumn("Namespace")] if kind and kind.namespaced else [])]
        problems = {**self._absent, **{part.session.name: part.problem for part in parts if part.problem}}
        return MergedTable(
            title=kind.plural if kind else self._word,
            columns=(TableColumn("Name"), *places, *self._columns.values()),
            clusters=tuple(part.session.name for part in parts if part.rows),
            rows=tuple(chain.from_iterable([part.rows.values() for part in parts])),
            problems=tuple(f"{cluster}: {problem}" for cluster, problem in problems.items()),
            live=bool(parts) and all(part.live for part in parts if not part.problem),
        )

    async def _keep(self, session: Session) -> None:
        """Endless; ends only for a cluster that does not serve the kind."""
        part = await self._find(session)
        if part is None:
            self._answered(session)
            return
        while True:
            pause = POLL_SECONDS
            try:
                if session.error is not None:
                    raise session.error
                version = await self._list(part)
                part.problem = ""
                self._answered(session)
                async with asyncio.timeout(RELIST_SECONDS * random.uniform(0.8, 1.2)):  # noqa: S311
                    await self._follow(part, version)
                pause = 0.0
            except TimeoutError:
                continue
            except Gone:
                pause = 1.0
            except (Forbidden, NotFound) as error:
                part.problem = "" if part.columns else error.title
            except TooManyRequests as error:
                part.problem = error.title
                pause = max(pause, error.retry_after)
            except AcpTuiError as error:
                part.problem = error.title
            part.live = False
            self._answered(session)
            await session.pulse.naps.sleep(pause)

    async def _find(self, session: Session) -> Printed | None:
        """The part of a cluster, once it said what it serves; None where the kind is not among it.

        Kinds that every server serves need no word from it.
        """
        kind = built_in_kinds().find(self._word)
        if kind is not None and session.kinds is None and session.started and session.error is None:
            return self._part(session, kind)
        await _heard_of(session)
        if session.kinds is None:
            self._absent[session.name] = session.store.problem or "not dialled"
            self._answered(session)
            await session.learned.wait()
            self._absent.pop(session.name)
        kind = session.kinds.find(self._word) if session.kinds else None
        if kind is None:
            return None
        return self._part(session, kind)

    def _part(self, session: Session, kind: Kind) -> Printed:
        return self._parts.setdefault(
            session.name, Printed(session, kind, union=self._columns, share=self._texts.setdefault)
        )

    async def _list(self, part: Printed) -> str:
        """Prints all rows; returns the version from which a watch misses nothing."""
        spaces = await self._spaces(part)
        if len(spaces) > SPACES:
            table = await list_table(part.session.transport, part.kind)
            part.head(table.columns)
            part.keep({part.put(row) for row in table.rows})
            return table.resource_version
        versions: list[str] = []
        seen: set[Key] = set()
        room = asyncio.Semaphore(SPACES_AT_ONCE)

        one = asyncio.Lock()

        async def read(space: str) -> None:
            async with room:
                answer = await part.session.transport.get(part.kind.path(space), params=_BARE, accept=ACCEPT)
            async with one:
                if any(each.rows for each in self._parts.values()):
                    await self._looked.wait()
                table = await self._print(part, answer.body)
                versions.append(table.resource_version)
                async for rows in sliced(table.rows):
                    seen.update([part.put(row, space) for row in rows])
            if part.rows:  # no rows before there are any are no news
                self._changed.set()

        reads = [asyncio.create_task(read(space)) for space in spaces]
        try:
            await asyncio.gather(*reads)
        finally:
            for each in reads:
                each.cancel()
        part.keep(seen)
        return versions[0] if versions else ""

    async def _print(self, part: Printed, body: bytes) -> Table:
        async with self._turn.first:
            started = time.perf_counter()
            table = decode_table(body, share=self._texts.setdefault)
            part.session.transport.stats.decoding += time.perf_counter() - started
            part.head(table.columns)
            await asyncio.sleep(0)
        return table

    async def _spaces(self, part: Printed) -> Sequence[str]:
        """Namespaces to ask, the context's own first; one empty name for kinds without any."""
        session = part.session
        if not part.kind.namespaced or self._namespace:
            return (self._namespace if part.kind.namespaced else "",)
        if any(shelf.namespaces for shelf in session.store.shelves.values()):
            return await session.readable()
        if session.store.known("namespaces"):
            names = [item.metadata.name or "" for item in session.store.namespaces]
        else:
            try:
                page = await list_all(session.transport, "/api/v1/namespaces", Object, metadata_only=True)
            except Forbidden:
                return await session.readable()
            names = [item.metadata.name or "" for item in page.items]
        own = session.context.namespace
        return sorted(filter(None, names), key=lambda name: (name != own, name))

    async def _follow(self, part: Printed, version: str) -> None:
        """Applies what changes; returns when the server ends the watch, raises Gone where it fell behind."""
        params: dict[str, str | int] = {
            "watch": 1,
            "allowWatchBookmarks": "true",
            "includeObject": "Metadata",
            "resourceVersion": version,
            "timeoutSeconds": int(RELIST_SECONDS * 2),
        }
        path = part.kind.path(self._namespace if part.kind.namespaced else "")
        async with part.session.transport.stream(
            path, params=params, accept=ACCEPT, idle_timeout=RELIST_SECONDS * 2
        ) as lines:
            part.live = True
            self._changed.set()
            stats = part.session.transport.stats
            async for line in lines:
                started = time.perf_counter()
                event = decode_table_event(line, len(part.columns), share=self._texts.setdefault)
                stats.decoding += time.perf_counter() - started
                self._apply(part, event)

    def _apply(self, part: Printed, event: TableEvent) -> None:
        if event.status is not None:
            code = event.status.code or 410
            raise from_answer(event.status, cluster=part.session.name, request="GET (watch)", http=code)
        for row in event.rows:
            if event.type == "DELETED":
                part.drop(row)
            else:
                part.put(row)
        if event.rows:
            self._changed.set()


async def _heard_of(session: Session) -> None:
    """Until it said what it serves or could not be reached, but not for long."""
    waits = [asyncio.ensure_future(each.wait()) for each in (session.learned, session.settled)]
    try:
        await asyncio.wait(waits, timeout=LEARN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
