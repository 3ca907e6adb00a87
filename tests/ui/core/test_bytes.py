"""Every frame is as small as the change in it: bytes at 200x50 in true colour, in every view and not in one scene."""

from __future__ import annotations

import pytest
from msgspec import structs

from acp_tui.ui.panes.aim import OBJECTS, Aim
from acp_tui.ui.screens.matrix import MatrixScreen
from acp_tui.ui.screens.text import TextScreen
from tests.ui.core.scene import pane
from tests.ui.core.town import KINDS, town
from tests.ui.core.weigh import Scales, scales
from tests.ui.detail.scene import POD, scene

VIEWS = ("1", "2", "3", "4", "7")
PAGES = 6


@pytest.mark.parametrize("zoom", [(), ("z",)], ids=["beside another pane", "zoomed"])
async def test_a_step_of_the_cursor_with_all_that_is_told_of_the_row(zoom: tuple[str, ...]) -> None:
    async with scales() as here:
        await here.weigh("tab", *zoom)
        for key in VIEWS:
            await here.weigh(key)
            steps = {pane(here.app).grid.key: await here.weigh("j") for _ in range(12)}
            assert max(steps.values()) <= 600, steps


async def test_a_running_cursor_tells_of_a_row_only_where_it_rests() -> None:
    async with scales() as here:
        await here.weigh("tab", "2")
        walked = await here.weigh(*"jjjjjjjj")
        assert walked <= 8 * 200 + 400
        assert f"╭─ {pane(here.app).row.ref.name}" in here.text


async def test_a_step_over_the_edge_of_the_one_pane_costs_the_row_that_comes_in() -> None:
    async with scales(town()) as here:
        await here.weigh("tab", "z")
        for key in ("2", "3"):
            await here.weigh(key)
            await here.weigh(*"j" * (pane(here.app).grid.page - 1))
            steps = [await here.weigh("j") for _ in range(4)]
            # The row itself, and all that is told of it below; without the terminal's help it is a page.
            assert pane(here.app).grid.first == len(steps)
            assert max(steps) <= 700, steps


async def test_a_text_that_goes_on_by_a_line_costs_the_line() -> None:
    fake = scene()
    lines = (
        f"  key-{n}: value {n * 7919 % 10007} of {'abc'[n % 3] * (n % 40)}, and words {n % 97}" for n in range(400)
    )
    fake.inspector.texts[POD.key] = "\n".join(lines)
    async with scales(fake) as here:
        here.app.push_screen(TextScreen(POD))
        await here.rest()
        assert max([await here.weigh(key) for key in "jjjkk"]) <= 300
        assert 300 < await here.weigh("pagedown") <= 4000


async def test_a_page() -> None:
    async with scales() as here:
        await here.weigh("tab")
        for key in VIEWS:
            await here.weigh(key)
            pages = [await here.weigh("pagedown") for _ in range(2)]
            assert max(pages) <= 4000, (key, pages)


async def test_a_page_of_the_one_pane_there_is_over_thousands_of_rows_of_which_no_two_are_alike() -> None:
    async with scales(town()) as here:
        await here.weigh("tab", "z")
        found = {}
        for key in VIEWS:
            await here.weigh(key)
            found[key] = await pages(here)
        for kind in KINDS:
            pane(here.app).go(Aim(OBJECTS, kind=kind))
            await here.rest()
            found[kind] = await pages(here)
        here.app.push_screen(MatrixScreen())
        await here.rest()
        found["matrix"] = await pages(here)
        here.app.pop_screen()
        await here.rest()
        long_texts = found.pop("events")
        assert all(0 < sent <= 4000 for view in found.values() for sent, _ in view), found
        # Whole sentences in every row of 200 cells are more than that by themselves; the way to them is a third more.
        assert all(sent <= max(4000, 1.35 * said) for sent, said in long_texts), long_texts


async def pages(here: Scales) -> list[tuple[int, int]]:
    """Of some pages, one after the other: bytes sent, and bytes of letters that stand where others stood."""
    found = []
    for _ in range(PAGES):
        before = here.cells
        sent = await here.weigh("pagedown")
        pairs = zip(before, here.cells, strict=True)
        found.append((sent, sum(len(new.encode()) for old, new in pairs if new != old and not new.isspace())))
    return found


async def test_dialogs_come_and_go() -> None:
    async with scales() as here:
        for key in VIEWS:
            await here.weigh(key, "j")
            for opens in ("?", "ctrl+p", "c"):
                assert 0 < await here.weigh(opens) <= 3000, (key, opens)
                assert 0 < await here.weigh("escape") <= 3000, (key, opens)


async def test_a_mark_is_a_line_and_a_count() -> None:
    async with scales() as here:
        await here.weigh("tab", "3")
        assert await here.weigh("space") <= 300
        assert await here.weigh("space") <= 300


async def test_one_changed_cell_also_behind_a_dialog() -> None:
    async with scales() as here:
        for asked in ((), ("?",)):
            await here.weigh(*asked)
            row = here.fake.fleet.tables["clusters"][1]
            here.fake.fleet.change("clusters", structs.replace(row, nodes=row.nodes + 1))
            assert 0 < await here.rest() <= 150
            assert f"{row.nodes_ready}/{row.nodes + 1}" in here.text


async def test_what_stands_still_costs_nothing() -> None:
    async with scales() as here:
        for _ in range(3):
            here.app._tick()
            here.fake.fleet.tell("clusters", "applications", "releases", "quotas")
            assert await here.rest() == 0
