"""The grid: the cursor belongs to a key, and only what differs is drawn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot

from acp_tui.model.health import Tone
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.inorder import SOON_SECONDS
from acp_tui.ui.widgets.lineup import SLICE
from tests.ui.core.host import VIEW, Clock, Host, Row, lines_of


@asynccontextmanager
async def shown(
    *rows: Row, size: tuple[int, int] = (60, 12), clock: Clock | None = None
) -> AsyncIterator[tuple[Grid[Row], Host, Pilot[None]]]:
    grid: Grid[Row] = Grid(VIEW, clock=clock or Clock())
    app = Host(grid)
    async with app.run_test(size=size) as pilot:
        grid.focus()
        grid.show(rows)
        await pilot.pause()
        yield grid, app, pilot


def many(count: int) -> list[Row]:
    return [Row(f"row-{number:05d}", number) for number in range(count)]


class Repaints:
    """Lines of the widget that are asked to be painted from now on."""

    def __init__(self, grid: Grid[Row]) -> None:
        self.lines: set[int] = set()
        plain = grid.refresh

        def refresh(*regions: Region, **options: bool) -> Grid[Row]:
            for region in regions or (Region(0, 0, *grid.size),):
                self.lines |= set(region.line_range)
            return plain(*regions, **options)

        grid.refresh = refresh  # type: ignore[method-assign]


def news_of(grid: Grid[Row], *lines: int) -> list[str]:
    """Words that are marked as changed on these lines."""
    painted = (segment for line in lines for segment in grid.render_line(line))
    return [segment.text.strip() for segment in painted if segment.style is not None and segment.style.reverse]


async def test_rows_stand_in_a_frame_under_their_titles() -> None:
    async with shown(Row("alpha", 1, Tone.OK), Row("beta", 2)) as (grid, _, _):
        lines = lines_of(grid)

        assert lines[0].startswith("╭─")
        assert lines[1].split() == ["│", "NAME", "HEALTH", "VALUE", "AGE", "MORE", "│"]
        assert lines[2].split() == ["│▌alpha", "●", "ok", "1", "0m", "more", "of", "alpha", "│"]
        assert lines[-1].startswith("╰──")


async def test_the_cursor_stays_on_its_row_and_on_its_line_when_rows_come_above() -> None:
    rows = many(100)
    async with shown(*rows) as (grid, _, _):
        grid.select("row-00050")
        line = grid.cursor - grid.first

        grid.show([Row(f"above-{number}") for number in range(30)] + rows)

        assert grid.key == "row-00050"
        assert grid.cursor == 80
        assert grid.cursor - grid.first == line


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    async with shown(*many(50)) as (grid, _, _):
        grid.select("row-00010")

        grid.set_sort("value", descending=True)

        assert grid.key == "row-00010"
        assert grid.cursor == 39


async def test_a_row_that_was_asked_for_takes_the_cursor_when_it_comes_soon() -> None:
    clock = Clock(0.0)
    async with shown(*many(5), clock=clock) as (grid, _, _):
        assert not grid.select("row-00007")
        grid.show(many(8))
        assert grid.key == "row-00007"

        grid.select("row-00010")
        grid.do_up()
        grid.show(many(12))
        assert grid.key == "row-00006", "somebody moved it meanwhile"

        grid.select("row-00020")
        clock.now += SOON_SECONDS + 1
        grid.show(many(30))
        assert grid.key == "row-00006", "nobody expects it any more"


async def test_until_somebody_moves_it_the_cursor_stays_on_the_first_row() -> None:
    async with shown(Row("m")) as (grid, _, _):
        grid.show([Row("a"), Row("m")])

        assert grid.key == "a"


async def test_when_its_row_goes_the_cursor_takes_the_next_one() -> None:
    rows = many(5)
    async with shown(*rows) as (grid, app, pilot):
        grid.select("row-00002")
        await pilot.pause()
        app.heard.clear()

        grid.show([row for row in rows if row.key != "row-00002"])
        await pilot.pause()

        assert grid.key == "row-00003"
        assert [event.key for event in app.heard if isinstance(event, Grid.Moved)] == ["row-00003"]


async def test_a_changed_cell_draws_its_line_alone() -> None:
    rows = many(5)
    async with shown(*rows) as (grid, _, _):
        repaints = Repaints(grid)

        grid.show([*rows[:3], Row("row-00003", 99), rows[4]])

        assert repaints.lines == {5}


async def test_rows_that_say_the_same_draw_nothing() -> None:
    async with shown(*many(5)) as (grid, _, _):
        repaints = Repaints(grid)

        grid.show(many(5))
        grid.tick()

        assert repaints.lines == set()


async def test_moving_the_cursor_draws_two_lines() -> None:
    async with shown(*many(5)) as (grid, _, _):
        repaints = Repaints(grid)

        grid.do_down()

        assert repaints.lines == {2, 3}


async def test_time_draws_only_lines_whose_age_reads_differently() -> None:
    clock = Clock(100.0)
    async with shown(Row("old", born=0.0), Row("young", born=90.0), clock=clock) as (grid, _, _):
        repaints = Repaints(grid)

        clock.now = 130.0
        grid.tick()

        assert repaints.lines == {2}


async def test_a_changed_cell_is_marked_and_an_age_is_not() -> None:
    clock = Clock(0.0)
    async with shown(Row("a", 1), Row("b", 1), clock=clock) as (grid, _, _):
        clock.now = 600.0
        grid.show([Row("a", 2), Row("b", 1)])

        assert news_of(grid, 2, 3) == ["2"]


async def test_each_change_is_marked_for_a_tick_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[Callable[[], None]] = []
    async with shown(Row("a", 1), Row("b", 1)) as (grid, _, _):
        monkeypatch.setattr(grid, "set_timer", lambda delay, end, **_: ends.append(end))
        grid.show([Row("a", 2), Row("b", 1)])
        grid.show([Row("a", 2), Row("b", 3)])
        assert news_of(grid, 2, 3) == ["2", "3"]

        grid.show([Row("a", 4), Row("b", 3)])
        ends[0]()
        assert news_of(grid, 2, 3) == ["4", "3"], "it changed again and has a new tick"
        ends[1]()
        assert news_of(grid, 2, 3) == ["4"]
        ends[2]()
        assert news_of(grid, 2, 3) == []


async def test_a_filter_shows_what_it_finds_and_keeps_the_cursor() -> None:
    async with shown(*many(50)) as (grid, _, _):
        grid.select("row-00014")

        grid.set_filter("row-0001")

        assert len(grid.rows) == 10
        assert grid.key == "row-00014"


async def test_without_rows_it_says_why() -> None:
    async with shown() as (grid, _, _):
        grid.set_empty([("No releases in team-b.", Tone.PLAIN)], [("0 shows all.", Tone.DIM)])

        text = "\n".join(lines_of(grid))
        assert "No releases in team-b." in text
        assert "0 shows all." in text
        assert grid.row is None


async def test_a_page_moves_cursor_and_rows() -> None:
    async with shown(*many(100)) as (grid, _, _):
        page = grid.page

        grid.do_page_down()
        assert (grid.first, grid.cursor) == (page - 1, page - 1)
        grid.do_bottom()
        assert (grid.first, grid.cursor) == (100 - page, 99)
        grid.do_top()
        assert (grid.first, grid.cursor) == (0, 0)


async def test_the_edge_shows_where_in_the_rows_we_are() -> None:
    async with shown(*many(100)) as (grid, _, _):
        assert lines_of(grid)[2].endswith("┃")
        grid.do_bottom()
        assert lines_of(grid)[-2].endswith("┃")


async def test_the_wheel_takes_the_cursor_along() -> None:
    async with shown(*many(100)) as (grid, _, _):
        grid.scroll_lines(20)

        assert grid.first == 20
        assert grid.first <= grid.cursor < grid.first + grid.page


async def test_a_click_moves_a_second_one_opens_a_title_sorts() -> None:
    async with shown(*many(5)) as (grid, app, pilot):
        await pilot.click(Grid, offset=(4, 4))
        assert grid.key == "row-00002"
        await pilot.click(Grid, offset=(4, 4), times=2)
        await pilot.pause()
        opened = [event for event in app.heard if isinstance(event, Grid.Opened)]
        assert [event.key for event in opened] == ["row-00002"]
        value = lines_of(grid)[1].index("VALUE")
        await pilot.click(Grid, offset=(value + 1, 1))
        assert (grid.rows.sort, grid.rows.descending) == ("value", False)
        await pilot.click(Grid, offset=(value + 1, 1))
        assert (grid.rows.sort, grid.rows.descending) == ("value", True)


async def test_sorting_goes_through_the_columns_and_back_to_the_views_own_order() -> None:
    async with shown(*many(3)) as (grid, _, _):
        seen = []
        for _ in range(5):
            grid.do_sort()
            seen.append(grid.rows.sort)

        assert seen == ["name", "health", "value", "age", "more"]


async def test_sideways_shows_hidden_columns_beside_the_first() -> None:
    async with shown(*many(3), size=(40, 8)) as (grid, _, _):
        assert "MORE" not in lines_of(grid)[1]
        for _ in range(3):
            grid.do_right()

        assert lines_of(grid)[1].split()[1:3] == ["NAME", "MORE"]
        grid.do_left()
        assert "AGE" in lines_of(grid)[1]


async def test_a_tree_folds_and_unfolds() -> None:
    root = Row("root", below=(Row("left", below=(Row("leaf"),)), Row("right")))
    grid: Grid[Row] = Grid(VIEW, clock=Clock())
    async with Host(grid).run_test(size=(60, 12)) as pilot:
        grid.focus()
        grid.show_tree([root], children=lambda row: row.below)
        await pilot.pause()

        assert [line[1:12].rstrip() for line in lines_of(grid)[2:6]] == [
            "▌▾ root", " ├▾ left", " │ └  leaf", " └  right"
        ]  # fmt: skip
        grid.do_down()
        grid.do_left()
        assert [line[1:12].rstrip() for line in lines_of(grid)[2:5]] == [" ▾ root", "▌├▸ left", " └  right"]
        grid.do_right()
        assert len(grid.rows) == 4
        grid.do_down()
        grid.do_left()
        assert grid.key == "left"


async def test_half_a_hundred_thousand_rows_cost_what_is_visible() -> None:
    asked = 0
    plain = VIEW.columns[0].cell

    def counted(row: Row, now: float) -> object:
        nonlocal asked
        asked += 1
        return plain(row, now)

    view = replace(VIEW, columns=(replace(VIEW.columns[0], cell=counted), *VIEW.columns[1:]))
    grid: Grid[Row] = Grid(view, clock=Clock())
    async with Host(grid).run_test(size=(80, 24)) as pilot:
        grid.show(many(50_000))
        await pilot.pause()
        grid.do_bottom()
        await pilot.pause()

        assert grid.key == "row-49999"
        assert "row-49999" in lines_of(grid)[-2]
        assert asked <= 4 * grid.page


async def test_many_rows_are_put_in_order_in_slices_between_which_the_loop_turns() -> None:
    count = 50_000
    asked = longest = 0

    def order(row: Row) -> str:
        nonlocal asked
        asked += 1
        return row.key

    async def turn() -> None:
        nonlocal longest
        while True:
            before = asked
            await asyncio.sleep(0)
            longest = max(longest, asked - before)

    grid: Grid[Row] = Grid(replace(VIEW, order=order), clock=Clock())
    async with Host(grid).run_test(size=(80, 24)) as pilot:
        turning = asyncio.create_task(turn())
        rows = many(count)
        dice = random.Random(4)
        dice.shuffle(rows)
        grid.show(rows)
        assert len(grid.rows) == 0, "what was shown stays until the rows are ready"
        grid.select("row-00007")
        while len(grid.rows) < count:
            await pilot.pause(0.01)
        assert grid.rows.shown == many(count)
        assert grid.key == "row-00007", "the cursor goes where it was wished to be"
        grid.set_sort("value", descending=True)
        grid.show([*rows[:9], Row(rows[9].key, count), *rows[10:]])
        while grid.rows.shown[0].value != count:
            await pilot.pause(0.01)
        turning.cancel()
        assert longest <= 3 * SLICE, "what was wished meanwhile is there too, and no turn took long"


async def test_when_it_gets_narrow_the_cursor_stays_in_sight() -> None:
    async with shown(*many(100), size=(60, 30)) as (grid, _, pilot):
        grid.select("row-00020")

        await pilot.resize_terminal(40, 8)

        assert grid.key == "row-00020"
        assert grid.first <= grid.cursor < grid.first + grid.page
