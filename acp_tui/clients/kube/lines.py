"""Cuts a stream of chunks into lines of any length."""

from __future__ import annotations

from collections.abc import AsyncIterator

from acp_tui.model.errors import ClusterError

LINE_LIMIT = 64 * 1024 * 1024
"""A watch event is at most a little more than etcd's largest object; a line beyond this is no event."""


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines without their newline; what follows the last newline comes as a last line.

    aiohttp's own readline gives up at twice its buffer size. Raises ClusterError beyond LINE_LIMIT.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = b"".join((*parts, line)) if parts else line
            parts, size = [], 0
            yield whole
        if rest:
            parts.append(rest)
            size += len(rest)
        if size > LINE_LIMIT:
            raise ClusterError(
                "The server sent a line of more than 64 MiB",
                tried="a stream",
                advice="this is no API server, or one object is far too large",
            )
    if parts:
        yield b"".join(parts)
