"""Any kind while somebody looks: all rows first, every change behind, nothing left open afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from acp_tui.fleet import live_table
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.fleet.pulse import Naps
from acp_tui.fleet.tables import MergedTable
from acp_tui.model.errors import UsageError
from acp_tui.sim.cluster import SimCluster
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import Fleet as Box
from tests.fleet.scenery import Obj, crd, create, fleet_of, namespace, pod, spec

LONG = 20.0
SPACES = ("shop", "retail")
RELEASES = frozenset({"releases"})


def objects() -> list[Obj]:
    return [*map(namespace, SPACES), *(pod(f"{space}-{n}", space=space) for space in SPACES for n in range(3))]


@asynccontextmanager
async def looking(word: str, *, namespace: str = "") -> AsyncIterator[tuple[Table, Fleet, Box]]:
    async with fleet_of(spec("east", objects()), spec("west", objects()), views=RELEASES) as (fleet, box):
        await followed(fleet, box)
        async with aclosing(Inspector(fleet).rows_first(word, namespace=namespace)) as snapshots:
            yield Table(snapshots), fleet, box


async def followed(fleet: Fleet, box: Box) -> None:
    """Until everything that the other views follow is read and watched, so that what comes then is the table's."""
    await fleet.settled(LONG)
    async with asyncio.timeout(LONG):
        for name in fleet.names:
            read = sum(shelf.synced for shelf in fleet.session(name).store.shelves.values())
            while box[name].stats.open_watches < read:  # noqa: ASYNC110 - the box has no event for it
                await asyncio.sleep(0.01)


class Table:
    """Snapshots as they come; `until` reads on to the first that has the fact."""

    def __init__(self, snapshots: AsyncIterator[MergedTable]) -> None:
        self._snapshots = snapshots
        self.seen: list[MergedTable] = []

    async def until(self, fact: Callable[[MergedTable], bool]) -> MergedTable:
        async with asyncio.timeout(LONG):
            async for table in self._snapshots:
                self.seen.append(table)
                if fact(table):
                    return table
        raise AssertionError("it ended")


def names(table: MergedTable, cluster: str = "east") -> list[str]:
    return sorted(row.ref.name for row in table.rows if row.ref.cluster == cluster)


def whole(table: MergedTable) -> bool:
    return len(table.rows) == 12 and table.live


async def test_all_rows_come_from_one_small_request_a_namespace() -> None:
    async with looking("pods") as (table, fleet, box):
        before = box["east"].stats.requests

        shown = await table.until(whole)

        spaces = {each.metadata.name for each in fleet.session("east").store.namespaces}
        assert box["east"].stats.requests - before == len(spaces) + 1  # and the watch
        assert names(shown) == ["retail-0", "retail-1", "retail-2", "shop-0", "shop-1", "shop-2"]
        assert [column.name for column in shown.columns][:4] == ["Name", "Cluster", "Namespace", "Ready"]
        assert shown.rows[0].cells[1] == shown.rows[0].ref.cluster
        assert {row.ref.namespace for row in shown.rows} == set(SPACES)


async def test_on_the_way_there_are_never_fewer_rows_nor_two_of_one_object() -> None:
    async with looking("pods") as (table, _, _box):
        await table.until(whole)

        counts = [len(shown.rows) for shown in table.seen]
        assert counts == sorted(counts)
        assert all(len({row.key for row in shown.rows}) == len(shown.rows) for shown in table.seen)


async def test_the_first_rows_are_told_before_any_others_are_decoded_and_a_table_without_rows_is_no_news() -> None:
    async with looking("pods") as (table, _, _box):
        await table.until(whole)

        first = table.seen[0].rows
        assert len(first) == 3
        assert len({(row.ref.cluster, row.ref.namespace) for row in first}) == 1


async def test_all_rows_are_told_as_soon_as_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_table, "TELL_SECONDS", 2 * LONG)
    async with looking("pods") as (table, _, _box):
        assert len((await table.until(lambda shown: True)).rows) == 3

        assert len((await table.until(lambda shown: True)).rows) == 12


async def test_an_object_that_changes_is_the_same_row() -> None:
    async with looking("pods") as (table, _, box):
        before = await table.until(whole)
        change(box["east"], "shop-1", reason="Evicted")

        after = await table.until(lambda shown: any("Evicted" in row.cells for row in shown.rows))

        assert [row.key for row in after.rows] == [row.key for row in before.rows]
        (changed,) = [row for row in after.rows if "Evicted" in row.cells]
        assert (changed.ref.cluster, changed.ref.name) == ("east", "shop-1")
        assert changed.ref.uid != ""
        untouched = [row for row in before.rows if row.key != changed.key]
        assert all(any(row is other for other in after.rows) for row in untouched)


async def test_objects_come_and_go() -> None:
    async with looking("pods") as (table, _, box):
        await table.until(whole)
        create(box["west"], pod("new", space="retail"))
        await table.until(lambda shown: "new" in names(shown, "west"))

        remove(box["west"], "new", space="retail")
        gone = await table.until(lambda shown: "new" not in names(shown, "west"))

        assert len(gone.rows) == 12


async def test_nothing_stays_open_when_nobody_looks() -> None:
    async with looking("pods") as (table, _, box):
        before = box["east"].stats.open_watches
        await table.until(whole)
        assert box["east"].stats.open_watches == before + 1
    assert {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("table ")} == set()


