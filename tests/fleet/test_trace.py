"""What --trace writes: traffic and decoding by cluster, stalls of the loop, one JSON object a line."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from acp_tui.fleet.trace import Trace
from acp_tui.model.errors import UsageError
from tests.fleet.scenery import fleet_of, pod, spec


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_each_cluster_has_its_traffic_and_the_loop_its_stalls(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    async with fleet_of(spec("east", [pod("one")]), spec("west", [])) as (fleet, box):
        trace = Trace(fleet, path)
        trace.start()
        await fleet.settled(20.0)
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
        assert loop["peak_mib"] > 10
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_cluster_that_is_quiet_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    async with fleet_of(spec("east", []), lazy=frozenset({"east"})) as (fleet, _):
        trace = Trace(fleet, path)
        trace.start()
        trace.write()
        await trace.close()

    assert all("cluster" not in line for line in lines(path))


async def test_a_file_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    async with fleet_of(spec("east", [])) as (fleet, _):
        with pytest.raises(UsageError, match="cannot be written"):
            Trace(fleet, tmp_path / "no" / "such" / "folder").start()
