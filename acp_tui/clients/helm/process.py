"""One child process: own session, both pipes drained, output cleaned and capped, ended by SIGTERM and then SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

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
_CHUNK = 64 * 1024


class Ended(Struct, frozen=True):
    """`stdout` is whole up to 64 MiB (`overflow` tells that there was more), `tail` the last 256 KiB of stderr, raw."""

    exit_code: int
    stdout: bytes
    tail: tuple[str, ...]
    overflow: bool = False
    cancelled: bool = False
    timed_out: bool = False
    killed: bool = False


class Process:
    """A running child. `stop` is an own way to ask it to end (False: it has none); else it gets SIGTERM."""

    def __init__(
        self, child: asyncio.subprocess.Process, on_output: OnOutput, *, grace: float, view: View | None
    ) -> None:
        self._child = child
        self._grace = grace
        self._stdout = bytearray()
        self._overflow = False
        self._errors = _Lines(on_output, plain)
        self._lines = _Lines(on_output, view) if view else None
        self._cancelled = self._timed_out = self._killed = False
        self._cancelling: asyncio.Task[None] | None = None
        self.stop: Callable[[], bool] | None = None
        self._readers = [asyncio.create_task(self._read_stdout()), asyncio.create_task(self._read_stderr())]

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
    ) -> Process:
        """Start it; with `stdin` its input is a pipe for `send`, else /dev/null.

        Standard error is shown line by line; standard output only through a `stdout_view`, which makes of a raw line
        what is shown (empty for nothing). Raises EngineError.
        """
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(env),
                cwd=folder,
                stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(
                f"{argv[0]} does not start", tried=str(error), advice="check the file, or choose another engine"
            ) from error
        return cls(child, on_output, grace=grace, view=stdout_view)

    async def send(self, data: bytes) -> None:
        """Write to its input; a child that closed it is not an error here, its end tells more."""
        if self._child.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._child.stdin.write(data)
            await self._child.stdin.drain()

    def send_soon(self, data: bytes) -> bool:
        """Write without waiting; False where its input is closed already."""
        if self._child.stdin is None or self._child.stdin.is_closing():
            return False
        self._child.stdin.write(data)
        return True

    async def ended(self, deadline: float) -> Ended:
        """Wait for the end; after `deadline` seconds it is cancelled."""
        try:
            await asyncio.wait_for(self._child.wait(), deadline)
        except TimeoutError:
            self._timed_out = True
            await self.cancel()
        if self._cancelling is not None:
            await asyncio.shield(self._cancelling)
        await self._drain()
        return Ended(
            exit_code=self._child.returncode if self._child.returncode is not None else -signal.SIGKILL,
            stdout=bytes(self._stdout),
            tail=tuple(self._errors.tail),
            overflow=self._overflow,
            cancelled=self._cancelled,
            timed_out=self._timed_out,
            killed=self._killed,
        )

    async def cancel(self) -> None:
        """SIGTERM once (or the child's own way), and after the grace period SIGKILL to its whole group."""
        if self._child.returncode is not None:
            return
        if self._cancelling is None:
            self._cancelled = True
            self._cancelling = asyncio.create_task(self._end())
        await asyncio.shield(self._cancelling)

    async def _end(self) -> None:
        if self.stop is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.terminate()
        elif not self.stop():
            return await self._kill()
        try:
            await asyncio.wait_for(self._child.wait(), self._grace)
        except TimeoutError:
            await self._kill()

    async def _kill(self) -> None:
        self._killed = True
        self._kill_group()
        await self._child.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    async def _drain(self) -> None:
        """A helper of Helm (a credential plugin) may hold the pipes open after Helm is gone: it goes too."""
        _, open_ = await asyncio.wait(self._readers, timeout=_DRAIN)
        if not open_:
            return
        self._kill_group()
        for reader in open_:
            reader.cancel()
        await asyncio.wait(open_)

    async def _read_stdout(self) -> None:
        stream = self._child.stdout
        while stream is not None and (chunk := await stream.read(_CHUNK)):
            if self._lines is not None:
                self._lines.feed(chunk)
            room = MAX_STDOUT - len(self._stdout)
            self._overflow |= len(chunk) > room
            self._stdout += chunk[:room]
        if self._lines is not None:
            self._lines.end()

    async def _read_stderr(self) -> None:
        stream = self._child.stderr
        while stream is not None and (chunk := await stream.read(_CHUNK)):
            self._errors.feed(chunk)
        self._errors.end()


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
