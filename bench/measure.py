"""What a benchmark hands back, and how a list of them is printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple


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


def machine() -> str:
    """The facts that a wall-clock number needs beside it."""
    return (
        f"{_processor()} × {os.cpu_count()}, {_memory()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Textual {version('textual')}"
    )


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
