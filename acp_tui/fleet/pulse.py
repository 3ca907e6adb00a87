"""Whether one cluster answers, and how fresh that makes what is known of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress

from acp_tui.clients.errors import Forbidden, NotFound, ServerFailed, TooManyRequests, Unauthorized
from acp_tui.clients.kube.transport import Transport
from acp_tui.fleet.store import Store
from acp_tui.insight.phrases import line
from acp_tui.model.errors import AcpTuiError, ClusterError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.refs import Clock
from acp_tui.wire.kubernetes import Status

BEAT_SECONDS = 15.0
BEAT_BEHIND_SECONDS = 30.0
"""Of clusters in the background, dead ones included."""
BEAT_AGAIN_SECONDS = 3.0
BEAT_TIMEOUT = 5.0
BUSY_SECONDS = 0.1
"""An answer that took longer while this process computed for half of the time says nothing about the line."""
JITTER_MS = 5.0
SILENT_AFTER = 5.0
"""Seconds a watch may be broken before what it showed counts as stale: a closed stream is normal."""

_ANSWERED = (Unauthorized, Forbidden, NotFound, ServerFailed, TooManyRequests)


class Naps:
    """Pauses between tries that end early when there is a reason to try now."""

    def __init__(self) -> None:
        self._napping: set[asyncio.Future[bool]] = set()

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        nap: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(seconds, _end, nap, False)
        self._napping.add(nap)
        try:
            woken = await nap
        finally:
            self._napping.discard(nap)
            timer.cancel()
        if woken:
            # All that slept wake together; the server need not feel it.
            await asyncio.sleep(random.uniform(0.0, 0.3))  # noqa: S311

    def wake(self) -> None:
        for nap in self._napping:
            _end(nap, True)


def _end(nap: asyncio.Future[bool], woken: bool) -> None:
    if not nap.done():
        nap.set_result(woken)


class Pulse:
    """One /readyz now and then; `error` is what kept the cluster from answering, None while it does.

    `behind` means that the cluster is polled, not watched. `naps` are the pauses of whoever reads from the cluster:
    they end when it answers again.
    """

    def __init__(self, store: Store, *, transport: Callable[[], Transport], clock: Clock) -> None:
        self.error: AcpTuiError | None = None
        self.behind = False
        self.naps = Naps()
        self._store = store
        self._transport = transport
        self._clock = clock
        self._failures = 0
        self._uneasy = asyncio.Event()

    async def beat_for_ever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause() * random.uniform(0.8, 1.2)):  # noqa: S311
                    await self._uneasy.wait()
            asked, down = self._uneasy.is_set(), self._failures > 0
            self._uneasy.clear()
            if await self.beat() and (asked or down):
                self.naps.wake()
            self._store.pods.recheck()

    def uneasy(self) -> None:
        """A watch broke or healed: the next beat is now."""
        self._uneasy.set()

    async def beat(self) -> bool:
        """A server that refuses or fails has answered; only silence makes a cluster unreachable.

        False where there is no use in reading on: no answer, or an identity that the server does not know.
        """
        started, spent = asyncio.get_running_loop().time(), time.process_time()
        self._store.unready = ""
        try:
            await self._transport().get("/readyz", timeout=BEAT_TIMEOUT)
        except ClusterError as error:
            if not is_answer(error) or isinstance(error, Unauthorized):
                self.failed(error)
                return False
            if isinstance(error, ServerFailed):
                self._store.unready = line(f"not ready: {error.title}")
        waited, spent = asyncio.get_running_loop().time() - started, time.process_time() - spent
        if waited < BUSY_SECONDS or spent * 2 < waited:
            self._felt(waited * 1000)
        self._failures, self.error = 0, None
        self._store.reachable, self._store.problem = True, ""
        self.refresh(answered=True)
        self._store.touch("clusters")
        return True

    def failed(self, error: AcpTuiError) -> None:
        """Once may be chance; a second silence, or never having had an answer, is down."""
        self._failures += 1
        self.error = error
        store = self._store
        if is_answer(error):
            store.reachable = True
        elif self._failures > 1 or store.freshness.confirmed_at is None:
            store.reachable = False
        store.problem = line(error.title.removeprefix(f"{store.cluster}: "))
        store.touch("clusters")
        state = Age.NEVER if store.freshness.confirmed_at is None else Age.STALE
        self.show(Freshness(state, store.freshness.confirmed_at, store.problem))

    def refresh(self, *, answered: bool = False) -> None:
        """LIVE while the server answers and no watch is broken for longer than a reconnect takes."""
        store, at = self._store, self._clock()
        synced = [shelf for shelf in store.shelves.values() if shelf.synced]
        broken = [
            shelf for shelf in synced if shelf.error is not None and at - (shelf.confirmed_at or 0.0) > SILENT_AFTER
        ]
        if broken:
            since = min(shelf.confirmed_at or 0.0 for shelf in broken) or None
            self.show(Freshness(Age.STALE, since, line(f"{broken[0].watch.id}: {broken[0].error}")))
        elif not synced or store.problem:
            return
        elif self.behind:
            self.show(Freshness(Age.POLLED, min((shelf.confirmed_at or at) for shelf in synced)))
        elif answered or store.freshness.state is not Age.LIVE:
            self.show(Freshness(Age.LIVE, at))

    def show(self, freshness: Freshness) -> None:
        if freshness != self._store.freshness:
            self._store.freshness = freshness
            self._store.touch("clusters", "applications", "releases", "quotas")

    def _felt(self, milliseconds: float) -> None:
        """Takes what tells something new: a line at rest is not painted again for jitter."""
        before = self._store.latency_ms
        if before is None or abs(milliseconds - before) > max(JITTER_MS, before * 0.25):
            self._store.latency_ms = milliseconds

    def _pause(self) -> float:
        if self.behind:
            return BEAT_BEHIND_SECONDS
        troubled = (
            self._failures
            or self._store.latency_ms is None
            or any(shelf.error is not None for shelf in self._store.shelves.values())
        )
        return BEAT_AGAIN_SECONDS if troubled else BEAT_SECONDS


def is_answer(error: AcpTuiError) -> bool:
    """True where the API server itself said no; the error page of a proxy in front of it is not its word."""
    return isinstance(error, _ANSWERED) and error.answer != Status()
