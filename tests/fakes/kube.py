"""A transport that plays a script, and a sink that remembers: a reflector between them needs no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from acp_tui.clients.kube.transport import Params, Response, TrafficStats
from acp_tui.model.errors import ClusterError
from acp_tui.model.objects import Object


def obj(name: str, version: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": version, **metadata}}


def listed(*items: Any, version: str, token: str = "") -> bytes:
    meta = {"resourceVersion": version, "continue": token}
    return json.dumps({"kind": "List", "metadata": meta, "items": list(items)}).encode()


def event(type_: str, object_: Any) -> bytes:
    return json.dumps({"type": type_, "object": object_}).encode()


class FakeTransport:
    """`lists` and `watches` are played in order; an error in them is raised. `asked` are the parameters it got."""

    def __init__(
        self,
        *,
        lists: Sequence[bytes | Exception] = (),
        watches: Sequence[Sequence[bytes | Exception] | Exception] = (),
    ) -> None:
        self.name = "prod"
        self.stats = TrafficStats()
        self.asked: list[dict[str, str]] = []
        self._lists = list(lists)
        self._watches = list(watches)

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        timeout: float = 30.0,
        raw: bool = False,
    ) -> Response:
        self.asked.append({key: str(value) for key, value in (params or {}).items()})
        answer = self._lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(status=200, headers={}, body=answer)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append({key: str(value) for key, value in (params or {}).items()})
        script = self._watches.pop(0)
        if isinstance(script, Exception):
            raise script
        yield self._play(script)

    async def _play(self, script: Sequence[bytes | Exception]) -> AsyncIterator[bytes]:
        for step in script:
            if isinstance(step, Exception):
                raise step
            yield step

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        params: Params | None = None,
        timeout: float = 30.0,
    ) -> Response:
        raise AssertionError("a reflector writes nothing")

    async def close(self) -> None:
        """Nothing is open."""


class FakeSink:
    """What a reflector said: `names` is what is there now, `errors` what failed, `replacements` how often all came."""

    def __init__(self) -> None:
        self.items: dict[str, Object] = {}
        self.errors: list[ClusterError] = []
        self.replacements = 0
        self.lives = 0
        self._told = asyncio.Event()

    async def until(self, *names: str) -> None:
        """Returns when these and no others are there."""
        while self.names != sorted(names):
            self._told.clear()
            await self._told.wait()

    async def until_failed(self) -> None:
        """Returns when a failure was told."""
        while not self.errors:
            self._told.clear()
            await self._told.wait()

    @property
    def names(self) -> list[str]:
        return sorted(self.items)

    def arrived(self, items: Sequence[Object]) -> None:
        """Nothing is known for sure before `replaced`."""

    def replaced(self, items: Sequence[Object]) -> None:
        self.replacements += 1
        self.items = {item.metadata.name or "": item for item in items}

    def applied(self, item: Object) -> None:
        self.items[item.metadata.name or ""] = item

    def deleted(self, item: Object) -> None:
        self.items.pop(item.metadata.name or "", None)

    def live(self, at: float) -> None:
        self.lives += 1
        self._told.set()

    def failed(self, error: ClusterError, at: float) -> None:
        self.errors.append(error)
        self._told.set()
