"""The seam to one API server: what a transport is, and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

JSON = "application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
"""Metadata alone, of a list (and of its watch: METADATA); plain JSON from servers that cannot."""

Params = Mapping[str, str | int | bool]


_SMALL_BYTES = 64 * 1024


class Response:
    """A successful answer; header names in lower case, `body` inflated and, when JSON, cleaned (wire.text).

    A body that takes milliseconds to unpack comes as what unpacks it, and is unpacked when it is first looked at: by
    whoever decodes it next, while its bytes are at hand. It raises ClusterError then, where it is damaged.
    """

    __slots__ = ("_body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes | Callable[[], bytes]) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    @property
    def large(self) -> bool:
        """Whether decoding it keeps the loop long enough to wait for one's turn."""
        return not isinstance(self._body, bytes) or len(self._body) > _SMALL_BYTES

    @property
    def body(self) -> bytes:
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body


class TrafficStats(Struct):
    """What one transport moved: body bytes as they were on the wire (compressed), and requests sent.

    `decoding` is how long it took to make values of them, in seconds; `watches` are the streams open now, `errors`
    the requests that did not succeed.
    """

    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    decoding: float = 0.0
    watches: int = 0
    errors: int = 0


class Transport(Protocol):
    """One API server as one user. Every method raises clients.errors for anything but success.

    Nothing is retried, except once after a 401 where the credentials could be renewed: 401 means that the server
    did not carry the request out.
    """

    @property
    def name(self) -> str:
        """The name of the context, which names the cluster everywhere."""
        ...

    @property
    def stats(self) -> TrafficStats: ...

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = JSON,
        timeout: float = 30.0,
        raw: bool = False,
    ) -> Response:
        """`raw` leaves the body as it came: for what is sent back to the server later."""
        ...

    def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = JSON,
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Lines without their end; the last one may be a fragment. TimedOut after `idle_timeout` seconds of silence."""
        ...

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
        """Writes and reviews."""
        ...

    async def close(self) -> None: ...
