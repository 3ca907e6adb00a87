"""The real transport: reads as raw bytes, writes through kubernetes-asyncio on the same connections."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from acp_tui.clients.errors import ApiError, ConnectFailed, NotKubernetes, Unauthorized, from_answer
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.credentials import Credentials
from acp_tui.clients.kube.execplugin import ExecPlugins
from acp_tui.clients.kube.lines import Lines
from acp_tui.clients.kube.transport import JSON, Params, Response, TrafficStats
from acp_tui.clients.kube.trust import Trusts
from acp_tui.model.refs import Clock
from acp_tui.wire.kubernetes import decode_status
from acp_tui.wire.text import clean_json

if TYPE_CHECKING:
    from acp_tui.clients.kube.connection import Answer
    from acp_tui.clients.kube.session import Headers, Session

    _Call = Callable[[Session, Headers], Awaitable[Answer]]

_SESSION = "acp_tui.clients.kube.session"
_PATH_SAFE = "/:@!$&'()*+,;=-._~"
_BODY_LIMIT = 1024 * 1024 * 1024
_BEST_RATIO = 1032  # of deflate
_AT_ONCE_BYTES = 4 * 1024
_THREAD_BYTES = 256 * 1024
"""Only a body beyond this size is unpacked in a thread: the way there and back, to caches of another core, costs more
than the few milliseconds that the loop is kept."""
_ERROR_SECONDS = 10.0


class Dialer:
    """Opens transports that share what credential plugins print and whom they trust; use one for a fleet."""

    def __init__(self, *, env: Mapping[str, str] = os.environ, clock: Clock = time.time) -> None:
        self._env = env
        self._clock = clock
        self._plugins = ExecPlugins(clock=clock)
        self._trusts = Trusts()

    def __call__(self, context: Context) -> HttpTransport:
        return HttpTransport(context, plugins=self._plugins, trusts=self._trusts, env=self._env, clock=self._clock)


class HttpTransport:
    """One context's API server; nothing is opened, nor imported, before the first request."""

    def __init__(
        self,
        context: Context,
        *,
        plugins: ExecPlugins | None = None,
        trusts: Trusts | None = None,
        env: Mapping[str, str] = os.environ,
        clock: Clock = time.time,
    ) -> None:
        self.context = context
        self.stats = TrafficStats()
        self._env = env
        self._clock = clock
        self._credentials = Credentials(context, plugins=plugins or ExecPlugins(clock=clock), clock=clock)
        self._trusts = trusts or Trusts()
        self._opening = asyncio.Lock()
        self._session: Session | None = None
        self._retired: Session | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return self.context.name

    def __repr__(self) -> str:
        return f"HttpTransport({self.context!r})"

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = JSON,
        timeout: float = 30.0,
        raw: bool = False,
    ) -> Response:
        request = f"GET {path}"
        encoding = "identity" if self.context.disable_compression else "gzip"
        session = await self._ready()
        try:
            async with asyncio.timeout(timeout):
                call = _reading(path, params, accept, encoding)
                async with await self._ask(call, session, request=request) as answer:
                    return await self._response(answer, raw=raw, later=True)
        except OSError as error:
            raise self._broken(error, request, seconds=timeout) from error

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = JSON,
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """See Transport; compression is not asked for, because API servers do not compress watches."""
        request = f"GET {path} (stream)"
        session = await self._ready()
        try:
            async with asyncio.timeout(idle_timeout):
                call = _reading(path, params, accept, "identity")
                answer = await self._ask(call, session, request=request)
        except OSError as error:
            raise self._broken(error, request, seconds=idle_timeout) from error
        self.stats.watches += 1
        try:
            yield self._lines(answer, request=request, seconds=idle_timeout, raw=raw)
        finally:
            self.stats.watches -= 1
            answer.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = JSON,
        params: Params | None = None,
        timeout: float = 30.0,
    ) -> Response:
        request = f"{method} {path}"
        headers = [("Accept", JSON), ("Content-Type", content_type)]
        session = await self._ready()
        self.stats.bytes_out += len(body)
        try:
            async with asyncio.timeout(timeout):
                answer = await self._ask(
                    lambda session, identity: session.write(
                        method,
                        quote(path, safe=_PATH_SAFE),
                        body=body,
                        headers=[*headers, *identity],
                        query=list(_query(params)),
                    ),
                    session,
                    request=request,
                )
                async with answer:
                    return await self._response(answer, raw=False)
        except OSError as error:
            raise self._broken(error, request, seconds=timeout, write=True) from error

    async def close(self) -> None:
        self._closed = True
        for session in (self._session, self._retired):
            if session is not None:
                await session.close()
        self._session = self._retired = None

    async def _ready(self) -> Session:
        """The session for the certificate that is current; a renewed one gets a new session.

        The session before it lives on until the next change, because watches still run over it.
        """
        if self._closed:
            raise ConnectFailed(f"{self.name}: the connection was closed", cluster=self.name)
        if self.context.problem:
            raise ConnectFailed(
                f"{self.name}: {self.context.problem}",
                cluster=self.name,
                tried=f"context {self.name!r} of {self.context.source or 'the service account'}",
                advice="correct the kubeconfig; the other contexts work on",
            )
        certificate = await self._credentials.certificate()
        if self._session is not None and self._session.certificate == certificate:
            return self._session
        async with self._opening:
            if self._session is None or self._session.certificate != certificate:
                if _SESSION not in sys.modules:
                    await asyncio.to_thread(import_module, _SESSION)
                from acp_tui.clients.kube.session import open_session

                opened = await open_session(
                    self.context,
                    certificate,
                    trusts=self._trusts,
                    env=self._env,
                    impersonation=self._credentials.impersonation(),
                )
                if self._retired is not None:
                    await self._retired.close()
                self._retired, self._session = self._session, opened
            return self._session

    async def _ask(self, call: _Call, session: Session, *, request: str) -> Answer:
        """The open answer of a success; anything else raises, a 401 after one try with renewed credentials."""
        renewed = False
        while True:
            authorization = await self._credentials.authorization()
            answer = await call(session, [("Authorization", authorization)] if authorization else [])
            self.stats.requests += 1
            if 200 <= answer.status < 300 and "text/html" not in answer.headers.get("content-type", ""):
                return answer
            async with answer:
                if answer.status == 401 and not renewed:
                    renewed = True
                    if await self._credentials.renew():
                        session = await self._ready()
                        continue
                raise await self._refusal(answer, request=request)

    async def _refusal(self, answer: Answer, *, request: str) -> ApiError:
        """The status is what counts: a body that does not come is done without."""
        self.stats.errors += 1
        try:
            async with asyncio.timeout(_ERROR_SECONDS):
                body = clean_json(self._unpacked(await self._read(answer), answer.headers, raw=True))
        except (OSError, ApiError):
            body = b""
        content_type = answer.headers.get("content-type", "")
        if 200 <= answer.status < 300:
            return NotKubernetes(
                f"{self.name}: the server answers like a web site, not like a Kubernetes API server",
                cluster=self.name,
                tried=f"{request} → {answer.status}, a web page",
                advice="check the server address; a login page means that the session ended: log in again",
                status=answer.status,
            )
        error = from_answer(
            decode_status(body),
            cluster=self.name,
            request=request,
            http=answer.status,
            content_type=content_type,
            retry_after=answer.headers.get("retry-after", ""),
        )
        if isinstance(error, Unauthorized):
            error.advice = self._why_unauthorized() or error.advice
        return error

    def _why_unauthorized(self) -> str:
        """An expired client certificate is refused with a plain 401, so its date is looked at here."""
        session = self._session
        ended = session.certificate_ends() if session else None
        if ended is None or ended > self._clock():
            return ""
        day = time.strftime("%Y-%m-%d", time.gmtime(ended))
        return f"the client certificate ended on {day}: fetch a new kubeconfig or renew the certificate"

    async def _response(self, answer: Answer, *, raw: bool, later: bool = False) -> Response:
        """`later` leaves unpacking to whoever looks at the body; what a write answers is whole or raises here."""
        body = await self._read(answer)
        unpack = partial(self._unpacked, body, answer.headers, raw=raw)
        if len(body) > _THREAD_BYTES:
            return Response(answer.status, answer.headers, await asyncio.to_thread(unpack))
        return Response(answer.status, answer.headers, unpack if later and len(body) > _AT_ONCE_BYTES else unpack())

    async def _read(self, answer: Answer) -> bytes:
        """The whole body, counted as it came."""
        body = await answer.read()
        self.stats.bytes_in += len(body)
        return body

    def _unpacked(self, body: bytes, headers: Mapping[str, str], *, raw: bool) -> bytes:
        encoding = headers.get("content-encoding", "").lower()
        if body and encoding in ("gzip", "deflate"):
            inflated = inflate(body)
            if inflated is None:
                raise ConnectFailed(
                    f"{self.name}: the answer was cut off or is not what its headers say",
                    cluster=self.name,
                    tried=f"{len(body)} bytes of {encoding}",
                    advice="a proxy may be in the way: try again, or go to the server directly",
                )
            body = inflated
        return body if raw or "json" not in headers.get("content-type", "") else clean_json(body)

    async def _lines(self, answer: Answer, *, request: str, seconds: float | None, raw: bool) -> AsyncIterator[bytes]:
        clean = not raw and "json" in answer.headers.get("content-type", "")
        packed = answer.headers.get("content-encoding", "").lower() in ("gzip", "deflate")
        inflater = zlib.decompressobj(wbits=47) if packed else None
        lines = Lines()
        try:
            while True:
                async with asyncio.timeout(seconds):
                    chunk = await answer.piece()
                if not chunk:
                    break
                self.stats.bytes_in += len(chunk)
                for line in lines.feed(inflater.decompress(chunk) if inflater else chunk):
                    if line or raw:
                        yield clean_json(line) if clean else line
        except OSError as error:
            raise self._broken(error, request, seconds=seconds) from error
        except zlib.error as error:
            raise ConnectFailed(
                f"{self.name}: the answer is not what its headers say", cluster=self.name, tried=request
            ) from error
        for line in lines.last():
            yield clean_json(line) if clean else line

    def _broken(self, error: OSError, request: str, *, seconds: float | None, write: bool = False) -> ApiError:
        from acp_tui.clients.kube.faults import from_exception

        self.stats.errors += 1
        return from_exception(error, context=self.context, request=request, seconds=seconds, write=write)


