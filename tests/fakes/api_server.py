"""A web server on loopback that answers as it is told, also as no server should."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen:
    """A request as it arrived."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.method = request.method
        self.path = request.path
        self.query = dict(request.query)
        self.headers = request.headers.copy()
        self.body = body


class FakeApiServer:
    """Each path has a row of answers; they are given in turn, and the last one again and again."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.arrived = asyncio.Event()
        self._answers: dict[str, list[Answer]] = {}
        self._over = asyncio.Event()

    def on(self, path: str, *answers: Answer) -> None:
        self._answers[path] = list(answers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request, await request.read()))
        self.arrived.set()
        row = self._answers.get(request.path)
        if not row:
            return await failure(404, "NotFound", "the server could not find the requested resource")(request)
        return await (row.pop(0) if len(row) > 1 else row[0])(request)

    def hang(self, *before: bytes, content_type: str = "application/json") -> Answer:
        """Sends these bytes and then nothing, until the test ends."""

        async def give(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": content_type})
            await response.prepare(request)
            for chunk in before:
                await response.write(chunk)
            await self._over.wait()
            return response

        return give

    def stop(self) -> None:
        self._over.set()


def document(value: Any, *, status: int = 200, headers: dict[str, str] | None = None, gzip: bool = False) -> Answer:
    """JSON, as API servers send it."""

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=json.dumps(value).encode(), status=status, content_type="application/json")
        response.headers.update(headers or {})
        if gzip:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    return give


def failure(code: int, reason: str, message: str, *, headers: dict[str, str] | None = None) -> Answer:
    """A Status."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return document({**status, "code": code, "reason": reason, "message": message}, status=code, headers=headers)


def page(text: str, *, status: int = 200, content_type: str = "text/html") -> Answer:
    """What a proxy says instead of the API server."""

    async def give(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=content_type)

    return give


def redirect(to: str) -> Answer:
    async def give(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": to})

    return give


def pieces(chunks: Sequence[bytes], *, reset: bool = False, length: int | None = None) -> Answer:
    """These bytes, then a clean end, or a reset of the connection."""

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = length
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if reset and request.transport is not None:
            request.transport.abort()
        return response

    return give


@asynccontextmanager
async def running(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeApiServer]:
    """The server, listening on a free port of 127.0.0.1."""
    fake = FakeApiServer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    fake.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield fake
    finally:
        fake.stop()
        await runner.cleanup()
