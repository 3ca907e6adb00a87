"""How requests share connections, and what becomes of them when a server or a proxy does as it likes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from acp_tui.clients import errors
from acp_tui.clients.kube.connection import HEAD_LIMIT, Connection
from acp_tui.clients.kube.context import Auth, Impersonation, Secret, Tls
from tests.clients.kube.conftest import dialled
from tests.fakes.api_server import FakeApiServer, document, running

PODS = "/api/v1/pods"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Speaks in bytes: each connection takes the next talk of the row, the last one again and again."""

    def __init__(self, *talks: Talk) -> None:
        self.url = ""
        self.connections = 0
        self.heads: list[bytes] = []
        self._talks = list(talks)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = self._talks.pop(0) if len(self._talks) > 1 else self._talks[0]
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def speaking(*talks: Talk) -> AsyncIterator[RawServer]:
    raw = RawServer(*talks)
    server = await asyncio.start_server(raw.take, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield raw


def saying(*answers: bytes, stays: bool = False) -> Talk:
    """An answer for each request, then the connection is closed, or stays open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if stays:
            await reader.read()

    return talk


def whole(body: bytes) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def proxy(verdict: bytes = b"200 Connection established") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that leads on wherever it is asked to, and what it was asked."""
    asked: list[bytes] = []

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        _, target, _ = head.split(b" ", 2)
        authority = target.removeprefix(b"http://").split(b"/", 1)[0].decode()
        if not verdict.startswith(b"200"):
            writer.write(b"HTTP/1.1 %s\r\n\r\n" % verdict)
            writer.close()
            return
        host, _, port = authority.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        if head.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 %s\r\n\r\n" % verdict)
        else:
            far_writer.write(head)
        async with asyncio.TaskGroup() as both:
            both.create_task(pumped(reader, far_writer))
            both.create_task(pumped(far_reader, writer))

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


# sharing


async def test_requests_one_after_another_share_a_connection() -> None:
    async with speaking(saying(*[whole(b"{}")] * 20)) as server, dialled(server.url) as transport:
        for _ in range(20):
            await transport.get(PODS)

    assert server.connections == 1


async def test_as_many_connections_are_opened_as_requests_are_under_way(server: FakeApiServer) -> None:
    async with speaking(saying(*[whole(b"{}")] * 3)) as raw, dialled(raw.url) as transport:
        for _ in range(3):
            await asyncio.gather(*(transport.get(PODS) for _ in range(4)))

    assert raw.connections == 4


async def test_reads_and_writes_share_connections() -> None:
    async with speaking(saying(*[whole(b"{}")] * 3)) as raw, dialled(raw.url) as transport:
        await transport.get(PODS)
        await transport.send("DELETE", PODS)
        await transport.get(PODS)

    assert raw.connections == 1


async def test_a_read_that_meets_a_closed_connection_is_asked_again_and_a_write_is_not() -> None:
    once = saying(whole(b"{}"))
    async with speaking(once, once) as raw, dialled(raw.url) as transport:
        await transport.get(PODS)
        assert (await transport.get(PODS)).body == b"{}"
    assert raw.connections == 2

    async def gives_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(whole(b"{}"))(reader, writer)
        await reader.readuntil(b"\r\n\r\n")  # and answers nothing

    async with speaking(gives_up, once) as raw, dialled(raw.url) as transport:
        await transport.get(PODS)
        with pytest.raises(errors.ConnectFailed, match="broke off") as caught:
            await transport.send("DELETE", PODS)
    assert "not known whether" in caught.value.advice
    assert raw.connections == 1


async def test_an_answer_that_was_given_up_takes_its_connection_along() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 100\r\n\r\n{")
        await reader.read()

    async with speaking(half, saying(whole(b"{}"))) as raw, dialled(raw.url) as transport:
        with pytest.raises(errors.TimedOut):
            await transport.get(PODS, timeout=0.1)
        assert (await transport.get(PODS)).body == b"{}"

    assert raw.connections == 2


# ends and heads


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with speaking(saying(OK + b'\r\n{"a":1}')) as raw, dialled(raw.url) as transport:
        assert (await transport.get(PODS)).body == b'{"a":1}'


async def test_what_comes_before_the_answer_is_not_the_answer() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    async with speaking(saying(early + whole(b"[]"))) as raw, dialled(raw.url) as transport:
        answer = await transport.get(PODS)

    assert (answer.status, answer.body) == (200, b"[]")
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    "said",
    [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * (HEAD_LIMIT + 1), b"\x00\x01\x02"],
    ids=["another protocol", "headers without an end", "noise"],
)
async def test_what_is_no_http_is_told(said: bytes) -> None:
    async with speaking(saying(said, stays=True)) as raw, dialled(raw.url) as transport:
        with pytest.raises(errors.NotKubernetes, match="does not speak HTTP"):
            await transport.get(PODS)


async def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    twice = saying(whole(b"{}") + whole(b'{"smuggled":1}'), stays=True)
    async with speaking(twice, saying(whole(b"[]"))) as raw, dialled(raw.url) as transport:
        assert (await transport.get(PODS)).body == b"{}"
        assert (await transport.get(PODS)).body == b"[]"

    assert raw.connections == 2


async def test_a_header_cannot_smuggle_another(server: FakeApiServer) -> None:
    evil = Auth(token=Secret(b"t"), impersonate=Impersonation(user="jane\r\nX-Evil: 1"))
    async with dialled(server.url, auth=evil) as transport:
        with pytest.raises(errors.ConnectFailed, match="more than one line"):
            await transport.get(PODS)

    assert server.seen == []


class FakeSocket(asyncio.Transport):
    """Notes whether the peer is made to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.told.append("wait")

    def resume_reading(self) -> None:
        self.told.append("go on")


async def test_a_reader_who_is_slow_makes_the_server_wait() -> None:
    came = memoryview(bytearray(65536))
    connection, wire = Connection(buffer=came, freed=lambda _: None, lost=lambda _: None), FakeSocket()
    connection.connection_made(wire)
    answer = connection.ask(b"")
    head = OK + b"\r\n"
    came[: len(head)] = head
    connection.buffer_updated(len(head))
    for _ in range(20):
        connection.buffer_updated(65536)
    assert wire.told == ["wait"]
    assert len(await answer.piece()) == 20 * 65536
    assert wire.told == ["wait", "go on"]


# proxies


async def test_a_proxy_is_asked_for_a_tunnel_and_told_who_we_are(authority: trustme.CA) -> None:
    async with running(tls=serving(authority)) as server, proxy() as (address, asked):
        server.on(PODS, document({}))
        tls = Tls(ca_data=authority.cert_pem.bytes())
        async with dialled(server.url, tls=tls, proxy_url=f"http://ann:s%3Acret@{address}") as transport:
            assert (await transport.get(PODS)).status == 200
            assert (await transport.send("POST", PODS, body=b"{}")).status == 200

    (head,) = asked
    assert head.startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic YW5uOnM6Y3JldA==\r\n" in head
    assert all("Proxy-Authorization" not in seen.headers for seen in server.seen)


async def test_behind_a_tunnel_the_server_is_still_checked(authority: trustme.CA) -> None:
    wrong = Tls(ca_data=trustme.CA().cert_pem.bytes())
    async with (
        running(tls=serving(authority)) as server,
        proxy() as (address, _),
        dialled(server.url, tls=wrong, proxy_url=f"http://{address}") as transport,
    ):
        with pytest.raises(errors.TlsFailed, match="not from the authority"):
            await transport.get(PODS)


async def test_a_proxy_forwards_plain_http(server: FakeApiServer) -> None:
    server.on(PODS, document({}))
    async with proxy() as (address, asked), dialled(server.url, proxy_url=f"http://ann:x@{address}") as transport:
        assert (await transport.get(PODS, params={"limit": 1})).status == 200

    assert asked[0].startswith(f"GET {server.url}{PODS}?limit=1 HTTP/1.1".encode())
    assert b"Proxy-Authorization: Basic" in asked[0]


async def test_a_proxy_that_refuses_is_told_with_its_words(authority: trustme.CA) -> None:
    async with (
        proxy(b"407 Proxy Authentication Required") as (address, _),
        dialled("https://kube.invalid", proxy_url=f"http://{address}") as transport,
    ):
        with pytest.raises(errors.ConnectFailed, match=r"proxy refused.*407"):
            await transport.get(PODS)
    async with dialled("https://kube.invalid", proxy_url="socks5://127.0.0.1:1") as transport:
        with pytest.raises(errors.ConnectFailed, match="socks5 are not supported"):
            await transport.get(PODS)
