"""What the console costs while it runs, as JSON lines: traffic and decoding by cluster, stalls of the loop."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time
from pathlib import Path
from typing import Any, TextIO

from acp_tui.clients.kube.transport import TrafficStats
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.errors import ClusterError, UsageError

EVERY_SECONDS = 1.0
TICK_SECONDS = 0.01


class Trace:
    """Writes to a file of its own, which nobody else can read, from `start` to `close`.

    A cluster has a line in each second in which something was asked of it or came from it; `loop` has one in every
    second: the longest time that a key would have had to wait, and memory.
    """

    def __init__(self, fleet: Fleet, path: Path) -> None:
        self._fleet = fleet
        self._path = path
        self._file: TextIO | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._before: dict[str, TrafficStats] = {}
        self._longest = 0.0

    def start(self) -> None:
        """Raises UsageError where the file cannot be written."""
        try:
            self._file = open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w")  # noqa: SIM115
        except OSError as error:
            raise UsageError(
                f"The trace cannot be written to {self._path} ({os.strerror(error.errno or 0).lower()})",
                tried="opened it to append to it",
                advice="give --trace another file",
            ) from error
        self._tasks = (
            asyncio.create_task(self._tick(), name="trace tick"),
            asyncio.create_task(self._write_for_ever()),
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._file is not None:
            self.write()
            self._file.close()
            self._file = None

    def write(self) -> None:
        """One line a cluster that moved something since the last time, and one about the loop."""
        if self._file is None:
            return
        at = round(time.time(), 3)
        lines = [line for name in self._fleet.names if (line := self._cluster(name))]
        longest, self._longest = self._longest, 0.0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        lines.append({"loop": "console", "longest_stall_ms": round(longest * 1000, 1), "peak_mib": peak})
        for line in lines:
            self._file.write(json.dumps({"at": at, **line}) + "\n")
        self._file.flush()

    def _cluster(self, name: str) -> dict[str, Any]:
        session = self._fleet.session(name)
        if not session.started:
            return {}
        try:
            now = session.transport.stats
        except ClusterError:
            return {}
        before = self._before.get(name, TrafficStats())
        moved = {
            "requests": now.requests - before.requests,
            "bytes_in": now.bytes_in - before.bytes_in,
            "bytes_out": now.bytes_out - before.bytes_out,
            "decode_ms": round((now.decoding - before.decoding) * 1000, 1),
        }
        self._before[name] = TrafficStats(now.requests, now.bytes_in, now.bytes_out, now.decoding)
        if not any(moved.values()):
            return {}
        return {"cluster": name, "tier": "background" if session.pulse.behind else "screen", **moved}

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK_SECONDS)
            self._longest = max(self._longest, loop.time() - before - TICK_SECONDS)

    async def _write_for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.write()
