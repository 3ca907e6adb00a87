"""The line to the terminal: takes what it can carry now and never makes anybody wait."""

from __future__ import annotations

import os
import select
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

PIECE = 4096
"""Bytes handed to the kernel at once; also a limit to what a descriptor that may block can hold up."""


class Link:
    """Carries one piece of output at a time over a descriptor.

    A terminal is opened a second time, because the first descriptor is shared with other programs that do not expect it
    to refuse a write. Where it cannot be opened, only what the kernel has room for is written.
    """

    def __init__(self, descriptor: int, loop: AbstractEventLoop, *, on_free: Callable[[], None]) -> None:
        self._loop = loop
        self._on_free = on_free
        self._left = memoryview(b"")
        self._broken = False
        self._own = True
        self.sent = 0
        try:
            self._descriptor = _opened(descriptor)
        except OSError:
            self._descriptor, self._own = descriptor, False
        self._waits = False

    @property
    def free(self) -> bool:
        """Whether all of the last piece has left."""
        return not self._left

    def send(self, data: bytes) -> None:
        """Begin to send; what does not fit now follows when there is room. Call only while `free`."""
        self._left = memoryview(data)
        self._push()
        if self._left and not self._waits:
            self._waits = True
            self._loop.add_writer(self._descriptor, self._continue)

    def drain(self, seconds: float) -> bool:
        """Wait for the rest to leave, at most so long; False where the line did not take it."""
        until = time.monotonic() + seconds
        while self._left:
            room = until - time.monotonic()
            if room <= 0 or not select.select([], [self._descriptor], [], room)[1]:
                return False
            self._push()
        self._rest()
        return True

    def close(self) -> None:
        self._rest()
        self._left = memoryview(b"")
        if self._own:
            os.close(self._descriptor)

    def _continue(self) -> None:
        self._push()
        if not self._left:
            self._rest()
            self._on_free()

    def _rest(self) -> None:
        if self._waits:
            self._waits = False
            self._loop.remove_writer(self._descriptor)

    def _push(self) -> None:
        """Write until the kernel takes no more; a terminal that is gone takes everything and shows nothing."""
        piece = PIECE if self._own else PIECE // 8
        while self._left:
            if not self._own and not select.select([], [self._descriptor], [], 0)[1]:
                return
            try:
                count = os.write(self._descriptor, self._left[:piece])
            except BlockingIOError:
                return
            except OSError:
                count = len(self._left)
            self.sent += count
            self._left = self._left[count:]


def _opened(descriptor: int) -> int:
    """The terminal of a descriptor, opened a second time. Raises OSError."""
    if sys.platform != "win32":
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    raise OSError("no terminal has a name there")
