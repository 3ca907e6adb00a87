"""Keeps a sink equal to one collection of an API server: list, then watch, for ever, through every fault."""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Generic, Protocol, TypeVar

from acp_tui.clients.errors import (
    ApiError,
    Forbidden,
    Gone,
    NotFound,
    TimedOut,
    TooManyRequests,
    from_answer,
)
from acp_tui.clients.kube.backoff import Backoff
from acp_tui.clients.kube.lister import FREE, PAGE, Turn, pages, sliced
from acp_tui.clients.kube.transport import JSON, METADATA, Transport
from acp_tui.model.errors import ClusterError
from acp_tui.model.objects import Meta
from acp_tui.model.refs import Clock
from acp_tui.wire.kubernetes import Status, Unreadable, WatchEvent, decode_event


class Described(Protocol):
    """Anything with metadata."""

    @property
    def metadata(self) -> Meta: ...


T = TypeVar("T", bound=Described)
T_contra = TypeVar("T_contra", contravariant=True)

SILENCE_SECONDS = 150.0
"""Two and a half bookmark periods: a watch that is quiet for longer is dead or half-open, and is opened anew."""

_OPEN_SECONDS = 30.0
_WATCH_SECONDS = (300.0, 600.0)
_REFUSED_SECONDS = 60.0
_RESUME_SECONDS = 1.0


class Sink(Protocol[T_contra]):
    """Where what was read goes; all methods are called on the loop and must return at once."""

    def arrived(self, items: Sequence[T_contra]) -> None:
        """Some of what is there, while a list is still coming in; `replaced` follows with all of it."""
        ...

    def replaced(self, items: Sequence[T_contra]) -> None:
        """The whole truth: what was known before and is not among `items` is gone."""
        ...

    def applied(self, item: T_contra) -> None: ...

    def deleted(self, item: T_contra) -> None: ...

    def live(self, at: float) -> None:
        """The server vouched for what is known, at this moment."""
        ...

    def failed(self, error: ClusterError, at: float) -> None:
        """What is known may be out of date from now on."""
        ...


async def _at_once() -> None:
    """Waits for nothing."""


