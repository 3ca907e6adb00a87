"""A dead cluster delays nothing: time until every live cluster of the demo is read, with and without the dead one."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from acp_tui.clients.box import start_box
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.fleet.fleet import Fleet
from bench.measure import Measure

DEAD = "edge-9"
LIVE = ("global", "prod-east", "prod-west", "staging", "edge-7")
RUNS = 5


class Reading(NamedTuple):
    """Seconds until all live clusters had rows, how many rows, and whether the dead one was given up by then."""

    seconds: float
    rows: int
    dead_was_over: bool


async def read(kubeconfig: Path, names: Sequence[str]) -> Reading:
    """Opens these contexts as the console does and stops when every live one of them is read."""
    config = load([kubeconfig])
    fleet = Fleet([config.context(name) for name in names])
    started = time.perf_counter()
    fleet.start()
    try:
        async with asyncio.timeout(120):
            for name in names:
                if name != DEAD:
                    await fleet.session(name).settled.wait()
        seconds = time.perf_counter() - started
        dead_was_over = DEAD in names and fleet.session(DEAD).settled.is_set()
        return Reading(seconds, len(fleet.rows("applications")), dead_was_over)
    finally:
        await fleet.close()


def measure() -> Iterable[Measure]:
    """Medians of alternating runs on one fleet that was read once before."""
    with tempfile.TemporaryDirectory() as folder:
        box = start_box(Path(folder), still=True)
        try:
            asyncio.run(read(box.kubeconfig, LIVE))
            without, beside = [], []
            for _ in range(RUNS):
                without.append(asyncio.run(read(box.kubeconfig, LIVE)).seconds)
                beside.append(asyncio.run(read(box.kubeconfig, (*LIVE, DEAD))).seconds)
        finally:
            box.close()
    what = f"{len(LIVE)} live clusters read beside a dead one"
    return [Measure(what, "s", statistics.median(beside), "without it", statistics.median(without))]
