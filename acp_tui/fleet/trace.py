"""What the console costs while it runs: traffic and decoding by cluster, stalls of the loop, frames; as JSON lines."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct

from acp_tui.clients.kube.transport import TrafficStats
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.errors import ClusterError, UsageError
from acp_tui.model.refs import Clock

EVERY_SECONDS = 1.0
TICK_SECONDS = 0.01
STALL_SECONDS = 0.05
"""A round of the loop that keeps a key waiting for longer counts as a stall."""


class ClusterCost(Struct, frozen=True):
    """One cluster since it was dialled: body bytes as on the wire, `decoding` in seconds, `watches` those open now."""

    cluster: str
    tier: str
    requests: int
    bytes_in: int
    bytes_out: int
    decoding: float
    watches: int
    errors: int

    @property
    def key(self) -> str:
        return self.cluster


class LoopCost(Struct, frozen=True):
    """The program: `longest` is the longest stall since it was last asked for, in seconds; the rest since the start.

    `peak_mib` is None where the system does not tell (Windows).
    """

    longest: float
    stalls: int
    frames: int
    frame_bytes: int
    peak_mib: int | None


class Meter:
    """Reads what is counted anyway; stalls are looked for between `start` and `stop`, which may be nested.

    `frames` gives how many frames went to the terminal, and their bytes.
    """

    def __init__(self, fleet: Fleet, *, frames: Callable[[], tuple[int, int]] = lambda: (0, 0)) -> None:
        self._fleet = fleet
        self._frames = frames
        self._users = 0
        self._tick: asyncio.Task[None] | None = None
        self._longest = 0.0
        self._stalls = 0

    def start(self) -> None:
        self._users += 1
        if self._tick is None:
            self._tick = asyncio.create_task(self._tick_for_ever(), name="meter")

    def stop(self) -> None:
        self._users -= 1
        if not self._users and self._tick is not None:
            self._tick.cancel()
            self._tick = None

    def clusters(self) -> tuple[ClusterCost, ...]:
        """Those that were dialled, in the order of the fleet."""
        costs = (self._cluster(name) for name in self._fleet.names)
        return tuple(cost for cost in costs if cost is not None)

    def loop(self) -> LoopCost:
        longest, self._longest = self._longest, 0.0
        frames, sent = self._frames()
        return LoopCost(longest, self._stalls, frames, sent, _peak_mib())

    def _cluster(self, name: str) -> ClusterCost | None:
        session = self._fleet.session(name)
        if not session.started:
            return None
        try:
            now = session.transport.stats
        except ClusterError:
            now = TrafficStats()
        return ClusterCost(
            cluster=name,
            tier=self._fleet.tier(name),
            requests=now.requests,
            bytes_in=now.bytes_in,
            bytes_out=now.bytes_out,
            decoding=now.decoding,
            watches=now.watches,
            errors=now.errors,
        )

    async def _tick_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK_SECONDS)
            stall = loop.time() - before - TICK_SECONDS
            self._longest = max(self._longest, stall)
            self._stalls += stall > STALL_SECONDS


class Trace:
    """Writes to a file of its own, which nobody else can read, from `start` to `close`.

    A cluster has a line in each second in which something was asked of it or came from it; `loop` has one in every
    second: the longest time that a key would have had to wait, frames and memory.
    """

    def __init__(self, meter: Meter, path: Path, *, clock: Clock) -> None:
        self._meter = meter
        self._path = path
        self._clock = clock
        self._file: TextIO | None = None
        self._task: asyncio.Task[None] | None = None
        self._before: dict[str, ClusterCost] = {}
        self._loop = LoopCost(0.0, 0, 0, 0, None)

    def start(self) -> None:
        """Raises UsageError where the file cannot be written."""
        try:
            self._file = open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise UsageError(
                f"The trace cannot be written to {self._path} ({os.strerror(error.errno or 0).lower()})",
                tried="opened it to append to it",
                advice="give --trace another file",
            ) from error
        self._meter.start()
        self._task = asyncio.create_task(self._write_for_ever(), name="trace")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._meter.stop()
        if self._file is not None:
            self.write()
            self._file.close()
            self._file = None

    def write(self) -> None:
        """One line a cluster that moved something since the last time, and one about the loop."""
        if self._file is None:
            return
        at = round(self._clock(), 3)
        lines = [line for cost in self._meter.clusters() if (line := self._line(cost))]
        before, now = self._loop, self._meter.loop()
        self._loop = now
        lines.append(
            {
                "loop": "console",
                "longest_stall_ms": round(now.longest * 1000, 1),
                "stalls": now.stalls - before.stalls,
                "frames": now.frames - before.frames,
                "frame_bytes": now.frame_bytes - before.frame_bytes,
                "peak_mib": now.peak_mib,
            }
        )
        for line in lines:
            self._file.write(json.dumps({"at": at, **line}) + "\n")
        self._file.flush()

    def _line(self, now: ClusterCost) -> dict[str, Any]:
        before = self._before.get(now.cluster) or ClusterCost(now.cluster, now.tier, 0, 0, 0, 0.0, 0, 0)
        self._before[now.cluster] = now
        moved = {
            "requests": now.requests - before.requests,
            "bytes_in": now.bytes_in - before.bytes_in,
            "bytes_out": now.bytes_out - before.bytes_out,
            "decode_ms": round((now.decoding - before.decoding) * 1000, 1),
            "errors": now.errors - before.errors,
        }
        if not any(moved.values()):
            return {}
        return {"cluster": now.cluster, "tier": now.tier, "watches": now.watches, **moved}

    async def _write_for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.write()


def _peak_mib() -> int | None:
    """The most memory the program had at once. macOS counts bytes, Linux KiB."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)
