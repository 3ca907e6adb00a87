"""A program on a pseudo-terminal, with an emulator that shows its screen and a count of every byte it sends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import pyte

_TITLE = re.compile(rb"\x1b\]2;([^\x07]*)\x07|\x1b\[(22|23);0t")
SHELLS_TITLE = "of the shell"

Cell = tuple[str, str, str, bool, bool, bool]
"""Text, foreground, background, bold, underscore, reverse."""

_QUERY = re.compile(rb"(\x1b\[(?:\?2026\$p|[56]n|0?c)|\x1b\]1[01];\?(?:\x07|\x1b\\))")
_PRIVATE = re.compile(rb"\x1b\[[<=>][\d;]*[a-zA-Z]|\x1b\[\?[\d;]*[a-gi-km-zA-Z]|\x1b\[\?[\d;]*\$p|\x1b\[[\d;]*t")
"""Sequences that pyte takes for text or for something else."""


class Emulator(pyte.Screen):  # type: ignore[misc]
    """pyte's screen, which also repeats characters by number and begins new lines, as terminals do."""

    last = ""

    def draw(self, data: str) -> None:
        self.last = data[-1:]
        super().draw(data)

    def repeat(self, count: int = 1) -> None:
        super().draw(self.last * count)

    def next_line(self) -> None:
        self.carriage_return()
        self.index()


class Stream(pyte.ByteStream):  # type: ignore[misc]
    csi: ClassVar = {**pyte.Stream.csi, "b": "repeat"}
    escape: ClassVar = {**pyte.Stream.escape, "E": "next_line"}
    events: ClassVar = frozenset([*pyte.Stream.events, "repeat", "next_line"])


