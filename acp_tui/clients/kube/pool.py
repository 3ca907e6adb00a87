"""The connections to one API server: kept while they are of use, made anew when there is none."""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from acp_tui.clients.kube.connection import HEAD_LIMIT, Answer, BrokenOff, Connection, NotConnected, ProxyRefused

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 75.0
"""Just under the 90 s after which API servers close idle connections."""
_RECEIVE_BYTES = 32 * 1024
_NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305, 5
_PORTS = {"http": 80, "https": 443}


class Pool:
    """As many connections as requests are under way at once; the one that was used last is used first.

    `server` and `proxy` are URLs, `trust` is for a server of https, `server_name` what its certificate is for where
    that is not the host. Without a limit: hundreds of watches share a pool, and the request after the last free place
    would wait for ever.
    """

    def __init__(self, server: str, *, trust: ssl.SSLContext | None, server_name: str = "", proxy: str = "") -> None:
        self._server = urlsplit(server)
        self._proxy = urlsplit(proxy) if proxy else None
        self._trust = trust
        self._server_name = server_name
        self._buffer = memoryview(bytearray(_RECEIVE_BYTES))
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False
        host = self._server.netloc.rpartition("@")[2]
        # A proxy takes requests of plain HTTP itself, and only for those does it need the name of the server.
        self._forwarding = self._proxy is not None and self._server.scheme == "http"
        self._origin = f"http://{host}" if self._forwarding else ""
        credit = _credit(self._proxy) if self._forwarding and self._proxy else ""
        self._common = f"Host: {host}\r\n{credit}"

    async def ask(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None = None) -> Answer:
        """The answer as far as its headers. Raises NotConnected, BrokenOff, NotHttp.

        A read that meets a kept connection just as the server closes it is asked again, on a new one. No write is.
        """
        request = self._request(method, target, headers, body)
        while True:
            connection = self._kept() or await self._dial()
            kept = connection.answered > 0
            answer = connection.ask(request)
            try:
                await answer.head()
            except BrokenOff:
                if not kept or method != "GET":
                    raise
                self._forget_kept()
            except BaseException:
                answer.close()
                raise
            else:
                return answer

    async def close(self) -> None:
        """Ends all connections; whoever still waits for an answer hears of it."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in tuple(self._all):
            connection.abort()
        for _ in range(5):  # TLS hears of it a few rounds of the loop later
            if self._all:
                await asyncio.sleep(0)

    def _request(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None) -> bytes:
        lines = [f"{name}: {value}" for name, value in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if any("\r" in line or "\n" in line or "\0" in line for line in lines):
            raise NotConnected("a header would be more than one line")
        head = f"{method} {self._origin}{target} HTTP/1.1\r\n{self._common}" + "".join(f"{line}\r\n" for line in lines)
        return head.encode() + b"\r\n" + (body or b"")

    # those kept

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return None

    def _forget_kept(self) -> None:
        """A server that closed one has closed all: it went, or came back as another."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _freed(self, connection: Connection) -> None:
        if self._closed:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(KEEP_ALIVE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Those not used for a while go; the next look is when the oldest that stays would."""
        loop = asyncio.get_running_loop()
        self._sweeping = None
        limit = loop.time() - KEEP_ALIVE_SECONDS
        for connection in self._idle:
            if connection.idle_since <= limit:
                connection.abort()
        self._idle = [each for each in self._idle if each.open]
        if self._idle:
            oldest = min(each.idle_since for each in self._idle)
            self._sweeping = loop.call_at(oldest + KEEP_ALIVE_SECONDS, self._sweep)

    # new ones

    def _connection(self) -> Connection:
        return Connection(buffer=self._buffer, freed=self._freed, lost=self._all.discard)

    async def _dial(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await (self._through(self._proxy) if self._proxy is not None else self._straight())
        except ProxyRefused:
            raise
        except (OSError, TimeoutError, UnicodeError) as error:
            refused = ProxyRefused if self._forwarding else NotConnected
            raise refused(str(error)) from error
        self._all.add(connection)
        return connection

    async def _straight(self) -> Connection:
        connection = self._connection()
        await _connect(self._server, connection, trust=self._trust, server_name=self._server_name)
        return connection

    async def _through(self, proxy: SplitResult) -> Connection:
        """A connection by way of a proxy: it is asked for a tunnel to servers of https, and forwards the others."""
        if proxy.scheme not in _PORTS:
            raise ProxyRefused(f"proxies of {proxy.scheme} are not supported")
        outer = ssl.create_default_context() if proxy.scheme == "https" else None
        if self._forwarding:
            forwarded = self._connection()
            await _connect(proxy, forwarded, trust=outer)
            return forwarded
        tunnel, loop = _Tunnel(), asyncio.get_running_loop()
        try:
            await _connect(proxy, tunnel, trust=outer)
            await tunnel.opened(*_address(self._server), _credit(proxy))
        except ProxyRefused:
            raise
        except (OSError, UnicodeError) as error:
            raise ProxyRefused(str(error)) from error
        connection = self._connection()
        name = self._server_name or _address(self._server)[0]
        trust = self._trust or ssl.create_default_context()
        inner = await loop.start_tls(tunnel.transport, connection, trust, server_hostname=name)
        if inner is None:
            raise NotConnected("the tunnel was closed")
        connection.connection_made(inner)
        return connection


class _Tunnel(asyncio.Protocol):
    """Asks a proxy to lead on to a server (CONNECT, RFC 9110, 9.3.6)."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._came = b""
        self._head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if not self._head.done() and (b"\r\n\r\n" in self._came or len(self._came) > HEAD_LIMIT):
            self._head.set_result(self._came)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._head.done():
            self._head.set_result(self._came)

    async def opened(self, host: str, port: int, credit: str) -> None:
        """Waits until the proxy leads on. Raises ProxyRefused with its own words."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.transport.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{credit}\r\n".encode())
        try:
            line = (await self._head).split(b"\r\n", 1)[0].decode(errors="replace")
        except BaseException:
            self.transport.abort()
            raise
        status = line.split(" ", 1)[-1]
        if not line.startswith("HTTP/1.") or not status.startswith("2"):
            self.transport.abort()
            raise ProxyRefused(status or "it closed the connection")


async def _connect(
    url: SplitResult, protocol: asyncio.BaseProtocol, *, trust: ssl.SSLContext | None, server_name: str = ""
) -> None:
    host, port = _address(url)
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: protocol,
        host,
        port,
        ssl=trust,
        server_hostname=(server_name or host) if trust is not None else None,
        happy_eyeballs_delay=None if _is_number(host) else _NEXT_ADDRESS_SECONDS,
    )
    # A watch may be silent for minutes; a peer that is gone is noticed by the system.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _address(url: SplitResult) -> tuple[str, int]:
    """Raises OSError for a URL without a host, or with a port that is none."""
    try:
        port = url.port or _PORTS.get(url.scheme, 0)
    except ValueError:
        port = 0
    if not url.hostname or not port:
        raise OSError("the address is not valid")
    return url.hostname, port


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _credit(proxy: SplitResult) -> str:
    """The header by which a proxy knows us, from the user and password in its URL."""
    if proxy.username is None:
        return ""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}\r\n"
