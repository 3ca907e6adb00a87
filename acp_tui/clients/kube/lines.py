"""Cuts a stream of chunks into lines of any length."""

from __future__ import annotations

from acp_tui.model.errors import ClusterError

LINE_LIMIT = 64 * 1024 * 1024
"""A watch event is at most a little more than etcd's largest object; a line beyond this is no event."""


class Lines:
    """Lines without their newline, as chunks come in; what follows the last newline is the last line.

    aiohttp's own readline gives up at twice its buffer size.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end in this chunk. Raises ClusterError for one beyond LINE_LIMIT."""
        *lines, rest = chunk.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
        if self._size > LINE_LIMIT:
            raise ClusterError(
                "The server sent a line of more than 64 MiB",
                tried="a stream",
                advice="this is no API server, or one object is far too large",
            )
        return lines

    def last(self) -> list[bytes]:
        """What was left when the stream ended, if anything."""
        return [b"".join(self._parts)] if self._parts else []