class Terminal:
    """Starts a program; everything it writes is read, counted and shown on `screen`.

    `rate` is how many bytes a second the line carries, without a limit by default; with `hoards` somebody takes all
    that the program writes at once and lets it wait in front of the line, as sshd does. With `answers` the terminal
    replies to the queries that terminals of today reply to; without, it is mute.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: tuple[int, int] = (200, 50),
        env: Mapping[str, str] | None = None,
        answers: bool = True,
        rate: float = 0.0,
        hoards: bool = False,
    ) -> None:
        self.screen = Emulator(*size)
        self.stream = Stream(self.screen)
        self.received = 0
        self.transcript = bytearray()
        self.rate = rate
        self.exit_code = -1
        self.hoarded = bytearray()
        self._hoards = hoards
        self._answers = answers
        self._budget_at = time.monotonic()
        self.pid, self.descriptor = _started(argv, size, env or {})

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    # what is on it

    @property
    def lines(self) -> list[str]:
        """The text of every line; pyte's own way asks for the width of every character anew and is ten times slower."""
        rows = [self.screen.buffer[y] for y in range(self.screen.lines)]
        return ["".join([row[x].data for x in range(self.screen.columns)]).rstrip() for row in rows]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        """Of a window that was called SHELLS_TITLE, and that keeps titles on a stack as terminals do."""
        titles = [SHELLS_TITLE]
        for found in _TITLE.finditer(self.transcript):
            if found[2] == b"22":
                titles.append(titles[-1])
            elif found[2] != b"23":
                titles[-1] = found[1].decode()
            elif len(titles) > 1:
                titles.pop()
        return titles[-1]

    def cells(self) -> list[list[Cell]]:
        return seen(self.screen)

    # reading

    def pump(self, seconds: float) -> int:
        """Read what comes within that time, as fast as the line carries; the bytes read."""
        before = self.received
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self._read(left):
                break
        return self.received - before

    def until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> int:
        """Read until the condition holds; the bytes read. AssertionError with the screen when that takes too long."""
        before = self.received
        limit = time.monotonic() + seconds
        looked_at = -1
        while True:
            if self.received != looked_at:
                looked_at = self.received
                if condition():
                    return self.received - before
            if time.monotonic() > limit or not self._read(max(0.01, min(0.2, limit - time.monotonic()))):
                raise AssertionError(
                    f"not in {seconds} s; the screen is\n{self.text}\n{bytes(self.transcript[-600:])!r}"
                )

    def shows(self, *words: str, seconds: float = 30.0) -> int:
        """Read until all the words are on the screen."""
        return self.until(lambda: all(word in self.text for word in words), seconds=seconds)

    def quiet(self, seconds: float = 0.4, *, limit: float = 30.0) -> int:
        """Read until nothing has come for so long; the bytes read."""
        before = self.received
        end = time.monotonic() + limit
        while time.monotonic() < end:
            at = self.received
            self.pump(seconds)
            if self.received == at:
                return self.received - before
        raise AssertionError(f"never quiet for {seconds} s in {limit} s")

    def _read(self, wait: float) -> bool:
        """One read; False when the program or the line is gone."""
        if self.descriptor < 0:
            time.sleep(wait)
            return False
        data = self._carried(wait)
        if data is None:
            return False
        self.received += len(data)
        self.transcript += data
        del self.transcript[:-200_000]
        for part in _QUERY.split(data):
            if part == b"\x1b[?2026$p":
                self._answer("\x1b[?2026;2$y")
            elif part == b"\x1b[5n":
                self._answer("\x1b[0n")
            elif part in (b"\x1b[c", b"\x1b[0c"):
                self._answer("\x1b[?62;22c")
            elif part.startswith(b"\x1b]1"):
                self._answer(f"{part[:4].decode()};rgb:{'d0d0' if part[3:4] == b'0' else '1212'}/1212/1212\x1b\\")
            elif part == b"\x1b[6n":
                self._answer(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")
            else:
                self.stream.feed(plain(part))
        return True

    def _carried(self, wait: float) -> bytes | None:
        """What the line carries within that time, as much as there is; None when the program or the line is gone."""
        size = 65536
        if self.rate:
            size = max(1, int(self.rate / 100))
            pause = self._budget_at - time.monotonic()
            if pause > 0 and not self._hoards:
                time.sleep(min(pause, wait))
                return b""
            if pause > 0 or self.hoarded:
                wait = min(wait, max(0.0, pause))
        data = b""
        if select.select([self.descriptor], [], [], wait)[0]:
            try:
                data = os.read(self.descriptor, 65536 if self._hoards else size)
            except OSError:
                return None
            if not data:
                return None
        if self._hoards:
            self.hoarded += data
            data = b"" if self.rate and self._budget_at > time.monotonic() else bytes(self.hoarded[:size])
            del self.hoarded[: len(data)]
        if self.rate and data:
            self._budget_at = max(self._budget_at, time.monotonic() - 0.01) + len(data) / self.rate
        return data

    def _answer(self, text: str) -> None:
        if self._answers:
            os.write(self.descriptor, text.encode())

    # doing

    def send(self, data: bytes | str) -> None:
        """Bytes as if typed; read meanwhile, so that neither side waits for the other."""
        left = memoryview(data.encode() if isinstance(data, str) else data)
        while left:
            ready, room, _ = select.select([self.descriptor], [self.descriptor], [], 10)
            if self.descriptor in room:
                left = left[os.write(self.descriptor, left[:1024]) :]
            elif ready:
                self._read(0)
            else:
                raise AssertionError("the program does not read its input")

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def hang_up(self) -> None:
        """The line is gone: the kernel tells the program so."""
        os.close(self.descriptor)
        self.descriptor = -1

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def send_signal_to_foreground(self, number: int) -> None:
        """To the program a shell runs, and its helpers."""
        os.killpg(os.tcgetpgrp(self.descriptor), number)

    @property
    def alive(self) -> bool:
        return self.pid != 0 and not self._ended()

    def _ended(self) -> bool:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.pid = 0
            self.exit_code = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def wait(self, seconds: float = 10.0) -> int:
        """Read until the program has ended; its exit code."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            self._read(0.05)
            if self._ended():
                self.pump(0.05)
                return self.exit_code
        raise AssertionError(f"still runs; the screen is\n{self.text}")

    def end(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        if self.descriptor >= 0:
            os.close(self.descriptor)


def plain(data: bytes) -> bytes:
    """Without the sequences that paint nothing and that pyte does not know."""
    return _PRIVATE.sub(b"", data)


def seen(screen: Emulator) -> list[list[Cell]]:
    """What can be seen of every cell: a space has no letter, so it has no colour of a letter."""
    return [[_seen(screen.buffer[row][column]) for column in range(screen.columns)] for row in range(screen.lines)]


def _seen(cell: pyte.screens.Char) -> Cell:
    letterless = cell.data == " " and not cell.reverse and not cell.underscore and not cell.strikethrough
    if letterless:
        return (" ", "", cell.bg, False, False, False)
    return (cell.data, cell.fg, cell.bg, cell.bold, cell.underscore, cell.reverse)


def _started(argv: Sequence[str], size: tuple[int, int], env: Mapping[str, str]) -> tuple[int, int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "ACP_TUI", "TMUX"))}
    for name in ("NO_COLOR", "COLUMNS", "LINES", "TERM_PROGRAM"):
        kept.pop(name, None)
    whole = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **env}
    pid, descriptor = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        # What runs in the background of a shell without job control ignores them, and so would its children.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(argv[0], list(argv), whole)
    return pid, descriptor


PYTHON = sys.executable
