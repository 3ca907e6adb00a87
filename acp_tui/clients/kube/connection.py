"""One HTTP/1.1 connection: a request goes out, its answer comes in, and the next request may follow.

Reads need nothing else of HTTP, and an import of aiohttp costs as much as that of the whole screen; parsing is
httptools', which is llhttp.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

HEAD_LIMIT = 256 * 1024
"""Bytes of a status line with its headers; what is longer is no answer of an API server."""
_PAUSE_BYTES = 1024 * 1024
_UNMODIFIED, _NO_CONTENT = 304, 204


class NotConnected(ConnectionError):
    """No connection was made, so nothing was sent; the cause says why."""


class ProxyRefused(NotConnected):
    """The proxy cannot be reached, or does not lead to the server."""


class BrokenOff(ConnectionError):
    """The connection ended before the answer did."""


class NotHttp(ConnectionError):
    """What came back is no HTTP."""


class Answer:
    """Status and headers (names in lower case) as soon as they are there; the body in pieces, or whole.

    Use it as a context: leaving it before the end of the body ends the connection.
    """

    def __init__(self, connection: Connection) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection = connection
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = self._done = self._paused = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if not self._done:
            self._connection.abort()

    async def head(self) -> None:
        """Waits for status and headers. Raises BrokenOff, NotHttp."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._news()

    async def read(self) -> bytes:
        """The whole body. Raises BrokenOff, NotHttp."""
        self._whole = True
        self._flow()
        while not self._done:
            if self._error is not None:
                raise self._error
            await self._news()
        return b"".join(self._parts)

    async def piece(self) -> bytes:
        """What has come since the last piece; empty at the end. Raises BrokenOff, NotHttp."""
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._done:
                return b""
            await self._news()
        parts, self._parts, self._size = self._parts, [], 0
        self._flow()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    # what the connection tells

    def begun(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.headers = status, headers
        self._wake()

    def came(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if not self._whole:
            self._flow()
            self._wake()

    def ended(self) -> None:
        self._done = True
        self._wake()

    def failed(self, error: Exception) -> None:
        self._error = error
        self._wake()

    def _flow(self) -> None:
        """A reader who is slower than the server makes the server wait."""
        if (paused := self._size > _PAUSE_BYTES and not self._whole) != self._paused:
            self._paused = paused
            self._connection.pause(paused)

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connection(asyncio.BufferedProtocol):
    """`freed` is called when an answer has ended and another request may follow, `lost` when the connection ended.

    Received bytes pass through `buffer`, which connections of one loop may share. Without one, asyncio would make
    256 KiB for each receive, which costs five times as much as to receive a few hundred bytes.
    """

    def __init__(
        self, *, buffer: memoryview, freed: Callable[[Connection], None], lost: Callable[[Connection], None]
    ) -> None:
        self.idle_since = 0.0
        self.answered = 0
        self.open = False
        self._buffer = buffer
        self._freed, self._lost = freed, lost
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None
        self._fields: dict[str, str] = {}
        self._head_size = 0
        self._to_the_end = self._unasked = False

    def ask(self, request: bytes) -> Answer:
        """Sends a request; only after the answer before it has ended."""
        self._answer = Answer(self)
        self._head_size = 0
        if self._transport is None or not self.open:
            self._answer.failed(BrokenOff("the connection was closed"))
        else:
            self._transport.write(request)
        return self._answer

    def abort(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def pause(self, paused: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = cast(asyncio.Transport, transport), True

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        answer = self._answer
        if answer is None:  # nobody asked
            self.abort()
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(NotHttp(str(error)))
            return
        if self._unasked:
            self.abort()
        elif not answer.status:
            self._head_size += nbytes
            if self._head_size > HEAD_LIMIT:
                self._fail(NotHttp("headers without an end"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        answer, self._answer = self._answer, None
        if answer is not None:
            if self._to_the_end and exc is None and answer.status:
                answer.ended()
            else:
                error = BrokenOff("the connection broke off")
                error.__cause__ = exc
                answer.failed(error)
        self._lost(self)

    def _fail(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.failed(error)
        self.abort()

    # what httptools tells

    def on_message_begin(self) -> None:
        self._fields = {}
        self._unasked = self._answer is None

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", errors="replace")
        before = self._fields.get(key)
        self._fields[key] = text if before is None else f"{before}, {text}"

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._answer is None:
            return
        endless = "content-length" not in self._fields and "transfer-encoding" not in self._fields
        self._to_the_end = endless and status not in (_NO_CONTENT, _UNMODIFIED)
        self._answer.begun(status, self._fields)

    def on_body(self, body: bytes) -> None:
        if self._answer is not None:
            self._answer.came(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        if answer is None or not answer.status:  # 100 Continue and its like come before the answer
            return
        self._answer = None
        self.answered += 1
        answer.ended()
        if self._parser.should_keep_alive() and self.open:
            self._freed(self)
        else:
            self.abort()
