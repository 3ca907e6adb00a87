"""What was last known is there at the next start, dated, and gone as soon as the cluster speaks for itself."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.remembered import Remembered
from acp_tui.model.freshness import Age
from acp_tui.model.health import Health
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import Fleet as Box
from acp_tui.sim.serve import serve
from tests.fleet.scenery import context, deployment, namespace, record, release, spec

LONG = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "last-known.json"


def memory(path: Path) -> Remembered:
    remembered = Remembered(path)
    remembered.load()
    return remembered


@asynccontextmanager
async def shop() -> AsyncIterator[Box]:
    failed = record(release("pay", 2, "failed", description="secret words of a record"))
    async with serve([spec("east", [namespace("shop"), deployment("web", "registry/web:1"), failed])]) as box:
        yield box


@asynccontextmanager
async def run(box: Box, path: Path) -> AsyncIterator[Fleet]:
    """One run of the program, which remembers when it ends."""
    fleet = Fleet([context(box["east"])], remembered=memory(path))
    fleet.start()
    try:
        yield fleet
    finally:
        await fleet.close()


def kept(path: Path) -> tuple[int, bytes]:
    """Mode and contents of the file."""
    return stat.S_IMODE(path.stat().st_mode), path.read_bytes()


def open_to_all(path: Path) -> None:
    path.chmod(0o666)


def ages(rows: Any) -> set[Age]:
    return {row.freshness.state for row in rows}


async def test_rows_of_the_last_run_come_back_dated(path: Path) -> None:
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
            live = [row.key for row in fleet.rows("releases")]
        rows = memory(path).rows("east", box["east"].url)

    assert [row.key for row in rows["releases"]] == live
    for view in ("clusters", "applications", "releases"):
        assert ages(rows[view]) == {Age.CACHED}
        assert all(row.freshness.confirmed_at for row in rows[view])


async def test_the_file_is_private_and_quotes_no_record(path: Path) -> None:
    async with shop() as box, run(box, path) as fleet:
        await fleet.settled(LONG)
        fleet.remember()

    mode, written = kept(path)
    assert mode == 0o600
    assert b'"pay"' in written
    assert b"secret words" not in written


async def test_a_cluster_that_is_down_is_shown_as_it_was_and_never_as_live(path: Path) -> None:
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
        box["east"].set_faults(Faults(down="refuse"))
        async with run(box, path) as fleet:
            assert [row.name for row in fleet.clusters()] == ["east"]
            assert ages(fleet.clusters()) == {Age.CACHED}
            assert fleet.session("east").store.last_known is not None
            await fleet.settled(LONG)

            assert [row.ref.name for row in fleet.rows("releases")] == ["pay"]
            assert ages(fleet.rows("releases")) == ages(fleet.rows("applications")) == {Age.CACHED}
            (east,) = fleet.clusters()
            assert (east.reachable, east.health) == (False, Health.UNKNOWN)


async def test_what_the_cluster_says_itself_takes_over(path: Path) -> None:
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
        async with run(box, path) as fleet:
            await fleet.settled(LONG)

            assert ages(fleet.rows("releases")) == ages(fleet.rows("applications")) == {Age.LIVE}
            assert len(fleet.rows("releases")) == 1


async def test_a_cluster_that_answers_is_shown_as_it_was_until_it_is_read(path: Path) -> None:
    seen: list[Age] = []
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
        box["east"].set_faults(Faults(latency_ms=150))
        async with run(box, path) as fleet, asyncio.timeout(LONG):
            fleet.subscribe(lambda views: seen.extend(row.freshness.state for row in fleet.clusters()))
            while Age.LIVE not in seen:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert Age.NEVER not in seen


async def test_a_cluster_that_was_not_read_keeps_what_is_remembered_of_it(path: Path) -> None:
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
        box["east"].set_faults(Faults(down="refuse"))
        async with run(box, path) as fleet:
            await fleet.settled(LONG)

        assert memory(path).rows("east", box["east"].url)["releases"]


async def test_another_server_of_the_same_name_is_another_cluster(path: Path) -> None:
    async with shop() as box, run(box, path) as fleet:
        await fleet.settled(LONG)
        fleet.remember()

    assert memory(path).rows("east", "https://elsewhere.example.org") == {}


@pytest.mark.parametrize("spoiled", [b"", b"{", b'{"format": 99, "clusters": {}}', b"\xff\xfe"])
def test_a_spoiled_file_costs_the_memory_and_nothing_else(path: Path, spoiled: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(spoiled)
    path.chmod(0o600)

    assert memory(path).rows("east", "https://east") == {}


async def test_a_file_that_others_can_write_is_not_believed(path: Path) -> None:
    async with shop() as box:
        async with run(box, path) as fleet:
            await fleet.settled(LONG)
        open_to_all(path)

        assert memory(path).rows("east", box["east"].url) == {}
