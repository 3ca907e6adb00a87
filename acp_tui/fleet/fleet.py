"""The live picture of all clusters: sessions side by side, rows merged, changes told at most ten times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.http import Dialer
from acp_tui.fleet.bulk import BulkLoad
from acp_tui.fleet.picture import Picture, Shared
from acp_tui.fleet.remembered import SAVE_SECONDS, Remembered
from acp_tui.fleet.session import Connect, Session
from acp_tui.fleet.tiers import Tiers
from acp_tui.fleet.turn import Turn
from acp_tui.fleet.watchplan import ALL_VIEWS, CLUSTERS
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.errors import ClusterError, RecordError, UsageError
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef, ReleaseSummary

TELL_SECONDS = 0.1
CALM_SECONDS = 3.0
"""So long watches wait at the start for all clusters to be read: what is there comes before what changes."""
BULK_SECONDS = 30.0
"""The first reading of all clusters counts as over after so long, whoever is still missing."""
RECORDS_AT_ONCE = 4
"""Release records of one cluster that are read at a time for somebody who looks at many."""
CPU_SHARE = 0.1
"""Making rows may take this share of the time; when changes pour in they are told less often instead."""

Told = Callable[[frozenset[str]], None]


class Fleet:
    """Sessions by context name, in the order given.

    `lazy` contexts are listed and dialled only by `look`. `connect` makes the transport of a context; the
    one taken unless given shares what equal credential plugins print. `views` says
    what will be asked of `rows`: a one-shot list of releases need not follow pods. `remembered` is what
    an earlier run saw, shown until a cluster has told as much. `turn` is held
    by whoever decodes a list. All methods belong to the loop `start` was called on, and none of them waits for a
    cluster but those that say so.
    """

    def __init__(
        self,
        contexts: Sequence[Context],
        *,
        connect: Connect | None = None,
        clock: Clock = time.time,
        lazy: frozenset[str] = frozenset(),
        views: frozenset[str] = ALL_VIEWS,
        remembered: Remembered | None = None,
    ) -> None:
        self._clock = clock
        self._lazy = lazy
        self._views = views
        self._wake = asyncio.Event()
        self._told: dict[int, Told] = {}
        self._next = 0
        self._pump: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._bulk = BulkLoad()
        self._calm = asyncio.Event()
        self._remembered = remembered
        self._shared = Shared()
        self._pictures: dict[str, Picture] = {}
        self.turn = Turn()
        connect = connect or Dialer()
        for context in contexts:
            self._add(context, connect)
        self._tiers = Tiers(picture.session for picture in self._pictures.values())

    def _add(self, context: Context, connect: Connect) -> None:
        def changed(views: frozenset[str]) -> None:
            self._pictures[context.name].dirty |= views
            self._wake.set()

        session = Session(
            context,
            connect=connect,
            clock=self._clock,
            changed=changed,
            views=self._views,
            turn=self.turn,
            calm=self._calm,
        )
        before = self._remembered.rows(context.name, context.server) if self._remembered else None
        moments = [row.freshness.confirmed_at or 0.0 for rows in (before or {}).values() for row in rows]
        session.store.remembered_at = max(moments, default=None)
        self._pictures[context.name] = Picture(session, self._shared, self._clock, before=before)

    def now(self) -> float:
        return self._clock()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._pictures)

    def start(self, *, first: Collection[str] = (), after: float = 0.0) -> None:
        """Dials every context that is not lazy, those somebody will see first before the others; returns at once.

        `after` so many seconds: until then the clusters answer only what is asked of them directly.
        """
        self._bulk.begin()
        self._loading = asyncio.create_task(self._load(), name="fleet bulk load")
        if self._remembered is not None:
            self._saving = asyncio.create_task(self._save_for_ever(), name="fleet memory")
        self._pump = asyncio.create_task(self._tell_for_ever(), name="fleet")
        dialled = [name for name in self._pictures if name not in self._lazy]
        self._tiers.start(sorted(dialled, key=lambda name: name not in first), after=after)

    def attend(self, clusters: frozenset[str] | None, *, opened: Sequence[str] = ()) -> None:
        """Says which clusters are on a screen, None for all, and of which a tree, a history or a text is open.

        They are watched, the opened ones first; those that left the screen a minute ago, and what is more than a
        program should watch, are polled.
        """
        self._tiers.attend(clusters, opened=opened)

    def tier(self, name: str) -> str:
        """How much a cluster matters: `opened`, `screen`, `background` or `listed`."""
        return self._tiers.tier(name)

    async def close(self) -> None:
        self._tiers.close()
        tasks = [task for task in (self._pump, self._loading, self._saving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.remember()
        await asyncio.gather(*(picture.session.close() for picture in self._pictures.values()))

    async def _load(self) -> None:
        try:
            await self.settled(CALM_SECONDS)
            self._calm.set()
            await self.settled(BULK_SECONDS - CALM_SECONDS)
        finally:
            self._bulk.end()

    def remember(self) -> None:
        """Keeps the rows of all clusters that were read whole for the next start, where there is a memory."""
        if self._remembered is None:
            return
        self._remembered.save(
            {
                name: (picture.session.context.server, {view: picture.rows(view, fresh=False) for view in ALL_VIEWS})
                for name, picture in self._pictures.items()
                if picture.caught_up
            }
        )

    async def _save_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            self.remember()

    async def settled(self, timeout: float) -> None:
        """Waits until each dialled cluster is read or has failed, but no longer than `timeout` seconds."""
        waits = [
            asyncio.ensure_future(picture.session.settled.wait())
            for picture in self._pictures.values()
            if picture.session.started
        ]
        if not waits:
            return
        try:
            await asyncio.wait(waits, timeout=timeout)
        finally:
            for each in waits:
                each.cancel()

    def look(self, name: str) -> None:
        """Dials a listed cluster, if it is not dialled yet."""
        self._tiers.look(self._picture(name).session)

    def session(self, name: str) -> Session:
        """The session of one cluster; UsageError for a name the fleet does not have."""
        return self._picture(name).session

    def clusters(self) -> tuple[ClusterSummary, ...]:
        return tuple(self.rows(CLUSTERS))

    def rows(self, view: str, *, clusters: frozenset[str] | None = None) -> Sequence[Any]:
        """Rows of a view, all clusters merged in the order of the contexts; `clusters` keeps some of them.

        While somebody is subscribed they are those last told of, because making all at once may take long; else they
        are made now.
        """
        fresh = not self._told
        if fresh:
            self._share()
        merged: list[Any] = []
        for name, picture in self._pictures.items():
            if clusters is None or name in clusters:
                merged += picture.rows(view, fresh=fresh)
        return merged

    def subscribe(self, callback: Told) -> Callable[[], None]:
        """Calls back with the ids of the views whose rows changed; returns what ends it."""
        self._next += 1
        token = self._next
        self._told[token] = callback

        def end() -> None:
            self._told.pop(token, None)

        return end

    async def name_charts(self, refs: Iterable[ReleaseRef]) -> None:
        """Reads the newest record of releases whose chart no label names; for the rows on the screen, not for all.

        A record that cannot be read keeps its row without a chart.
        """
        wanted = frozenset(refs)
        rows = [row for row in self.rows("releases") if row.ref in wanted and not row.chart]
        reads = [self.session(row.ref.cluster).read_body(row.ref, row.revision) for row in rows]
        for read in asyncio.as_completed(reads):
            with suppress(ClusterError, RecordError):
                await read

    async def read_newest(self, refs: Iterable[ReleaseRef]) -> None:
        """Reads the newest record of releases of which nobody did, a few of one cluster at a time.

        Rows then know chart and values from the record; one that cannot be read keeps its row as it is.
        """
        wanted = frozenset(refs)
        gates: dict[str, asyncio.Semaphore] = {}

        async def read(row: ReleaseSummary) -> None:
            name = row.ref.cluster
            async with gates.setdefault(name, asyncio.Semaphore(RECORDS_AT_ONCE)):
                with suppress(ClusterError, RecordError):
                    await self.session(name).read_body(row.ref, row.revision)

        await asyncio.gather(*(read(row) for row in self.rows("releases") if row.ref in wanted and not row.values_hash))

    def _picture(self, name: str) -> Picture:
        found = self._pictures.get(name)
        if found is None:
            raise UsageError(
                f"There is no cluster {name}", tried=f"looked among {', '.join(self._pictures) or 'no contexts'}",
                advice="check the name, or add its context to the kubeconfig",
            )  # fmt: skip
        return found

    async def _tell_for_ever(self) -> None:
        """Makes the rows that may have changed, a view of a cluster at a time with the loop free in between."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            views, spent = await self._renew()
            started = time.perf_counter()
            if views:
                for callback in tuple(self._told.values()):
                    callback(views)
            spent += time.perf_counter() - started
            await asyncio.sleep(max(TELL_SECONDS, spent / CPU_SHARE))

    def _share(self) -> None:
        """Gathers what rows of one cluster take from others; where that is news, all rows may be out of date."""
        if self._shared.refresh([picture.session.store for picture in self._pictures.values()]):
            for picture in self._pictures.values():
                picture.dirty |= ALL_VIEWS

    async def _renew(self) -> tuple[frozenset[str], float]:
        """The views that became different, and the seconds that took without what others did meanwhile."""
        spent = 0.0
        self._share()
        changed: set[str] = set()
        for picture in self._pictures.values():
            more = True
            while more:
                started = time.perf_counter()
                more = picture.renew_next()
                spent += time.perf_counter() - started
                if more:
                    await asyncio.sleep(0)
            changed |= picture.take_changes()
        return frozenset(changed), spent
