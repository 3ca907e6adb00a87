"""Process start to first paint of the console, beside `import textual.app`, in one run: `python -m bench.first_paint`.

Each sample is a process of its own on a pseudo-terminal that answers nothing. The paint counts when the frame of the
first pane has arrived. The clusters are never opened, because the first paint does not wait for them.
"""

from __future__ import annotations

import os
import pty
import select
import statistics
import sys
import time

from bench.measure import Measure, markdown

BUDGET = 1.8
RUNS = 9
CONSOLE = """
import asyncio
async def never():
    await asyncio.Event().wait()
from acp_tui.ui.app import AcpApp
from acp_tui.config.settings import load_settings
settings, problems = load_settings()
AcpApp(never, settings=settings, problems=problems).run()
"""
IMPORT = "import textual.app, sys; sys.stdout.write('Fleet'); sys.stdout.flush()"


def seconds_until_painted(program: str, *, mark: bytes = b"Fleet") -> float:
    """Seconds from fork to the mark on the screen of a new process."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "120", "LINES": "40"}
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-c", program], environment)
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
        return time.perf_counter() - started
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def measure() -> list[Measure]:
    for program in (IMPORT, CONSOLE):
        seconds_until_painted(program)
    imports: list[float] = []
    paints: list[float] = []
    for _ in range(RUNS):
        imports.append(seconds_until_painted(IMPORT))
        paints.append(seconds_until_painted(CONSOLE))
    bare, painted = statistics.median(imports), statistics.median(paints)
    return [Measure("process start to first paint", "s", painted, "`import textual.app`", bare, BUDGET)]


if __name__ == "__main__":
    print(markdown(measure()))
