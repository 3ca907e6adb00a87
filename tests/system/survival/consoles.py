"""Starts a console as a process, gives it orders, and kills it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from testbed.bed import Bed
from tests.system.survival.desk import PATIENCE, within


class Console:
    """One console process, ordered by JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def told(self, **order: Any) -> Any:
        """The answer to an order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        answer = await within(PATIENCE, self.process.stdout.readline(), f"the answer to {order}")
        assert answer, "the console ended"
        return json.loads(answer)

    async def killed(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL


@asynccontextmanager
async def console(bed: Bed, kubeconfig: Path, folder: Path) -> AsyncIterator[Console]:
    """Its clusters are those of the kubeconfig, its state lies in `folder` as that of a desk does."""
    env = {**bed.env(kubeconfig), "TERM": "xterm-256color", "XDG_STATE_HOME": str(folder / "state")}
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        env[name] = str(folder / name)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.survival.console", env=env, cwd=Path(__file__).parents[3],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Console(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
