"""The open connections to one API server as one identity."""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import logging
import os
import ssl
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from acp_tui import __version__
from acp_tui.clients.errors import TlsFailed
from acp_tui.clients.kube.connection import Answer
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.credentials import ClientCertificate
from acp_tui.clients.kube.pool import Pool
from acp_tui.clients.kube.proxy import proxy_for
from acp_tui.clients.kube.tls import not_after
from acp_tui.clients.kube.trust import Trusts
from acp_tui.wire.text import one_line

_TLS_BUFFER_BYTES = 16 * 1024

Headers = list[tuple[str, str]]


class Session:
    """Reads and writes over one pool; `impersonation` are headers that go with each request."""

    def __init__(
        self,
        context: Context,
        certificate: ClientCertificate | None,
        *,
        trust: ssl.SSLContext | None,
        proxy: str,
        impersonation: Headers,
    ) -> None:
        self.certificate = certificate
        self._context = context
        self._always = [("User-Agent", f"acp-tui/{__version__}"), *impersonation]
        self._prefix = urlsplit(context.server).path.rstrip("/")
        self._pool = Pool(context.server, trust=trust, server_name=context.tls.server_name, proxy=proxy)
        self._client: Any = None

    def certificate_ends(self) -> float | None:
        """When the client certificate in use ends (epoch seconds); None where there is none or it cannot be read."""
        if self.certificate is None:
            return None
        try:
            given = self.certificate.cert_file
            return not_after(Path(given).read_bytes() if given else self.certificate.cert.reveal())
        except OSError:
            return None

    async def read(self, target: str, headers: Headers) -> Answer:
        """`target` is a path with its query, both quoted."""
        return await self._pool.ask("GET", f"{self._prefix}{target}", [*self._always, *headers])

    async def write(
        self, method: str, path: str, *, body: bytes, headers: Headers, query: list[tuple[str, str]]
    ) -> Answer:
        """Sends through kubernetes-asyncio's ApiClient, given our connections, headers and identity."""
        if self._client is None:
            self._client = await self._open_client()
        sent = dict(headers)
        answer: Answer = await self._client.call_api(
            path,
            method,
            query_params=query,
            header_params=sent,
            body=_document(body, sent["Content-Type"]),
            auth_settings=[],
            _preload_content=False,
        )
        return answer

    async def request(self, method: str, url: str, *, headers: dict[str, str], data: Any = None, **_: Any) -> Answer:
        """What kubernetes-asyncio calls of an aiohttp session; `url` is a path with its query, `data` is encoded."""
        own = [(name, value) for name, value in headers.items() if name != "User-Agent"]
        body = data.encode() if isinstance(data, str) else data or b""
        return await self._pool.ask(method, url, [*self._always, *own], body)

    async def _open_client(self) -> Any:
        """The import takes some 300 ms of Python, so it happens at the first write and in a thread."""
        client = await asyncio.to_thread(import_module, "kubernetes_asyncio.client")
        # At DEBUG the library logs whole bodies, Secrets included.
        logging.getLogger("kubernetes_asyncio").setLevel(logging.WARNING)
        configuration = client.Configuration()
        configuration.host = self._prefix  # the pool knows the server
        api = client.ApiClient(configuration)
        await api.rest_client.pool_manager.close()
        api.rest_client.pool_manager = self
        return api

    async def close(self) -> None:
        await self._pool.close()


def _document(body: bytes, content_type: str) -> Any:
    """kubernetes-asyncio encodes JSON bodies itself and passes other bytes on."""
    if not body:
        return None
    if "json" in content_type:
        return msgspec.json.decode(body)
    if content_type == "application/apply-patch+yaml":
        import yaml

        return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return body


async def open_session(
    context: Context,
    certificate: ClientCertificate | None,
    *,
    trusts: Trusts,
    env: Mapping[str, str] = os.environ,
    impersonation: Headers,
) -> Session:
    """A session for this identity; no connection is made yet. Raises TlsFailed for certificates that do not load."""
    _shrink_tls_buffers()
    trust: ssl.SSLContext | None = None
    if context.server.startswith("https"):
        try:
            trust = await trusts.context(context.tls, certificate)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise TlsFailed(
                f"{context.name}: the certificates of the context cannot be used ({one_line(str(error), limit=100)})",
                cluster=context.name,
                tried=f"context {context.name!r} of {context.source or 'the service account'}",
                advice="check certificate-authority, client-certificate and client-key (the key must not be encrypted)",
            ) from error
    proxy = proxy_for(context.server, proxy_url=context.proxy_url, env=env)
    return Session(context, certificate, trust=trust, proxy=proxy, impersonation=impersonation)


def _shrink_tls_buffers() -> None:
    """Lowers asyncio's TLS read buffer from 256 KiB to the size of one TLS record, for all connections made later.

    Hundreds of idle watches would otherwise hold hundreds of megabytes; TLS never hands out more than a record
    (16 KiB, RFC 8446 5.1) at a time anyway.
    """
    asyncio.sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
