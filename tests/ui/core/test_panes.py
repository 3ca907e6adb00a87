"""Up to four panes on one screen."""

from __future__ import annotations

import pytest

from tests.ui.core.scene import notice, opened, pane, press, workspace


async def test_panes_have_their_own_view_clusters_and_filter() -> None:
    async with opened(size=(160, 40)) as (app, pilot):
        await press(pilot, "g")
        assert [each.aim.view for each in workspace(app).panes] == ["clusters", "releases"]
        await press(pilot, "/", *"failed", "enter", "tab")
        assert [each.aim.filter for each in workspace(app).panes] == ["", "failed"]
        assert pane(app).aim.view == "clusters"


async def test_there_are_at_most_four_panes_and_the_fifth_says_why_not() -> None:
    async with opened(size=(200, 60)) as (app, pilot):
        for _ in range(4):
            await press(pilot, "g")

        assert len(workspace(app).panes) == 4
        assert "4 panes are all there can be" in notice(app)


async def test_zoom_shows_one_pane_and_back() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "g", "z")
        assert [each.display for each in workspace(app).panes] == [False, True]
        await press(pilot, "tab")
        assert [each.display for each in workspace(app).panes] == [True, False]
        await press(pilot, "z")
        assert [each.display for each in workspace(app).panes] == [True, True]


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
async def test_a_zoomed_pane_has_the_whole_width(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, pilot):
        await press(pilot, "g", "g", "z")

        assert len(workspace(app).panes) > 2
        assert pane(app).size.width == size[0]
        assert pane(app).query_one(".detail").display


async def test_a_pane_can_be_closed_but_not_the_last() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "g", "X")
        assert len(workspace(app).panes) == 1
        await press(pilot, "X")
        assert "there is one pane only" in notice(app)
