"""The SSL contexts of a fleet, shared where they are alike; importing this imports no ssl."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from acp_tui.clients.kube.context import Tls
from acp_tui.clients.kube.credentials import ClientCertificate

if TYPE_CHECKING:
    import ssl


class Trusts:
    """One context for all clusters that trust the same authority and are shown no certificate.

    A platform has one address and one certificate for all its clusters, and to load the system's authorities takes
    20 ms and 1 MiB each time.
    """

    def __init__(self) -> None:
        self._shared: dict[tuple[bool, bytes], ssl.SSLContext] = {}
        self._making = asyncio.Lock()

    async def context(self, tls: Tls, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """Raises ssl.SSLError, OSError or ValueError for certificates that do not load."""
        if certificate is not None:
            return await asyncio.to_thread(_make, tls, certificate)
        key = (tls.insecure, tls.ca_data)
        async with self._making:
            if key not in self._shared:
                self._shared[key] = await asyncio.to_thread(_make, tls, None)
        return self._shared[key]


def _make(tls: Tls, certificate: ClientCertificate | None) -> ssl.SSLContext:
    from acp_tui.clients.kube.tls import ssl_context

    return ssl_context(tls, certificate)
