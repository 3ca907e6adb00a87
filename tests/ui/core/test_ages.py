"""Ages move on by themselves and cost nothing while no text changes: only their cells are looked at again."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.views import VIEWS, View
from acp_tui.ui.widgets.grid import Grid
from tests.fakes.backend import DAY, NOW, fake_backend
from tests.ui.core.host import VIEW, Clock, Row
from tests.ui.core.test_grid import Repaints, many, shown


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.id)
def test_no_cell_moves_with_the_clock_but_those_of_columns_that_say_so(view: View[Any]) -> None:
    fake = fake_backend()
    rows = fake.controller.operations() if view.id == "activity" else fake.fleet.rows(view.id)
    assert rows
    for column in view.columns:
        if not column.ages:
            assert [view.cell(column, row, NOW) for row in rows] == [view.cell(column, row, NOW + DAY) for row in rows]


async def test_a_second_asks_visible_ages_alone() -> None:
    asked: list[str] = []
    clock = Clock(100.0)
    async with shown(*many(500), clock=clock) as (grid, _, _):

        def counted(id: str, cell: Any) -> Any:
            def count(row: Row, now: float) -> Cell:
                asked.append(id)
                found: Cell = cell(row, now)
                return found

            return count

        columns = tuple(replace(column, cell=counted(column.id, column.cell)) for column in VIEW.columns)
        grid.show_view(replace(VIEW, columns=columns))
        grid.show(many(500))
        repaints = Repaints(grid)
        asked.clear()

        clock.now += 1
        grid.tick()

        assert set(asked) == {"age"}
        assert len(asked) <= grid.page
        assert repaints.lines == set()


async def test_what_is_new_is_shown_so_for_one_tick_whatever_else_changes() -> None:
    rows = many(5)
    async with shown(*rows) as (grid, _, pilot):
        grid.show([Row("row-00000", 7), *rows[1:]])
        grid.show([Row("row-00000", 7), Row("row-00001", 8), *rows[2:]])

        assert reversed_texts(grid) == ["7", "8"]
        await pilot.pause(1.1)
        assert reversed_texts(grid) == []


def reversed_texts(grid: Grid[Row]) -> list[str]:
    return [
        segment.text.strip()
        for line in range(2, 7)
        for segment in grid.render_line(line)
        if segment.style is not None and segment.style.reverse
    ]
