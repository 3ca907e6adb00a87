"""What a table shows while facts about its rows arrive: never fewer rows, never two of one, the cursor on its row."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec import structs
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.config.settings import Settings
from acp_tui.fleet.tables import MergedTable, ObjectRow
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.app import AcpApp
from acp_tui.ui.panes.look import LEAVE_SECONDS
from acp_tui.ui.panes.pane import Pane
from acp_tui.ui.widgets.grid import Grid
from acp_tui.wire.table import TableColumn
from tests.fakes.backend import NOW, FakeBackend, fake_backend
from tests.ui.core.host import Clock
from tests.ui.core.scene import opened, pane, press, settle

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
async def looking(clock: Clock | None = None) -> AsyncIterator[tuple[AcpApp, Pilot[None], FakeBackend]]:
    """The console in `:pods`, with a clock that goes when it is told to."""
    fake = fake_backend()
    fake.inspector.coming["pods"] = asyncio.Queue()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full"), clock=clock or Clock(NOW), env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press(":", *"pods", "enter")
        yield app, pilot, fake


async def until(pilot: Pilot[None], fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():
            await pilot.pause(0.01)


async def said(pilot: Pilot[None], fake: FakeBackend, shown: MergedTable) -> None:
    """Tell it, and wait until the pane shows it."""
    fake.inspector.coming["pods"].put_nowait(shown)
    grid = pane(pilot.app).grid  # type: ignore[arg-type]
    await until(pilot, lambda: grid.rows.all is shown.rows and not grid.ordering)


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


HERE = "east//Pod/team-03/api-00003"


async def test_a_table_that_nobody_sees_for_a_minute_is_let_go_and_comes_back_where_it_was() -> None:
    clock = Clock(NOW)
    rows = table(*(pod("east", number) for number in range(30)))
    async with looking(clock) as (app, pilot, fake):
        await said(pilot, fake, rows)
        here = pane(app)
        here.filter("api")
        here.grid.set_sort("name", descending=True)
        here.grid.select(HERE)
        app.push_screen(Screen())
        await pilot.pause()

        assert LEAVE_SECONDS == 60.0
        clock.now += LEAVE_SECONDS - 1
        here.mind()
        assert fake.inspector.followed == ["pods"], "whoever comes back soon finds it as it is"
        clock.now += 1
        here.mind()
        await until(pilot, lambda: not fake.inspector.followed)
        assert len(here.grid.rows.all) == 0, "nothing is kept of it"

        app.pop_screen()
        await said(pilot, fake, rows)
        assert (here.grid.key, here.grid.rows.sort, here.grid.rows.descending) == (HERE, "name", True)
        assert here.grid.rows.query.text == "api"


async def test_a_table_behind_a_dialog_or_with_marked_rows_is_kept() -> None:
    clock = Clock(NOW)
    async with looking(clock) as (app, pilot, fake):
        await said(pilot, fake, table(*(pod("east", number) for number in range(30))))
        await pilot.press("?")
        clock.now += 2 * LEAVE_SECONDS
        pane(app).mind()
        await pilot.press("escape", "space")
        app.push_screen(Screen())
        await pilot.pause()
        clock.now += 2 * LEAVE_SECONDS
        pane(app).mind()
        await pilot.pause()

        assert fake.inspector.followed == ["pods"]
        assert len(pane(app).grid.marks) == 1


async def test_a_pane_that_is_closed_or_goes_elsewhere_lets_its_table_go() -> None:
    async with looking() as (app, pilot, fake):
        await said(pilot, fake, table(pod("east", 1)))
        pane(app).go(replace(pane(app).aim, view="releases", kind=""))
        await until(pilot, lambda: not fake.inspector.followed)
        pane(app).back()
        await until(pilot, lambda: fake.inspector.followed == ["pods"])
        await pilot.press("g")
        await until(pilot, lambda: len(app.workspace.panes) == 2)
        pane(app).go(replace(pane(app).aim, view="objects", kind="pods"))
        await until(pilot, lambda: fake.inspector.followed == ["pods", "pods"])

        await pilot.press("X")

        await until(pilot, lambda: fake.inspector.followed == ["pods"])


async def test_what_was_refused_is_asked_for_again_when_somebody_asks_again() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        for times in (1, 2):
            await press(pilot, ":", *"gizmos", "enter")
            pane(app).tick()
            await settle(pilot)

            asked = [each for each in fake.inspector.asked if each[:2] == ("table", "gizmos")]
            assert len(asked) == times, "and nobody asks by themselves"
