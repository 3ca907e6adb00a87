"""Process start to the last screen and to the first live paint: `python -m bench.first_paint`.

Each sample is the program, in a process of its own on a pseudo-terminal that answers nothing. The last screen is
compared with a Python that writes one word, the live paint of a first start with `import textual.app`, in turns. The
live paint counts when the frame of the first pane has arrived; it does not wait for the clusters.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from acp_tui.terminal.lastscreen import Picture, asked_for, write
from bench.measure import Measure, markdown

BUDGET = 1.8
LAST_BUDGET = 2.5
RUNS = 9
COLUMNS, LINES = 120, 40
IMPORT = "import textual.app, sys; sys.stdout.write('Fleet'); sys.stdout.flush()"
BARE = "import os; os.write(1, b'Fleet')"
NOWHERE = ("--kubeconfig", "/nowhere")


class Spent(NamedTuple):
    """Seconds of the clock, and of CPU, from fork to the mark on the screen."""

    clock: float
    cpu: float


def until_painted(words: Sequence[str], *, mark: bytes = b"Fleet", env: Mapping[str, str] = {}) -> Spent:
    """What a new Python with these words on its command line needs until the mark is on the screen."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env}
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.execve(sys.executable, [sys.executable, *words], environment)
    seen = b""
    try:
        while mark not in seen:
            ready, _, _ = select.select([terminal], [], [], 30)
            if not ready:
                raise SystemExit("nothing was painted in 30 s")
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                raise SystemExit(f"ended before its first paint: {seen[-2000:].decode(errors='replace')}") from None
        clock = time.perf_counter() - started
    finally:
        os.kill(pid, 9)
        _, _, usage = os.wait4(pid, 0)
        os.close(terminal)
    return Spent(clock, usage.ru_utime + usage.ru_stime)


def last_screen(runs: int = RUNS) -> tuple[Spent, Spent]:
    """The medians of what it takes to the last screen of the program, and to a word of a bare Python, in turns."""
    with _home() as env:
        frame = ["│" + "x" * (COLUMNS - 2) + "│"] * (LINES - 1)
        write(Picture([" acp-tui  Fleet".ljust(COLUMNS), *frame], at=time.time()), asked_for(NOWHERE, env), env)
        return _in_turns(["-m", "acp_tui", *NOWHERE], ["-c", BARE], runs=runs, env=env)


def first_paint(runs: int = RUNS) -> tuple[Spent, Spent]:
    """The medians of what it takes to the first live paint, and to `import textual.app`, in turns."""
    with _home() as env:
        return _in_turns(["-m", "acp_tui", *NOWHERE], ["-c", IMPORT], runs=runs, env=env)


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    """The environment of somebody who never used the program."""
    with tempfile.TemporaryDirectory() as home:
        yield {"HOME": home, "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "KUBECONFIG": ""}


def _in_turns(
    ours: Sequence[str], theirs: Sequence[str], *, runs: int, env: Mapping[str, str] = {}
) -> tuple[Spent, Spent]:
    pairs = [[until_painted(words, env=env) for words in (ours, theirs)] for _ in range(runs + 1)][1:]
    first, second = (Spent(*map(statistics.median, zip(*each, strict=True))) for each in zip(*pairs, strict=True))
    return first, second


def measure() -> list[Measure]:
    remembered, bare = last_screen()
    painted, imported = first_paint()
    word, textual = "`python -c` with one word", "`import textual.app`"
    return [
        Measure("process start to the last screen", "s", remembered.clock, word, bare.clock, LAST_BUDGET),
        Measure("process start to first paint", "s", painted.clock, textual, imported.clock, BUDGET),
        Measure("the same, CPU", "s", painted.cpu, textual, imported.cpu, BUDGET),
    ]


if __name__ == "__main__":
    print(markdown(measure()))
