"""The open connections to one API server as one identity; importing this imports aiohttp."""

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

import aiohttp
import msgspec
from multidict import CIMultiDict

from acp_tui import __version__
from acp_tui.clients.errors import TlsFailed
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.credentials import ClientCertificate
from acp_tui.clients.kube.proxy import proxy_for
from acp_tui.clients.kube.tls import not_after, ssl_context
from acp_tui.wire.text import one_line

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 75.0
"""Just under the 90 s after which API servers close idle connections; aiohttp's own 15 s would dial anew too often."""

_TLS_BUFFER_BYTES = 16 * 1024


class Session:
    """aiohttp sessions over one connection pool; `options` go with each request (proxy, server name, no redirects)."""

    def __init__(
        self,
        context: Context,
        certificate: ClientCertificate | None,
        *,
        trust: ssl.SSLContext | bool,
        proxy: str,
        impersonation: list[tuple[str, str]],
    ) -> None:
        self.certificate = certificate
        self._context = context
        self._proxy = proxy
        self.options: dict[str, Any] = {"allow_redirects": False}
        if proxy:
            self.options["proxy"] = proxy
        if context.tls.server_name:
            self.options["server_hostname"] = context.tls.server_name
        # Hundreds of watches share a pool: with a limit, the request after the last free place waits for ever.
        connector = aiohttp.TCPConnector(ssl=trust, limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
        headers = CIMultiDict(impersonation)
        headers["User-Agent"] = f"acp-tui/{__version__}"
        # Bodies are inflated by us, so that the bytes of the wire can be counted.
        self.reads = aiohttp.ClientSession(connector=connector, headers=headers, auto_decompress=False)
        self.writes = aiohttp.ClientSession(
            connector=connector, connector_owner=False, headers=headers, auto_decompress=False
        )
        # aiohttp repeats PUT and DELETE by itself on a connection that was kept alive; no write is ever repeated here.
        self.writes._retry_connection = False
        self._client: Any = None

    def timeouts(self, *, total: float | None = None, idle: float | None = None) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=total, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=idle)

    def certificate_ends(self) -> float | None:
        """When the client certificate in use ends (epoch seconds); None where there is none or it cannot be read."""
        if self.certificate is None:
            return None
        try:
            given = self.certificate.cert_file
            return not_after(Path(given).read_bytes() if given else self.certificate.cert.reveal())
        except OSError:
            return None

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: dict[str, str],
        query: list[tuple[str, str]],
        timeout: float,
    ) -> aiohttp.ClientResponse:
        """Sends through kubernetes-asyncio's ApiClient, given our connections, headers and identity."""
        if self._client is None:
            self._client = await self._open_client()
        answer: aiohttp.ClientResponse = await self._client.call_api(
            path,
            method,
            query_params=query,
            header_params=headers,
            body=_document(body, headers["Content-Type"]),
            auth_settings=[],
            _preload_content=False,
            _request_timeout=self.timeouts(total=timeout),
        )
        return answer

    async def _open_client(self) -> Any:
        """The import takes some 300 ms of Python, so it happens at the first write and in a thread."""
        client = await asyncio.to_thread(import_module, "kubernetes_asyncio.client")
        # At DEBUG the library logs whole bodies, Secrets included.
        logging.getLogger("kubernetes_asyncio").setLevel(logging.WARNING)
        configuration = client.Configuration()
        configuration.host = self._context.server
        configuration.proxy = self._proxy or None
        configuration.tls_server_name = self._context.tls.server_name or None
        api = client.ApiClient(configuration)
        await api.rest_client.pool_manager.close()
        api.rest_client.pool_manager = self.writes
        api.user_agent = f"acp-tui/{__version__}"
        return api

    async def close(self) -> None:
        await self.writes.close()
        await self.reads.close()


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
    env: Mapping[str, str] = os.environ,
    impersonation: list[tuple[str, str]],
) -> Session:
    """A session for this identity; no connection is made yet. Raises TlsFailed for certificates that do not load."""
    _shrink_tls_buffers()
    trust: ssl.SSLContext | bool = True
    if context.server.startswith("https"):
        try:
            trust = await asyncio.to_thread(ssl_context, context.tls, certificate)
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
