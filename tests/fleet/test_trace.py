"""What --trace writes: traffic and decoding by cluster, stalls of the loop, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.errors import NotFound
from acp_tui.fleet import trace as tracing
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.trace import Meter, Trace
from acp_tui.model.errors import UsageError
from tests.fleet.scenery import fleet_of, pod, spec


def tracer(fleet: Fleet, path: Path, frames: tuple[int, int] = (0, 0)) -> Trace:
    return Trace(Meter(fleet, frames=lambda: frames), path, clock=time.time)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_each_cluster_has_its_traffic_and_the_loop_its_stalls(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    async with fleet_of(spec("east", [pod("one")]), spec("west", [])) as (fleet, box):
        trace = tracer(fleet, path, frames=(3, 4500))
        trace.start()
        await fleet.settled(20.0)
        async with asyncio.timeout(20.0):
            while not box["east"].stats.open_watches:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await trace.close()

        written = lines(path)
        east = [line for line in written if line.get("cluster") == "east"]
        assert sum(line["requests"] for line in east) <= box["east"].stats.requests
        assert sum(line["bytes_in"] for line in east) > 0
        assert sum(line["decode_ms"] for line in east) > 0
        assert {line["tier"] for line in east} == {"screen"}
        loop = written[-1]
        assert loop["loop"] == "console"
        assert loop["longest_stall_ms"] >= 0
        assert sum(line["frames"] for line in written if "loop" in line) == 3
        assert sum(line["frame_bytes"] for line in written if "loop" in line) == 4500
        assert max(line["watches"] for line in east) > 0
        assert loop["peak_mib"] > 10
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_cluster_that_is_quiet_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    async with fleet_of(spec("east", []), lazy=frozenset({"east"})) as (fleet, _):
        trace = tracer(fleet, path)
        trace.start()
        trace.write()
        await trace.close()

    assert all("cluster" not in line for line in lines(path))


async def test_a_file_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    async with fleet_of(spec("east", [])) as (fleet, _):
        with pytest.raises(UsageError, match="cannot be written"):
            tracer(fleet, tmp_path / "no" / "such" / "folder").start()


async def test_the_meter_counts_open_watches_and_what_went_wrong() -> None:
    async with fleet_of(spec("east", [pod("one")]), spec("west", []), lazy=frozenset({"west"})) as (fleet, _):
        await fleet.settled(20.0)
        meter = Meter(fleet)
        await fleet.session("east").transport.get("/readyz")
        before = meter.clusters()[0]
        with pytest.raises(NotFound):
            await fleet.session("east").transport.get("/no/such/path")
        (east,) = meter.clusters()

    assert (east.cluster, east.tier) == ("east", "screen")
    assert east.watches > 5
    assert east.errors == before.errors + 1


async def test_a_busy_loop_is_a_stall_while_somebody_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "STALL_SECONDS", 0.0)
    async with fleet_of(spec("east", [])) as (fleet, _):
        meter = Meter(fleet)
        assert meter.loop().stalls == 0
        meter.start()
        meter.start()
        meter.stop()
        async with asyncio.timeout(20):
            while not meter.loop().stalls:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        meter.stop()
