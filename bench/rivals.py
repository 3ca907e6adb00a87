"""Other programs that show clusters, where they are installed: found on PATH, started on a terminal or to their end."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bench.proc import cpu_seconds, resident
from tests.terminal.ptys import Terminal

SIZE = (160, 50)
REST_SECONDS = 5.0
"""Until memory is looked at: what is read behind the rows has come by then."""


class Shown(msgspec.Struct, frozen=True):
    """Seconds from process start to the first rows and to the count of all, CPU seconds until then, and MiB at rest."""

    first: float
    every: float
    cpu: float
    resident: float


def program(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def on_terminal(argv: Sequence[str], env: Mapping[str, str], *, first: str, every: str) -> Shown:
    """A screen program until all is there, and REST_SECONDS more."""
    started = time.perf_counter()
    with Terminal(argv, size=SIZE, env=env) as terminal:
        terminal.until(lambda: first.encode() in terminal.transcript)
        at = time.perf_counter() - started
        terminal.shows(every, seconds=120)
        counted, spent = time.perf_counter() - started, cpu_seconds(terminal.pid)
        terminal.pump(REST_SECONDS)
        return Shown(at, counted, spent, resident(terminal.pid))


def to_its_end(argv: Sequence[str], env: Mapping[str, str]) -> Shown:
    """A command until it ends; the first rows are there with its first output."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **env})
    assert process.stdout is not None
    process.stdout.read(1)
    first = time.perf_counter() - started
    while process.stdout.read(1 << 20):
        pass
    _, status, used = os.wait4(process.pid, 0)
    every = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"{argv[0]} ended with {process.returncode}")
    return Shown(first, every, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
