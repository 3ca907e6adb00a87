"""What each part of the program takes to import, in a process of its own, beside what it may take.

Budgets are shares of `import textual.app` of the same run, because a slow disk or processor is slow for both. What must
not be imported at all before a moment is in `FORBIDDEN`.
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
    "acp_tui.terminal.lastscreen": 0.05,
    "acp_tui.cli.main": 0.6,
    "acp_tui.ui.app": 1.6,
    "acp_tui.fleet.fleet": 0.7,
    "acp_tui.fleet.inspect": 0.7,
    "acp_tui.clients.kube.session": 0.6,
    "acp_tui.controllers.controller": 1.0,
}
"""The first is paid before the last screen, the next two before the first paint, three before the first rows."""
FORBIDDEN = {
    "acp_tui.terminal.lastscreen": ("textual", "rich", "click", "msgspec", "asyncio", "json", "typing", "pathlib"),
    "acp_tui.cli.main": ("textual", "rich", "aiohttp", "yaml", "kubernetes_asyncio", "acp_tui.ui", "acp_tui.fleet"),
    "acp_tui.ui.app": ("aiohttp", "httpx", "kubernetes_asyncio", "helm_python", "acp_tui.clients.helm"),
    "acp_tui.fleet.fleet": ("aiohttp", "kubernetes_asyncio", "helm_python", "textual", "rich"),
    "acp_tui.fleet.inspect": ("aiohttp", "kubernetes_asyncio", "yaml", "zoneinfo", "acp_tui.controllers"),
    "acp_tui.clients.kube.session": ("aiohttp", "kubernetes_asyncio", "yaml", "httpx"),
    "acp_tui.controllers.controller": ("kubernetes_asyncio", "helm_python", "textual", "rich"),
}
"""By module: what importing it must not import."""

_PROGRAM = "import time; t = time.process_time(); import {module}; print(time.process_time() - t)"
_LISTING = "import sys; before = set(sys.modules); import {module}; print('\\n'.join(set(sys.modules) - before))"


def seconds(module: str, *, runs: int = RUNS) -> float:
    """The median of CPU seconds that a fresh process needs for one import, once there is byte-code."""
    found = [float(_said(_PROGRAM.format(module=module))) for _ in range(runs + 1)]
    return statistics.median(found[1:])


def trespassers(module: str) -> set[str]:
    """What importing a module imports although it must not."""
    imported = _said(_LISTING.format(module=module)).split()
    return {
        name for name in imported for each in FORBIDDEN.get(module, ()) if name == each or name.startswith(f"{each}.")
    }


def _said(program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, check=True, env=environment, text=True).stdout


def measure() -> Iterable[Measure]:
    against = seconds(AGAINST)
    for module, budget in BUDGETS.items():
        yield Measure(f"import {module}, CPU", "s", seconds(module), f"import {AGAINST}", against, budget)
