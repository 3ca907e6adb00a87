"""A thousand watch events a second: how long a key waits for its paint, and what of a core the console takes.

The console is the program itself on a pseudo-terminal, in front of 10,000 pods of a server that answers from memory.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import msgspec

from acp_tui.terminal.glyphs import FULL
from bench.canned import CannedServers
from bench.measure import Measure
from tests.terminal.ptys import PYTHON, Terminal

PODS, EVENTS = 10_000, 1000
KEYS = 200
WAIT_MS, CORE = 50.0, 0.25
CALM_SECONDS = 5.0
_MARK = FULL.cursor.encode()
"""Drawn in front of the row that the cursor comes to, and else never: words that change leave it as it is."""


class Lived(msgspec.Struct, frozen=True):
    """Milliseconds from key to paint, in order of size, the share of a core, and resident memory in MiB."""

    waits: tuple[float, ...]
    core: float
    resident: float


def measure() -> list[Measure]:
    with CannedServers(clusters=1, pods=PODS, events=EVENTS) as servers, console(servers.ports[0]) as terminal:
        fleet = lived(terminal)
        terminal.send(":pods\r")
        terminal.shows("pods 10000", "live")
        table = lived(terminal)
    return [*_measures("Fleet", fleet), *_measures(":pods", table)]


def _measures(where: str, found: Lived) -> list[Measure]:
    what = f"{EVENTS:,} events/s, {PODS:,} pods, {where}"
    return [
        Measure(f"{what}: key to paint, p99", "ms", quantiles(found.waits, n=100)[98], "budget", WAIT_MS, 1.0),
        Measure(f"{what}: key to paint, median", "ms", median(found.waits), "budget", WAIT_MS, 1.0),
        Measure(f"{what}: share of a core", "", found.core, "budget", CORE, 1.0),
        Measure(f"{what}: resident memory, screen included", "MiB", found.resident, "budget", 120.0, 1.0),
    ]


@contextmanager
def console(port: int) -> Iterator[Terminal]:
    """The console on a terminal, in front of one canned server, with everything read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.write_text(_KUBECONFIG.format(port=port))
        home = dict.fromkeys(("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), folder)
        argv = (PYTHON, "-m", "acp_tui", f"--kubeconfig={path}")
        with Terminal(argv, size=(160, 50), env={**home, "ACP_TUI_GLYPHS": "full"}) as terminal:
            terminal.shows("canned", "40/40")
            yield terminal


def lived(terminal: Terminal, *, keys: int = KEYS) -> Lived:
    """Moves the cursor up and down while the events come in."""
    terminal.pump(CALM_SECONDS)
    waits = []
    spent, started = seconds_of(terminal.pid), time.monotonic()
    for number in range(keys):
        terminal.pump(0.02 + number % 7 * 0.01)
        del terminal.transcript[:]
        sent = time.perf_counter()
        terminal.send("jk"[number % 2])
        terminal.until(lambda: _MARK in terminal.transcript)
        waits.append((time.perf_counter() - sent) * 1000)
    core = (seconds_of(terminal.pid) - spent) / (time.monotonic() - started)
    return Lived(waits=tuple(sorted(waits)), core=core, resident=resident(terminal.pid))


def seconds_of(pid: int) -> float:
    """CPU seconds of a process so far, kernel included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Resident set of a process in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: canned, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: t}}}}]
contexts: [{{name: canned, context: {{cluster: canned, user: me}}}}]
current-context: canned
"""
