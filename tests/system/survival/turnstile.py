"""A reverse proxy before an API server that holds the one request a test waits for: steps of an act by events."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from testbed.cluster import ADMIN_TOKEN, Cluster

_OWN = frozenset({"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Wish:
    """One request; `writes` is false for questions: reads, dry runs, access reviews."""

    def __init__(self, method: str, path: str, body: bytes, *, dry: bool = False) -> None:
        self.method = method
        self.path = path
        self.body = body
        review = "authorization.k8s.io" in path or "authentication.k8s.io" in path
        self.writes = method not in _READS and not dry and not review

    @property
    def namespace(self) -> str:
        return self.path.partition("/namespaces/")[2].partition("/")[0]

    @property
    def record(self) -> bool:
        """Whether it is about a release record of Helm."""
        return "/sh.helm.release.v1." in self.path or (
            self.path.endswith("/secrets") and b"sh.helm.release.v1." in self.body
        )


Match = Callable[[Wish], bool]


class Hold:
    """The first request that matches; whoever ends meanwhile takes it along."""

    def __init__(self, match: Match) -> None:
        self.match = match
        self._come = asyncio.Event()
        self._open = asyncio.Event()

    async def wait(self) -> None:
        """Returns when the request stands at the turnstile."""
        await self._come.wait()

    def let_go(self) -> None:
        self._open.set()

    async def stand(self) -> None:
        self._come.set()
        await self._open.wait()


class Turnstile:
    """Lets everything pass but the first request that each `hold` names: that one waits until it is let go."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._holds: list[Hold] = []
        self._held: list[Hold] = []
        self.server = ""

    def hold(self, match: Match) -> Hold:
        made = Hold(match)
        self._holds.append(made)
        return made

    def let_go(self) -> None:
        """All that stand here go on."""
        for hold in self._held:
            hold.let_go()

    async def serve(self, client: aiohttp.ClientSession, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        wish = Wish(request.method, request.path, body, dry="dryRun" in request.query)
        named = [hold for hold in self._holds if hold.match(wish)]
        self._holds = [hold for hold in self._holds if hold not in named]
        self._held += named
        for hold in named:
            await hold.stand()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        try:
            async with client.request(
                request.method, self._cluster.server + request.raw_path, data=body or None, headers=headers,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN}
                told = web.StreamResponse(status=answer.status, headers=kept)
                await told.prepare(request)
                with contextlib.suppress(ConnectionResetError):
                    async for chunk in answer.content.iter_any():
                        await told.write(chunk)
                    await told.write_eof()
                return told
        except aiohttp.ClientConnectionError:
            # Either side is gone: the other sees its connection end.
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPBadGateway from None


def kubeconfig(path: Path, gates: Mapping[str, Turnstile], *, main: str = "") -> Path:
    """Contexts by way of these gates, the first one current; `main` is the one of the platform's global cluster.

    Who comes this way is the administrator.
    """
    contexts = []
    for name in gates:
        context: dict[str, Any] = {"cluster": name, "user": "bed"}
        if main:
            mark = {"isGlobal": name == main, "clusterName": name}
            context["extensions"] = [{"name": "acp.io/v1", "extension": mark}]
        contexts.append({"name": name, "context": context})
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(gates)),
        "contexts": contexts,
        "clusters": [{"name": name, "cluster": {"server": gate.server}} for name, gate in gates.items()],
        "users": [{"name": "bed", "user": {}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


@asynccontextmanager
async def turnstile(cluster: Cluster) -> AsyncIterator[Turnstile]:
    trust = ssl.create_default_context(cafile=str(cluster.ca))
    made = Turnstile(cluster)
    connector = aiohttp.TCPConnector(ssl=trust, limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=True) as client:
        server = web.Server(lambda request: made.serve(client, request))  # type: ignore[arg-type]
        runner = web.ServerRunner(server, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.server = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield made
        finally:
            await runner.cleanup()
