"""What a benchmark hands back, and how a list of them is printed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec


class Measure(NamedTuple):
    """One measured quantity beside what it is compared with; `budget` is the largest ratio allowed, 0 for none.

    A ratio of two quantities of one run says something on any machine, a number of seconds does not.
    """

    what: str
    unit: str
    ours: float
    against: str
    theirs: float
    budget: float = 0.0

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def kept(self) -> bool:
        return not self.budget or self.ratio <= self.budget


class Skipped(Exception):
    """A benchmark that cannot run here; the text says what is missing."""


def markdown(measures: Iterable[Measure]) -> str:
    """The measures as a Markdown table."""
    lines = ["| What | acp-tui | compared with | | ratio | budget | |", "|---|--:|---|--:|--:|--:|---|"]
    lines += [
        f"| {each.what} | {_number(each.ours, each.unit)} | {each.against} | {_number(each.theirs, each.unit)} "
        f"| {each.ratio:.4g} | {f'{each.budget:.4g}' if each.budget else '-'} | {'ok' if each.kept else 'OVER'} |"
        for each in measures
    ]
    return "\n".join(lines)


def machine() -> dict[str, str]:
    """The facts that a wall-clock number needs beside it; programs that are compared with where they are on PATH."""
    facts = {
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "load": "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    libraries = ("acp-tui", "textual", "aiohttp", "msgspec")
    facts |= {name: version(name) for name in libraries}
    return {**facts, **{name: text for name, args in _RIVALS.items() if (text := _says(name, args))}}


_RIVALS = {"kubectl": ("version", "--client"), "helm": ("version", "--short"), "sofka": ("--version",),
           "k9s": ("version", "--short")}  # fmt: skip


def _says(program: str, args: tuple[str, ...]) -> str:
    """What a program calls its version; empty where it is not installed."""
    path = shutil.which(program)
    if path is None:
        return ""
    done = subprocess.run([path, *args], capture_output=True, text=True, check=False)
    return next((line.strip() for line in done.stdout.splitlines() if any(map(str.isdigit, line))), "unknown")


def sentence(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in facts.items())


def as_json(measures: Iterable[Measure], facts: Mapping[str, str], skipped: Iterable[str]) -> bytes:
    """All of it for a program to read; `kept` says whether a measure is within its budget."""
    rows = [{**each._asdict(), "ratio": each.ratio, "kept": each.kept} for each in measures]
    return msgspec.json.format(msgspec.json.encode({"machine": facts, "measures": rows, "left_out": list(skipped)}))


def _number(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value:,.0f} B"
    return f"{value:,.3f} {unit}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB"
