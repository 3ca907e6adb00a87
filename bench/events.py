"""A thousand watch events a second: how long a key waits for its paint, and what of a core the console takes.

The console is the program itself on a pseudo-terminal, in front of 10,000 pods of a server that answers from memory.
"""

from __future__ import annotations

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
from bench.proc import cpu_seconds, resident
from tests.terminal.ptys import PYTHON, Terminal

PODS, EVENTS = 10_000, 1000
KEYS = 200
WAIT_MS, CORE, MIB = 50.0, 0.25, 120.0
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
        terminal.pump(CALM_SECONDS)
        fleet = core_of(terminal)
        terminal.send(":pods\r")
        terminal.shows(f"{PODS}", "live")
        still = core_of(terminal)
        table = lived(terminal)
    what = f"{EVENTS:,} events/s, {PODS:,} pods"
    return [
        Measure(f"{what}, Fleet: share of a core", "", fleet, "budget", CORE, 1.0),
        Measure(f"{what}, :pods: share of a core", "", still, "budget", CORE, 1.0),
        Measure(f"{what}, :pods: the same while keys are pressed", "", table.core, "untouched", still),
        Measure(f"{what}, :pods: key to paint, median", "ms", median(table.waits), "budget", WAIT_MS, 1.0),
        Measure(f"{what}, :pods: key to paint, p99", "ms", quantiles(table.waits, n=100)[98], "budget", WAIT_MS, 1.0),
        Measure(f"{what}, :pods: resident memory, screen included", "MiB", table.resident, "budget", MIB, 1.0),
    ]


def core_of(terminal: Terminal, seconds: float = 5.0) -> float:
    """The share of a core that the program takes while nobody touches it."""
    before = cpu_seconds(terminal.pid)
    terminal.pump(seconds)
    return (cpu_seconds(terminal.pid) - before) / seconds


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
    spent, started = cpu_seconds(terminal.pid), time.monotonic()
    for number in range(keys):
        terminal.pump(0.02 + number % 7 * 0.01)
        del terminal.transcript[:]
        sent = time.perf_counter()
        terminal.send("jk"[number % 2])
        terminal.until(lambda: _MARK in terminal.transcript)
        waits.append((time.perf_counter() - sent) * 1000)
    core = (cpu_seconds(terminal.pid) - spent) / (time.monotonic() - started)
    return Lived(waits=tuple(sorted(waits)), core=core, resident=resident(terminal.pid))


_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: canned, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: t}}}}]
contexts: [{{name: canned, context: {{cluster: canned, user: me}}}}]
current-context: canned
"""
