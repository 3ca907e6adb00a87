"""Answers that stay open: watches and followed logs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aiohttp import web

from acp_tui.sim.logs import PERIOD, PodLog
from acp_tui.sim.watch import Watch, read_options

if TYPE_CHECKING:
    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.representation import Form
    from acp_tui.sim.target import Target


class WatchStream:
    """Writes one watch to its client."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    async def serve(self, request: web.BaseRequest, target: Target, form: Form) -> web.StreamResponse:
        cluster = self._cluster
        options = read_options(request.query, target.resource, streaming_lists=cluster.streaming_lists)
        watch = Watch(
            cluster.store,
            target.resource,
            namespace=target.namespace,
            query=request.query,
            form=form,
            options=options,
            name=target.name,
        )
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        cluster.stats.watches += 1
        cluster.stats.open_watches += 1
        try:
            await response.prepare(request)
            async for chunk in watch.chunks(silent=lambda: cluster.faults.stall, expired=lambda: cluster.faults.gone):
                cluster.stats.bytes_sent += len(chunk)
                await response.write(chunk)
            await response.write_eof()
        except ConnectionError:
            pass  # the client went away, which is how a watch usually ends
        finally:
            cluster.stats.open_watches -= 1
            watch.close()
        return response


class LogStream:
    """Writes the log of one container, and with `follow` what comes after."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    async def serve(self, request: web.BaseRequest, pod: Obj) -> web.StreamResponse:
        log = PodLog(pod, request.query)
        now = time.time()
        lines = log.lines(now)
        body = b"".join(log.show(line) for line in lines)
        if limit := request.query.get("limitBytes"):
            body = body[: int(limit)]
        if request.query.get("follow") not in ("true", "True", "1") or log.is_over:
            return web.Response(body=body, content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        try:
            await response.prepare(request)
            await response.write(body)
            namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            while (stored := self._cluster.store.get(("", "pods"), namespace, name)) is not None:
                if stored.uid != pod["metadata"]["uid"]:
                    break
                await asyncio.sleep(PERIOD / 4)
                then, now = now, time.time()
                fresh = log.after(then, now)
                if fresh:
                    await response.write(b"".join(log.show(line) for line in fresh))
            await response.write_eof()
        except ConnectionError:
            pass  # the reader stopped reading
        return response