def _reading(path: str, params: Params | None, accept: str, encoding: str) -> _Call:
    target = _quoted(path, _query(params))
    headers = [("Accept", accept), ("Accept-Encoding", encoding)]
    return lambda session, identity: session.read(target, [*headers, *identity])


@lru_cache(maxsize=1024)
def _quoted(path: str, query: tuple[tuple[str, str], ...]) -> str:
    """Remembered, because all clusters are asked for the same."""
    return f"{quote(path, safe=_PATH_SAFE)}{'?' if query else ''}{urlencode(query)}"


def _query(params: Params | None) -> tuple[tuple[str, str], ...]:
    """Booleans as API servers and kubectl write them: lower case."""
    if not params:
        return ()
    return tuple(
        [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in params.items()]
    )


def inflate(body: bytes) -> bytes | None:
    """None for a body that is damaged, cut off, or beyond 1 GiB once inflated.

    The last four bytes of gzip say how long the whole is: taken in one piece it costs half of what it costs in blocks
    that are joined. Where even the best compression could not bring more than 1 GiB, they need not be true.
    """
    try:
        if body.startswith(b"\x1f\x8b") and len(body) * _BEST_RATIO <= _BODY_LIMIT:
            size = min(int.from_bytes(body[-4:], "little"), len(body) * _BEST_RATIO)
            return zlib.decompress(body, 47, size or 1)
        unpacker = zlib.decompressobj(wbits=47)
        inflated = unpacker.decompress(body, _BODY_LIMIT)
    except zlib.error:
        return None
    return inflated if unpacker.eof else None
