"""Keeps one shelf filled for as long as a session lives, as far as our rights go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from acp_tui.clients.errors import Forbidden
from acp_tui.clients.kube.lister import Turn
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.clients.kube.transport import Transport
from acp_tui.fleet.shelf import Shelf, key_of
from acp_tui.model.refs import Kind

Heard = Callable[[], None]
REFUSED_PAUSE = 300.0
"""Seconds until a right that was missing is asked for again."""


class Way(Struct, frozen=True):
    """How a cluster is read: `room` bounds the lists asked of it at once, `turn` what a fleet decodes at once.

    Before a watch is opened `calm` is waited for, because what is there comes before what changes.
    `every` 0 watches; else the kind is listed again every so many seconds and no watch is kept open. `namespaces` are
    those we may read where we may not read all; `uneasy` is told when a kind stops or begins to be read.
    """

    transport: Transport
    room: Turn
    turn: Turn
    calm: Callable[[], Awaitable[object]]
    sleep: Callable[[float], Awaitable[None]]
    namespaces: Callable[[], Awaitable[Sequence[str]]]
    uneasy: Callable[[], None]
    every: float = 0.0


class _Place(Protocol):
    """Where items go: a whole shelf, or one namespace of it."""

    def replaced(self, items: Any) -> None: ...

    def refused(self) -> None: ...


class _Whole:
    def __init__(self, shelf: Shelf[Any]) -> None:
        self._shelf = shelf

    def replaced(self, items: Any) -> None:
        self._shelf.replaced(items)

    def refused(self) -> None:
        """Other places are tried before the shelf is."""


class _Part:
    """One namespace of a shelf; the shelf is synced once all of its parts are."""

    def __init__(self, shelf: Shelf[Any], namespace: str, missing: set[str]) -> None:
        self._shelf = shelf
        self._namespace = namespace
        self._missing = missing

    def replaced(self, items: Any) -> None:
        self._missing.discard(self._namespace)
        self._fill(items)

    def refused(self) -> None:
        self._missing.discard(self._namespace)
        self._shelf.namespaces = tuple(name for name in self._shelf.namespaces if name != self._namespace)
        if self._shelf.namespaces:
            self._fill(())

    def _fill(self, items: Iterable[Any]) -> None:
        mine = f"{self._namespace}/"
        others = [item for key, item in self._shelf.items.items() if not key.startswith(mine)]
        kept = [item for item in others if key_of(item.metadata).partition("/")[0] in self._shelf.namespaces]
        everything = [*kept, *items]
        if self._missing:
            self._shelf.arrived(everything)
        else:
            self._shelf.replaced(everything)


class _Sink:
    """A place that also tells when it has an answer, whatever it is, and when we are refused."""

    def __init__(self, place: _Place, shelf: Shelf[Any], answered: Heard, uneasy: Callable[[], None]) -> None:
        self.refused = False
        self._place = place
        self._shelf = shelf
        self._answered = answered
        self._uneasy = uneasy

    def arrived(self, items: Any) -> None:
        self._shelf.arrived(items)

    def replaced(self, items: Any) -> None:
        self._place.replaced(items)
        if self._shelf.synced:
            self._answered()

    def applied(self, item: Any) -> None:
        self._shelf.applied(item)

    def deleted(self, item: Any) -> None:
        self._shelf.deleted(item)

    def live(self, at: float) -> None:
        healed = self._shelf.error is not None
        self._shelf.live(at)
        if healed:
            self._uneasy()

    def failed(self, error: Exception, at: float) -> None:
        if isinstance(error, Forbidden):
            self._place.refused()
            self.refused = True
            if self._shelf.synced:
                self._answered()
            return
        broke = self._shelf.error is None
        self._shelf.failed(error, at)
        self._answered()
        if broke:
            self._uneasy()


async def follow(way: Way, kind: Kind, shelf: Shelf[Any], *, answered: Heard) -> None:
    """Endless. Without the right to see all namespaces it is content with some, without that with nothing."""
    if way.every and shelf.synced and shelf.error is None:
        await way.sleep(way.every * random.uniform(0.2, 1.0))  # noqa: S311
    while True:
        if not shelf.namespaces:
            await _until_refused(way, kind.path(), _Whole(shelf), shelf, answered)
        shelf.namespaces = tuple(await way.namespaces()) if kind.namespaced else ()
        missing = set(shelf.namespaces)
        async with asyncio.TaskGroup() as group:
            for each in shelf.namespaces:
                group.create_task(_until_refused(way, kind.path(each), _Part(shelf, each, missing), shelf, answered))
        shelf.refuse()
        answered()
        await way.sleep(REFUSED_PAUSE)


async def _until_refused(way: Way, path: str, place: _Place, shelf: Shelf[Any], answered: Heard) -> None:
    watch = shelf.watch
    sink = _Sink(place, shelf, answered, way.uneasy)
    reflector = Reflector(
        way.transport,
        path,
        watch.type,
        sink=sink,
        label_selector=watch.label_selector,
        field_selector=watch.field_selector,
        metadata_only=watch.metadata_only,
        from_cache=not watch.paged,
        every=way.every,
        room=way.room,
        turn=way.turn,
        calm=way.calm,
        sleep=way.sleep,
    )
    while True:
        pause = await reflector.pass_once()
        if sink.refused:
            return
        await way.sleep(pause)
