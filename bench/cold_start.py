"""What each part of the program takes to import, in a process of its own, beside what it may take.

Budgets are shares of `import textual.app` of the same run, because a slow disk or processor is slow for both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterable

from bench.measure import Measure

RUNS = 5
AGAINST = "textual.app"
BUDGETS = {
    "acp_tui.cli.main": 0.5,
    "acp_tui.ui.app": 1.6,
    "acp_tui.fleet.fleet": 0.7,
    "acp_tui.fleet.inspect": 0.8,
    "acp_tui.controllers.controller": 1.2,
    "aiohttp": 1.5,
}
"""The first is paid before anything is painted, the second before the first paint, the others behind it."""

_PROGRAM = "import time; t = time.process_time(); import {module}; print(time.process_time() - t)"


def seconds(module: str) -> float:
    """The median of CPU seconds that a fresh process needs for one import, once there is byte-code."""
    command = [sys.executable, "-c", _PROGRAM.format(module=module)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        float(subprocess.run(command, capture_output=True, check=True, env=environment).stdout) for _ in range(RUNS + 1)
    ]
    return statistics.median(runs[1:])


def measure() -> Iterable[Measure]:
    against = seconds(AGAINST)
    for module, budget in BUDGETS.items():
        yield Measure(f"import {module}, CPU", "s", seconds(module), f"import {AGAINST}", against, budget)
