"""The clusters of the fleet as acts see them: never more than a few requests to one of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acp_tui.clients.kube.context import Context
    from acp_tui.clients.kube.transport import Params, Response, TrafficStats, Transport
    from acp_tui.controllers.seams import Cluster, Clusters, KindTable, Standing

AT_ONCE = 8
"""Requests to one cluster at a time: enough to be quick, few enough to be no burden."""


class GatedTransport:
    """A transport whose requests wait for one of the places; streams, which last, take none."""

    def __init__(self, inner: Transport, places: asyncio.Semaphore) -> None:
        self._inner = inner
        self._places = places

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def stats(self) -> TrafficStats:
        return self._inner.stats

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        timeout: float = 30.0,
        raw: bool = False,
    ) -> Response:
        async with self._places:
            return await self._inner.get(path, params=params, accept=accept, timeout=timeout, raw=raw)

    def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._inner.stream(path, params=params, accept=accept, idle_timeout=idle_timeout, raw=raw)

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
        async with self._places:
            return await self._inner.send(
                method, path, body=body, content_type=content_type, params=params, timeout=timeout
            )

    async def close(self) -> None:
        await self._inner.close()


class GatedCluster:
    """One session of the fleet behind the gate."""

    def __init__(self, inner: Cluster) -> None:
        self.inner = inner
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def context(self) -> Context:
        return self.inner.context

    @property
    def transport(self) -> Transport:
        return GatedTransport(self.inner.transport, self._places)

    @property
    def kinds(self) -> KindTable | None:
        return self.inner.kinds

    @property
    def store(self) -> Standing:
        return self.inner.store


class GatedClusters:
    """The fleet; the same session always comes back as the same gated cluster."""

    def __init__(self, inner: Clusters) -> None:
        self._inner = inner
        self._gated: dict[str, GatedCluster] = {}

    @property
    def names(self) -> Sequence[str]:
        return self._inner.names

    def session(self, name: str) -> GatedCluster:
        session = self._inner.session(name)
        known = self._gated.get(name)
        if known is None or known.inner is not session:
            known = self._gated[name] = GatedCluster(session)
        return known