async def test_one_namespace_is_one_request() -> None:
    async with looking("pods", namespace="shop") as (table, _, box):
        before = box["east"].stats.requests

        shown = await table.until(lambda shown: len(shown.rows) == 6 and shown.live)

        assert box["east"].stats.requests - before == 2
        assert names(shown) == ["shop-0", "shop-1", "shop-2"]


async def test_kinds_without_namespaces_have_no_such_column() -> None:
    async with looking("ns") as (table, _, _box):
        shown = await table.until(lambda shown: shown.live)

        assert [column.name for column in shown.columns][:3] == ["Name", "Cluster", "Status"]
        assert {"shop", "retail"} <= set(names(shown))


def gadgets(size: str, *columns: str) -> list[Obj]:
    made = crd("example.io", "v1", "Gadget", "gadgets", "Namespaced")
    made["spec"]["versions"][0]["additionalPrinterColumns"] = [
        {"name": name, "type": "string", "jsonPath": f".status.{name.lower()}"} for name in columns
    ]
    named = {"name": f"one-{size}", "namespace": "shop"}
    status = {"phase": "Ready", "size": size}
    return [
        made,
        namespace("shop"),
        {"apiVersion": "example.io/v1", "kind": "Gadget", "metadata": named, "status": status},
    ]


async def test_servers_that_print_other_columns_stand_under_the_union_of_them() -> None:
    east, west = spec("east", gadgets("big", "Phase")), spec("west", gadgets("small", "Size", "Phase"))
    async with (
        fleet_of(east, west, views=RELEASES) as (fleet, _),
        aclosing(Inspector(fleet).rows_first("gadgets")) as snapshots,
    ):
        shown = await Table(snapshots).until(lambda shown: len(shown.rows) == 2)

    titles = [column.name for column in shown.columns]
    said = {row.ref.name: dict(zip(titles, row.cells, strict=False)) for row in shown.rows}
    assert {name: (row["Phase"], row.get("Size", "")) for name, row in said.items()} == {
        "one-big": ("Ready", ""),
        "one-small": ("Ready", "small"),
    }
    assert set(shown.clusters) == {"east", "west"}


async def test_a_word_nobody_serves_is_an_error() -> None:
    async with looking("gizmos") as (table, _, _box):
        with pytest.raises(UsageError, match="No cluster serves gizmos"):
            await table.until(lambda shown: False)


@pytest.mark.parametrize("known", [False, True], ids=["not yet known to be down", "known to be down"])
async def test_a_cluster_that_does_not_answer_is_named_and_keeps_nobody_waiting(known: bool) -> None:
    down = Faults(down="refuse")
    async with fleet_of(spec("east", objects()), spec("edge-9", []), down=down, views=RELEASES) as (fleet, _):
        if known:
            await fleet.session("edge-9").settled.wait()
        snapshots = Inspector(fleet).rows_first("pods")
        async with asyncio.timeout(live_table.LEARN_SECONDS / 2):
            shown = await Table(snapshots).until(lambda shown: len(shown.rows) == 6 and bool(shown.problems))
        await snapshots.aclose()

        assert [problem.partition(":")[0] for problem in shown.problems] == ["edge-9"]
        assert names(shown, "edge-9") == []


async def test_a_server_that_asks_for_patience_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def sleep(self: Naps, seconds: float) -> None:
        asked.append(seconds)
        await asyncio.Event().wait()

    busy = Faults(too_many=1.0, retry_after=77, match="/pods")
    async with fleet_of(spec("east", objects()), views=RELEASES) as (fleet, box):
        await followed(fleet, box)
        monkeypatch.setattr(Naps, "sleep", sleep)
        box["east"].set_faults(busy)
        async with aclosing(Inspector(fleet).rows_first("pods")) as snapshots:
            await Table(snapshots).until(lambda shown: bool(shown.problems))

    assert asked == [77.0]


async def test_kinds_that_every_server_serves_wait_for_no_discovery() -> None:
    slow = Faults(latency_ms=60_000, match="/apis")
    async with fleet_of(spec("east", objects()), down=slow, views=RELEASES) as (fleet, _):
        async with aclosing(Inspector(fleet).rows_first("po")) as snapshots:
            shown = await Table(snapshots).until(lambda shown: len(shown.rows) == 6)

        assert fleet.session("east").kinds is None
        assert names(shown) == ["retail-0", "retail-1", "retail-2", "shop-0", "shop-1", "shop-2"]


async def test_a_gap_in_the_watch_is_closed_by_printing_again() -> None:
    async with looking("pods") as (table, _, box):
        await table.until(whole)
        box["east"].set_faults(Faults(gone=True))
        remove(box["east"], "shop-0", space="shop")

        await table.until(lambda shown: "shop-0" not in names(shown))


def change(cluster: SimCluster, name: str, *, reason: str) -> None:
    kind = cluster.kinds.of_kind("v1", "Pod")
    assert kind is not None
    changed = cluster.writer.change(
        kind, "shop", name, lambda found: found["status"].update(phase="Failed", reason=reason), sub="status"
    )
    assert changed


def remove(cluster: SimCluster, name: str, *, space: str) -> None:
    kind = cluster.kinds.of_kind("v1", "Pod")
    assert kind is not None
    cluster.writer.purge(kind, space, name)