class Reflector(Generic[T]):
    """One list and watch; `path` is a collection's (Kind.path), `type_` the projection its items decode into.

    The first list may be served from the API server's cache (resourceVersion=0), which ignores page sizes; with
    `from_cache` False, and after every 410, it asks for a consistent state in pages of 500, which costs the server
    more and holds less memory here.

    `room` is held while a list is asked for: shared by a cluster it bounds what is asked at once. `turn` is held while
    an answer is decoded (lister.Turn), `calm` is waited for before a watch is opened. With `every` nothing is watched:
    it is listed again every so many seconds.
    """

    def __init__(
        self,
        transport: Transport,
        path: str,
        type_: type[T],
        *,
        sink: Sink[T],
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        from_cache: bool = True,
        every: float = 0.0,
        room: Turn = FREE,
        turn: Turn = FREE,
        calm: Callable[[], Awaitable[object]] = _at_once,
        clock: Clock = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._transport = transport
        self._path = path
        self._type = type_
        self._sink = sink
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._selectors = {name: value for name, value in selectors.items() if value}
        self._metadata_only = metadata_only
        self._from_cache = from_cache
        self._every = every
        self._room = room
        self._turn = turn
        self._calm = calm
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._backoff = Backoff(clock=clock, random=random)
        self._version = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._sleep(await self.pass_once())

    async def pass_once(self) -> float:
        """One list, if there is no version to resume from, and one watch to its end; returns seconds to wait."""
        try:
            if not self._version or self._every:
                await self._list()
            if self._every:
                return self._every * (0.9 + self._random() / 5)
            await self._calm()
            await self._watch()
        except Gone:
            # The events between are lost for good: only a new list tells what was deleted meanwhile.
            self._version, self._from_cache = "", False
            return self._backoff.after_failure()
        except NotFound as error:
            return self._not_found(error)
        except Forbidden as error:
            return self._refused(error)
        except Unreadable as error:
            # The line that does not decode would come again with the same version.
            self._version = ""
            return self._failed(error)
        except TooManyRequests as error:
            return self._failed(error, floor=error.retry_after)
        except ClusterError as error:
            return self._failed(error)
        # Proxies cut idle streams and servers end them after timeoutSeconds: that is no failure.
        return _RESUME_SECONDS + self._random()

    def _failed(self, error: ClusterError, *, floor: float = 0.0) -> float:
        self._sink.failed(error, self._clock())
        return self._backoff.after_failure(floor=floor)

    def _refused(self, error: Forbidden) -> float:
        """No right to list is told; a right to list but not to watch means asking every minute."""
        may_list = bool(self._version)
        self._version = ""
        if not may_list:
            self._sink.failed(error, self._clock())
        return _REFUSED_SECONDS * (1 + self._random() / 4)

    def _not_found(self, error: NotFound) -> float:
        """A kind the server does not serve is an empty collection; a 404 of a proxy is not the server's word."""
        self._version = ""
        said = error.answer
        if said.reason != "NotFound" and not said.message.startswith("404 page not found"):
            return self._failed(error)
        self._sink.replaced(())
        self._sink.live(self._clock())
        return _REFUSED_SECONDS * (1 + self._random() / 4)

    async def _list(self) -> None:
        async with self._room:
            try:
                items, version = await self._read()
            except Gone:
                # The token of the next page was forgotten.
                self._from_cache = False
                items, version = await self._read()
        self._sink.replaced(items)
        self._sink.live(self._clock())
        self._backoff.healthy()
        self._version = version
        if not self._version:
            raise Unreadable(
                "The list has no resourceVersion, so it cannot be watched",
                tried=self._path,
                advice="it is listed again from time to time; a proxy or an aggregated server leaves it out",
            )

    async def _read(self) -> tuple[list[T], str]:
        """All items and the version of the list; the sink gets them as they come."""
        items: list[T] = []
        version = ""
        got = pages(
            self._transport,
            self._path,
            self._type,
            selectors=self._selectors,
            metadata_only=self._metadata_only,
            limit=0 if self._from_cache else PAGE,
            turn=self._turn,
        )
        async with aclosing(got):
            async for page in got:
                named = [item for item in page.items if item.metadata.name]
                async for part in sliced(named):
                    self._sink.arrived(part)
                items += named
                version = page.resource_version
        return items, version

    async def _watch(self) -> None:
        shortest, longest = _WATCH_SECONDS
        params: dict[str, str | int] = {
            **self._selectors,
            "watch": 1,
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": int(shortest + (longest - shortest) * self._random()),
        }
        accept = METADATA if self._metadata_only else JSON
        async with AsyncExitStack() as stack:
            opening = self._transport.stream(self._path, params=params, accept=accept, idle_timeout=SILENCE_SECONDS)
            try:
                async with asyncio.timeout(_OPEN_SECONDS):
                    lines = await stack.enter_async_context(opening)
            except TimeoutError as error:
                raise TimedOut(
                    f"{self._transport.name}: the server does not open the watch",
                    cluster=self._transport.name,
                    tried=f"GET {self._path} (watch), {_OPEN_SECONDS:.0f} s",
                    advice="it is tried again by itself",
                ) from error
            self._backoff.healthy()
            self._sink.live(self._clock())
            async for line in lines:
                started = time.perf_counter()
                event = decode_event(line, self._type)
                self._transport.stats.decoding += time.perf_counter() - started
                self._take(event)

    def _take(self, event: WatchEvent[T]) -> None:
        if event.status is not None:
            raise self._told(event.status)
        if event.object is not None and event.object.metadata.name:
            if event.type == "DELETED":
                self._sink.deleted(event.object)
            else:
                self._sink.applied(event.object)
        if event.resource_version:
            self._version = event.resource_version
        self._sink.live(self._clock())

    def _told(self, status: Status) -> ApiError:
        """The error an ERROR event stands for; without a code it is taken as gone, which heals by a new list."""
        return from_answer(
            status, cluster=self._transport.name, request=f"GET {self._path} (watch)", http=status.code or 410
        )
