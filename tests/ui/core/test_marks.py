"""Marked rows: a mark belongs to a key, is read without colour, and every key says what it does with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from acp_tui.config.settings import Settings
from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import ASCII
from acp_tui.ui.look import colourless
from acp_tui.ui.screens import copying
from acp_tui.ui.screens.doctor import DoctorScreen
from acp_tui.ui.screens.text import TextScreen
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.grid import Grid
from tests.fakes.backend import fake_backend
from tests.ui.core.host import VIEW, Clock, Host, Row, lines_of
from tests.ui.core.scene import hints, notice, opened, pane, press
from tests.ui.core.test_grid import many, shown


async def test_a_mark_stays_on_its_row_over_order_filter_and_updates() -> None:
    rows = many(20)
    async with shown(*rows) as (grid, _, _):
        grid.select("row-00003")
        grid.do_mark()
        grid.select("row-00012")
        grid.do_mark()

        grid.set_sort("value", descending=True)
        assert [row.key for row in grid.marked] == ["row-00012", "row-00003"]
        grid.set_filter("row-0001")
        assert [row.key for row in grid.marked] == ["row-00012", "row-00003"], "what a filter hides stays marked"
        grid.show([Row(row.key, 100) for row in rows])
        assert [row.value for row in grid.marked] == [100, 100], "the row as it is now"


async def test_the_title_counts_marks_and_says_how_many_are_hidden() -> None:
    async with shown(*many(20)) as (grid, _, _):
        grid.set_title(("Rows", Tone.PLAIN))
        grid.do_mark()
        grid.do_down()
        grid.do_mark()
        assert grid.title_text == "Rows  ◆ 2 marked"
        grid.set_filter("row-00001")
        assert grid.title_text == "Rows  ◆ 2 marked, 1 of them hidden"
        grid.do_unmark()
        assert grid.title_text == "Rows"


async def test_a_row_that_is_gone_takes_its_mark_along() -> None:
    rows = many(5)
    async with shown(*rows) as (grid, _, _):
        grid.do_mark_all()
        grid.show(rows[:2])
        assert len(grid.marks) == 2
        grid.show(rows)
        assert len(grid.marks) == 2, "and comes back without it"


async def test_everything_a_filter_leaves_is_marked_and_a_stretch_from_the_last_mark() -> None:
    async with shown(*many(30)) as (grid, _, _):
        grid.set_filter("row-0001")
        grid.do_mark_all()
        grid.set_filter("")
        assert len(grid.marks) == 10
        grid.do_unmark()
        grid.move_to(4)
        grid.do_mark()
        grid.move_to(7)
        grid.do_mark_stretch()
        assert sorted(grid.marks) == [f"row-0000{number}" for number in (4, 5, 6, 7)]
        grid.move_to(2)
        grid.do_mark_stretch()
        assert len(grid.marks) == 6


@pytest.mark.parametrize("sign", ["◆", "*"])
async def test_a_mark_is_read_without_colour_also_under_the_cursor(sign: str) -> None:
    grid: Grid[Row] = Grid(VIEW, clock=Clock())
    app = Host(grid)
    app.look = colourless()
    if sign == ASCII.mark:
        app.glyphs = ASCII
    async with app.run_test(size=(60, 12)):
        grid.focus()
        grid.show(many(3))
        grid.do_mark()
        grid.do_down()
        grid.do_mark()

        assert [line[1] for line in lines_of(grid)[2:5]] == [sign, sign, " "]
        under_cursor = next(iter(list(grid.render_line(3))[1:]))
        assert under_cursor.style is not None
        assert under_cursor.style.reverse


async def test_marking_draws_its_line_and_the_edge() -> None:
    async with shown(*many(5)) as (grid, _, _):
        before = lines_of(grid)
        grid.do_mark()
        after = lines_of(grid)
        assert [number for number, line in enumerate(after) if line != before[number]] == [0, 2]


async def test_a_mark_in_a_tree_stays_when_its_branch_is_folded() -> None:
    root = Row("root", below=(Row("left", below=(Row("leaf"),)), Row("right")))
    grid: Grid[Row] = Grid(VIEW, clock=Clock())
    async with Host(grid).run_test(size=(60, 12)):
        grid.focus()
        grid.show_tree([root], children=lambda row: row.below)
        grid.select("leaf")
        grid.do_mark()
        grid.fold("left", opened=False)
        assert [row.key for row in grid.marked] == ["leaf"]


async def test_control_and_a_click_marks() -> None:
    async with shown(*many(5)) as (grid, _, pilot):
        await pilot.click(Grid, offset=(4, 4), control=True)
        assert list(grid.marks) == ["row-00002"]


async def test_an_act_is_about_one_release_and_never_picks_one_among_the_marked() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, "3", "space", "j", "space", "D")
        assert notice(app) == "Uninstall: one row at a time, and 2 are marked"
        assert "uninstall" not in hints(app)
        assert "unmark" in hints(app)
        await press(pilot, "-", "space", "j", "U")
        assert notice(app) == "Upgrade: another row is marked"
        await press(pilot, "k")
        assert "uninstall" in hints(app), "the marked row is the one under the cursor"
        assert len(app.screen_stack) == 1


async def test_what_only_reads_takes_all_marked_rows() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "2", "space", "j", "space", "y")
        screen = app.screen
        assert isinstance(screen, TextScreen)
        assert [ref.name for ref in screen.refs] == ["payments-api", "search"]
        assert "# Application payments-api · shop · prod-east" in screen.view.text
        assert "\n---\n# Application search · shop · prod-east" in screen.view.text
        await press(pilot, "escape", "3", "space", "j", "space", "x")
        assert isinstance(app.screen, DoctorScreen)
        assert [ref.name for ref in app.screen.refs] == ["payments-api", "orders-cache"]


async def test_too_many_questions_are_not_asked_at_once() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "+", "x")
        assert notice(app) == "Doctor: 20 rows at most, and 30 are marked"


async def test_the_applications_of_all_marked_clusters() -> None:
    async with opened() as (app, pilot):
        pane(app).grid.select("staging")
        await press(pilot, "space")
        pane(app).grid.select("edge-7")
        await press(pilot, "space", "a")
        assert pane(app).aim.clusters == frozenset({"staging", "edge-7"})
        assert not pane(app).grid.marks


async def test_names_are_copied_for_a_command_and_rows_for_a_table() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "space", "j", "space", "Y")
        assert app.clipboard == "payments-api\norders-cache"
        assert notice(app).startswith("Copied 2 names")
        await press(pilot, "T")
        head, first, second = app.clipboard.split("\n")
        assert head.split("\t")[:3] == ["NAME", "NAMESPACE", "CLUSTER"]
        assert first.split("\t")[:3] == ["payments-api", "shop", "prod-east"]
        assert second.split("\t")[:3] == ["orders-cache", "orders", "staging"]
        assert head.count("\t") == first.count("\t") == second.count("\t")
        await press(pilot, "-", "Y")
        assert app.clipboard == "orders-cache"


async def test_what_is_too_long_for_a_clipboard_is_offered_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "LIMIT", 20)
    async with opened(settings=Settings(theme="dark", glyphs="full")) as (app, pilot):
        await press(pilot, "3", "+", "T")
        app.screen.query_one(Entry).value = str(tmp_path / "rows.tsv")
        await press(pilot, "enter")
        assert "Saved 31 lines" in notice(app)
    assert (tmp_path / "rows.tsv").read_text().startswith("NAME\tNAMESPACE\t")
