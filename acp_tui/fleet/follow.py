"""Keeps one shelf filled for as long as a session lives."""

from __future__ import annotations

import asyncio
from typing import Any

from acp_tui.clients.errors import Forbidden
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.clients.kube.transport import Transport
from acp_tui.fleet.shelf import Shelf
from acp_tui.model.refs import Kind

REFUSED_PAUSE = 300.0
"""Seconds until a right that was missing is asked for again."""


class _Sink:
    """A shelf that also tells when it has an answer, whatever it is, and when we are refused."""

    def __init__(self, shelf: Shelf[Any], answered: asyncio.Event) -> None:
        self.refused = asyncio.Event()
        self._shelf = shelf
        self._answered = answered

    def replaced(self, items: Any) -> None:
        self._shelf.replaced(items)
        self._answered.set()

    def applied(self, item: Any) -> None:
        self._shelf.applied(item)

    def deleted(self, item: Any) -> None:
        self._shelf.deleted(item)

    def live(self, at: float) -> None:
        self._shelf.live(at)

    def failed(self, error: Exception, at: float) -> None:
        if isinstance(error, Forbidden):
            self.refused.set()
            return
        self._shelf.failed(error, at)
        self._answered.set()


async def follow(
    transport: Transport, kind: Kind, shelf: Shelf[Any], *, namespace: str, answered: asyncio.Event
) -> None:
    """Endless. Without the right to see all namespaces it is content with `namespace`, without that with nothing."""
    while True:
        places = ["", namespace] if kind.namespaced and namespace else [""]
        for place in places:
            shelf.namespace = place
            await _until_refused(transport, kind, shelf, place, answered)
        shelf.namespace = ""
        shelf.refuse()
        answered.set()
        await asyncio.sleep(REFUSED_PAUSE)


async def _until_refused(
    transport: Transport, kind: Kind, shelf: Shelf[Any], namespace: str, answered: asyncio.Event
) -> None:
    watch = shelf.watch
    sink = _Sink(shelf, answered)
    reflector = Reflector(
        transport,
        kind.path(namespace),
        watch.type,
        sink=sink,
        label_selector=watch.label_selector,
        field_selector=watch.field_selector,
        metadata_only=watch.metadata_only,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reflector.run(), name=f"watch {transport.name} {watch.id}")
        await sink.refused.wait()
        running.cancel()
