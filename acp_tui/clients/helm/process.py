"""One child process: own session, both pipes drained, output cleaned and capped, ended by SIGTERM and then SIGKILL."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from acp_tui.clients.children import GROUP, ask_to_end, kill_all
from acp_tui.clients.helm.complaints import is_stack, plain
from acp_tui.clients.helm.engine import OnOutput
from acp_tui.model.errors import EngineError

View = Callable[[str], str]

GRACE = 20.0
"""Seconds between SIGTERM and SIGKILL: Helm needs some to mark its revision failed."""

MAX_STDOUT = 64 * 1024 * 1024
MAX_TAIL = 256 * 1024
MAX_LINE = 64 * 1024
_DRAIN = 2.0
_PR_SET_PDEATHSIG = 1
_UNKNOWN = -9
"""The code of a child whose end we did not hear: as if it was killed."""


class Ended(Struct, frozen=True):
    """`stdout` is whole up to 64 MiB (`overflow` tells that there was more), `tail` the last 256 KiB of stderr, raw.

    `cancelled` is somebody's wish, `timed_out` the deadline's; `killed` tells that SIGKILL was needed.
    """

    exit_code: int
    stdout: bytes
    tail: tuple[str, ...]
    overflow: bool = False
    cancelled: bool = False
    timed_out: bool = False
    killed: bool = False


class Process:
    """A running child. `stop` is an own way to ask it to end (False: it has none); else it gets SIGTERM."""

    def __init__(self, child: asyncio.SubprocessTransport, pipes: _Pipes, *, grace: float) -> None:
        self._child = child
        self._pipes = pipes
        self._grace = grace
        self._cancelled = self._timed_out = self._killed = False
        self._cancelling: asyncio.Task[None] | None = None
        self.stop: Callable[[], bool] | None = None

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        on_output: OnOutput,
        stdout_view: View | None = None,
        stdin: bool = False,
        grace: float = GRACE,
        inherits: int = -1,
        bound: bool = False,
    ) -> Process:
        """Start it; with `stdin` its input is a pipe for `send`, else /dev/null.

        `inherits` is an open file of ours that it holds until its end (not on Windows). A `bound` one gets SIGTERM when
        we are killed, where the kernel knows how to (Linux).

        Standard error is shown line by line; standard output only through a `stdout_view`, which makes of a raw line
        what is shown (empty for nothing). Raises EngineError.
        """
        try:
            child, pipes = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Pipes(on_output, stdout_view),
                *argv,
                env=dict(env),
                cwd=folder,
                stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                creationflags=GROUP,
                pass_fds=(inherits,) if inherits >= 0 and sys.platform != "win32" else (),
                preexec_fn=_end_with(os.getpid()) if bound else None,
            )
        except OSError as error:
            raise EngineError(
                f"{argv[0]} does not start", tried=str(error), advice="check the file, or choose another engine"
            ) from error
        return cls(child, pipes, grace=grace)

    def send(self, data: bytes) -> bool:
        """Write to its input without waiting; False where that is closed already."""
        stdin = self._child.get_pipe_transport(0)
        if not isinstance(stdin, asyncio.WriteTransport) or stdin.is_closing():
            return False
        stdin.write(data)
        return True

    async def ended(self, deadline: float) -> Ended:
        """Wait for the end; after `deadline` seconds it is cancelled."""
        try:
            await asyncio.wait_for(self._pipes.exited.wait(), deadline)
        except TimeoutError:
            self._timed_out = True
            await self.cancel()
        if self._cancelling is not None:
            await asyncio.shield(self._cancelling)
        await self._drain()
        code = self._child.get_returncode()
        return Ended(
            exit_code=_UNKNOWN if code is None else code,
            stdout=bytes(self._pipes.stdout),
            tail=tuple(self._pipes.errors.tail),
            overflow=self._pipes.overflow,
            cancelled=self._cancelled and not self._timed_out,
            timed_out=self._timed_out,
            killed=self._killed,
        )

    async def cancel(self) -> None:
        """SIGTERM once (or the child's own way), and after the grace period SIGKILL to its whole group."""
        if self._pipes.exited.is_set():
            return
        if self._cancelling is None:
            self._cancelled = True
            self._cancelling = asyncio.create_task(self._end())
        await asyncio.shield(self._cancelling)

    async def _end(self) -> None:
        if self.stop is None:
            ask_to_end(self._child)
        elif not self.stop():
            return await self._kill()
        try:
            await asyncio.wait_for(self._pipes.exited.wait(), self._grace)
        except TimeoutError:
            await self._kill()

    async def _kill(self) -> None:
        self._killed = True
        kill_all(self._child.get_pid())
        await self._pipes.exited.wait()

    async def _drain(self) -> None:
        """A helper of Helm (a credential plugin) may hold the pipes open after Helm is gone: it goes too."""
        try:
            await asyncio.wait_for(self._pipes.closed.wait(), _DRAIN)
        except TimeoutError:
            kill_all(self._child.get_pid())
        self._pipes.end()
        self._child.close()


def _end_with(parent: int) -> Callable[[], None] | None:
    """What the child asks of the kernel before it becomes the program; it calls nothing that could wait for a lock.

    Its outputs become readable to itself too: else it would die of the first line it writes once we are gone, before it
    has marked its record.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
        for output in (1, 2):
            both = os.open(f"/proc/self/fd/{output}", os.O_RDWR)
            os.dup2(both, output)
            os.close(both)

    return ask


class _Pipes(asyncio.SubprocessProtocol):
    """Takes in both outputs; `exited` is the end of the process, `closed` that of all who hold its outputs."""

    def __init__(self, on_output: OnOutput, view: View | None) -> None:
        self.stdout = bytearray()
        self.overflow = False
        self.errors = _Lines(on_output, plain)
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        self._lines = _Lines(on_output, view) if view else None
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.errors.feed(data)
            return
        if self._lines is not None:
            self._lines.feed(data)
        room = MAX_STDOUT - len(self.stdout)
        self.overflow |= len(data) > room
        self.stdout += data[:room]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open:
            self.closed.set()

    def process_exited(self) -> None:
        self.exited.set()

    def end(self) -> None:
        """Hand on what is left of the last lines."""
        self.errors.end()
        if self._lines is not None:
            self._lines.end()


class _Lines:
    """Cuts a stream into lines (of 64 KiB), shows the first 256 KiB as they come and the last 20, keeps 256 KiB."""

    def __init__(self, show: OnOutput, view: View) -> None:
        self.tail: deque[str] = deque()
        self._show = show
        self._view = view
        self._rest = b""
        self._shown = self._kept = self._hidden = 0
        self._last: deque[str] = deque(maxlen=20)
        self._quiet = False

    def feed(self, chunk: bytes) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[:MAX_LINE]
        for line in lines:
            self._take(line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r"))

    def end(self) -> None:
        if self._rest:
            self._take(self._rest.decode("utf-8", "replace"))
            self._rest = b""
        if self._hidden:
            left_out = self._hidden - len(self._last)
            for line in (f"… {left_out} lines left out …", *self._last) if left_out > 0 else self._last:
                self._show(line)
            self._hidden = 0

    def _take(self, line: str) -> None:
        self.tail.append(line)
        self._kept += len(line)
        while self._kept > MAX_TAIL and len(self.tail) > 1:
            self._kept -= len(self.tail.popleft())
        self._quiet |= is_stack(line)
        shown = self._view(line)
        if not shown or self._quiet:
            return
        if self._shown + len(shown) <= MAX_TAIL:
            self._shown += len(shown)
            self._show(shown)
            return
        self._shown = MAX_TAIL
        self._hidden += 1
        self._last.append(shown)
