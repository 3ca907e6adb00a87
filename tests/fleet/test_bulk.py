"""The collector rests while a fleet is read, and works again afterwards."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from acp_tui.fleet import live_table
from acp_tui.fleet.bulk import BulkLoad
from acp_tui.fleet.inspect import Inspector
from acp_tui.fleet.tables import MergedTable
from tests.fleet.scenery import fleet_of, namespace, pod, spec


def test_nothing_is_collected_between_begin_and_end_and_what_is_there_is_left_alone_for_good() -> None:
    load = BulkLoad()

    load.begin()
    resting = not gc.isenabled()
    load.end()

    assert resting
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_a_collector_that_somebody_else_switched_off_stays_off() -> None:
    load = BulkLoad()
    gc.disable()
    try:
        load.begin()
        load.end()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_two_loads_end_with_the_collector_at_work() -> None:
    first, second = BulkLoad(), BulkLoad()

    first.begin()
    second.begin()
    second.end()
    first.end()

    assert gc.isenabled()
    gc.unfreeze()


class FakeBulkLoad:
    """Whether the collector rests, without touching it: the simulated servers are in this process too."""

    resting = False

    def begin(self) -> None:
        FakeBulkLoad.resting = True

    def end(self) -> None:
        FakeBulkLoad.resting = False


@asynccontextmanager
async def looking_at_pods() -> AsyncIterator[AsyncGenerator[MergedTable]]:
    async with (
        fleet_of(spec("east", [namespace("shop"), pod("one")])) as (fleet, _),
        aclosing(Inspector(fleet).rows_first("pods")) as snapshots,
        asyncio.timeout(20),
    ):
        yield snapshots


async def test_it_rests_until_all_rows_of_a_table_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_table, "BulkLoad", FakeBulkLoad)
    async with looking_at_pods() as snapshots:
        resting = [(FakeBulkLoad.resting, table.live) async for table in _until_live(snapshots)]

    assert len(resting) > 1
    assert all(rests is not live for rests, live in resting)


async def _until_live(snapshots: AsyncGenerator[MergedTable]) -> AsyncGenerator[MergedTable]:
    async for table in snapshots:
        yield table
        if table.live:
            return


async def test_a_table_that_is_left_before_has_it_work_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_table, "BulkLoad", FakeBulkLoad)
    async with looking_at_pods() as snapshots:
        await anext(snapshots)

    assert not FakeBulkLoad.resting


async def test_it_does_not_rest_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_table, "BulkLoad", FakeBulkLoad)
    monkeypatch.setattr(live_table, "BULK_SECONDS", 0.0)
    async with looking_at_pods() as snapshots:
        await anext(snapshots)
        assert not FakeBulkLoad.resting
