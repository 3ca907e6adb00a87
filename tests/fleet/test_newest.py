"""Newest records are read for the rows that somebody looks at: once each, few at a time, and values as a hash."""

from __future__ import annotations

import pytest

from acp_tui.clients.helm.records import Records
from acp_tui.fleet.fleet import RECORDS_AT_ONCE, Fleet
from acp_tui.insight.matrix import values_hash
from acp_tui.model.release import ReleaseBody, ReleaseRef, ReleaseSummary, Store
from tests.fleet.scenery import fleet_of, namespace, record, release, spec

NAMES = [f"app-{number}" for number in range(9)]


def rows(fleet: Fleet) -> dict[str, ReleaseSummary]:
    return {row.ref.name: row for row in fleet.rows("releases")}


def ref(name: str) -> ReleaseRef:
    return ReleaseRef("one", "shop", name, Store.SECRET)


async def test_rows_know_chart_and_values_once_their_record_was_read() -> None:
    objects = [namespace("shop"), record({**release("pay", 3, "deployed"), "config": {"password": "hunter2"}})]
    async with fleet_of(spec("one", objects), views=frozenset({"releases"})) as (fleet, _):
        await fleet.settled(20)
        assert (rows(fleet)["pay"].chart_version, rows(fleet)["pay"].values_hash) == ("", "")
        await fleet.read_newest([ref("pay")])
        pay = rows(fleet)["pay"]
        assert (pay.chart_version, pay.values_hash) == ("1.9.3", values_hash({"password": "hunter2"}))
        before = fleet.session("one").transport.stats.requests
        await fleet.read_newest([ref("pay")])
        assert fleet.session("one").transport.stats.requests == before
        assert "hunter2" not in repr(fleet.session("one").store.told)


async def test_only_those_that_are_named_are_read_and_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = [namespace("shop"), *(record(release(name, 1, "deployed")) for name in NAMES)]
    real, under_way, most = Records.body, 0, 0

    async def counted(self: Records, ref: ReleaseRef, revision: int) -> ReleaseBody:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await real(self, ref, revision)
        finally:
            under_way -= 1

    monkeypatch.setattr(Records, "body", counted)
    async with fleet_of(spec("one", objects), views=frozenset({"releases"})) as (fleet, _):
        await fleet.settled(20)
        await fleet.read_newest([ref(name) for name in NAMES[:8]])
        assert most == RECORDS_AT_ONCE
        assert {name for name, row in rows(fleet).items() if row.values_hash} == set(NAMES[:8])


async def test_a_record_that_does_not_decode_keeps_its_row() -> None:
    broken = record(release("odd", 1, "deployed"))
    broken["data"]["release"] = "bm90IGEgcmVsZWFzZQ=="
    objects = [namespace("shop"), broken, record(release("pay", 1, "deployed"))]
    async with fleet_of(spec("one", objects), views=frozenset({"releases"})) as (fleet, _):
        await fleet.settled(20)
        await fleet.read_newest([ref("odd"), ref("pay")])
        assert rows(fleet)["odd"].values_hash == ""
        assert rows(fleet)["pay"].values_hash
