"""What a table shows while facts about its rows arrive: never fewer rows, never two of one, the cursor on its row."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec import structs
from textual.pilot import Pilot

from acp_tui.fleet.tables import MergedTable, ObjectRow
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.app import AcpApp
from acp_tui.ui.panes.pane import Pane
from acp_tui.ui.widgets.grid import Grid
from acp_tui.wire.table import TableColumn
from tests.fakes.backend import FakeBackend, fake_backend
from tests.ui.core.scene import opened, pane

COLUMNS = tuple(TableColumn(name) for name in ("Name", "Cluster", "Namespace", "Ready", "Status", "Restarts"))
MANY = 6000
"""So many that they are put in order in slices."""


def pod(cluster: str, number: int) -> ObjectRow:
    ref = ObjectRef(cluster, "", "Pod", f"team-{number % 20:02d}", f"api-{number:05d}")
    return ObjectRow(ref, (ref.name, cluster, ref.namespace, "1/1", "Running", "0"))


def identified(row: ObjectRow) -> ObjectRow:
    return structs.replace(row, ref=structs.replace(row.ref, uid=f"uid of {row.key}"))


def table(*rows: ObjectRow, live: bool = False) -> MergedTable:
    clusters = tuple(dict.fromkeys(row.ref.cluster for row in rows))
    return MergedTable("pods", COLUMNS, rows, live=live, clusters=clusters)


class Frames:
    """All that the grid of a pane ever showed, taken in each round of the loop."""

    def __init__(self, pane: Pane) -> None:
        self._grid: Grid[ObjectRow] = pane.grid
        self.counts: list[int] = []
        self.cursors: list[str] = []

    async def look(self) -> None:
        while True:
            await asyncio.sleep(0)
            shown = self._grid.rows.shown
            if not self.counts or self.counts[-1] != len(shown):
                self.counts.append(len(shown))
                assert len({row.key for row in shown}) == len(shown), "a row is shown once"
            if not self.cursors or self.cursors[-1] != self._grid.key:
                self.cursors.append(self._grid.key)

    @contextmanager
    def taken(self) -> Iterator[None]:
        looking = asyncio.create_task(self.look())
        try:
            yield
        finally:
            looking.cancel()


@asynccontextmanager
async def looking() -> AsyncIterator[tuple[AcpApp, Pilot[None], FakeBackend]]:
    fake = fake_backend()
    fake.inspector.coming["pods"] = asyncio.Queue()
    async with opened(fake) as (app, pilot):
        await pilot.press(":", *"pods", "enter")
        yield app, pilot, fake


async def said(pilot: Pilot[None], fake: FakeBackend, shown: MergedTable) -> None:
    """Tell it, and wait until the pane shows it."""
    fake.inspector.coming["pods"].put_nowait(shown)
    grid = pane(pilot.app).grid  # type: ignore[arg-type]
    while grid.rows.all is not shown.rows or grid.ordering:
        await pilot.pause(0.01)


async def test_while_identities_arrive_the_cursor_stays_and_no_row_goes_or_comes_twice() -> None:
    rows = [pod("east", number) for number in range(MANY)]
    async with looking() as (app, pilot, fake):
        await said(pilot, fake, table(*rows))
        grid = pane(app).grid
        grid.select("east//Pod/team-07/api-03007")
        frames = Frames(pane(app))

        with frames.taken():
            for end in (10, 700, 3500, MANY):
                rows[:end] = [identified(row) for row in rows[:end]]
                await said(pilot, fake, table(*rows))

        assert frames.counts == [MANY]
        assert frames.cursors == ["east//Pod/team-07/api-03007"]
        assert grid.row == identified(pod("east", 3007))


async def test_rows_of_more_clusters_come_with_their_column_and_nothing_goes_meanwhile() -> None:
    east = [pod("east", number) for number in range(MANY)]
    west = [pod("west", number) for number in range(MANY)]
    async with looking() as (app, pilot, fake):
        await said(pilot, fake, table(*east[:300]))
        await said(pilot, fake, table(*east))
        grid = pane(app).grid
        grid.select("east//Pod/team-07/api-03007")
        line = grid.cursor - grid.first
        frames = Frames(pane(app))

        with frames.taken():
            await said(pilot, fake, table(*east, *west[:300]))
            await said(pilot, fake, table(*east, *west))
            await said(pilot, fake, table(*map(identified, [*east, *west]), live=True))

        assert grid.view.column("cluster") is not None
        assert frames.counts == [MANY, MANY + 300, 2 * MANY]
        assert frames.cursors == ["east//Pod/team-07/api-03007"]
        assert grid.cursor - grid.first == line


async def test_a_filter_and_an_order_outlast_the_arrival_of_another_cluster() -> None:
    dice = random.Random(3)
    rows = [pod(cluster, number) for cluster in ("east", "west") for number in range(40)]
    async with looking() as (app, pilot, fake):
        await said(pilot, fake, table(*rows[:40]))
        pane(app).filter("03")
        pane(app).grid.set_sort("name", descending=True)
        mixed = dice.sample(rows, len(rows))

        await said(pilot, fake, table(*mixed))

        expected = sorted((row.ref.name for row in rows if "03" in " ".join(row.cells)), reverse=True)
        assert [row.ref.name for row in pane(app).grid.rows.shown] == expected


async def test_rows_that_are_being_put_in_order_are_not_said_to_be_none() -> None:
    async with looking() as (app, _pilot, fake):
        grid = pane(app).grid
        fake.inspector.coming["pods"].put_nowait(table(*(pod("east", number) for number in range(MANY))))
        words = set()
        while not grid.rows.shown:
            await asyncio.sleep(0)
            words.add(grid.empty[0][0][0] if grid.empty else "")

        assert not any(text.startswith("No ") for text in words)
