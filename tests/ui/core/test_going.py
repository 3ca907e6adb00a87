"""Where keys and typed words lead, and how the rows are narrowed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from acp_tui.ui.widgets.grid import Grid
from tests.fakes.backend import fake_backend
from tests.ui.core.host import lines_of
from tests.ui.core.scene import names, notice, opened, pane, press, settle, workspace


@pytest.mark.parametrize(
    ("key", "view", "title"),
    [
        ("2", "applications", "Applications 32 ✖ 2"),
        ("3", "releases", "Releases 30 ✖ 2"),
        ("4", "quotas", "Quotas 16"),
        ("7", "activity", "Activity 2"),
    ],
)
async def test_a_digit_leads_to_a_view_and_escape_back(key: str, view: str, title: str) -> None:
    async with opened() as (app, pilot):
        await press(pilot, key)
        assert pane(app).aim.view == view
        assert pane(app).grid.title_text == title
        await press(pilot, "escape")
        assert pane(app).aim.view == "clusters"


async def test_enter_on_a_cluster_shows_its_applications_and_escape_leads_back_to_it() -> None:
    async with opened() as (app, pilot):
        pane(app).grid.select("staging")
        await press(pilot, "enter")
        assert pane(app).aim.clusters == frozenset({"staging"})
        assert len(names(app)) == 10
        await press(pilot, "escape")
        assert pane(app).grid.key == "staging"


async def test_a_filter_narrows_while_it_is_typed() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"ledger")
        assert set(names(app)) == {"ledger"}
        await press(pilot, "enter")
        assert isinstance(app.focused, Grid)
        assert pane(app).grid.title_text.endswith("3/30  /ledger")
        await press(pilot, "escape")
        assert len(names(app)) == 30


async def test_escape_in_the_filter_takes_back_what_was_typed() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"ledger", "escape")

        assert len(names(app)) == 30
        assert isinstance(app.focused, Grid)


async def test_letters_in_the_filter_are_letters_and_no_commands() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "/", *"q2?:z")

        assert pane(app).aim.view == "releases"
        assert pane(app).aim.filter == "q2?:z"


@pytest.mark.parametrize(
    ("typed", "view", "clusters", "namespace"),
    [
        ("helm", "releases", None, ""),
        ("rel shop", "releases", None, "shop"),
        ("apps @staging", "applications", frozenset({"staging"}), ""),
        ("ns shop", "clusters", None, "shop"),
        ("ctx prod-east", "clusters", frozenset({"prod-east"}), ""),
        ("quota", "quotas", None, ""),
    ],
)
async def test_a_place_is_typed_after_a_colon(
    typed: str, view: str, clusters: frozenset[str] | None, namespace: str
) -> None:
    async with opened() as (app, pilot):
        await press(pilot, ":")
        for letter in typed:
            await pilot.press({" ": "space", "@": "at", "-": "minus"}.get(letter, letter))
        await press(pilot, "enter")

        assert (pane(app).aim.view, pane(app).aim.clusters, pane(app).aim.namespace) == (view, clusters, namespace)


async def test_any_kind_is_shown_in_the_columns_its_server_prints() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, ":", *"pods", "enter")

        assert [column.title for column in pane(app).grid.view.columns][:4] == ["NAME", "NAMESPACE", "READY", "STATUS"]
        assert fake.inspector.asked == [("table", "pods", None, "")]
        assert pane(app).grid.state_text == "without 1 cluster · 0 s ago"
        pane(app).grid.select("prod-east//Pod/shop/payments-api-7c9d-x2k9p")
        selected = workspace(app).selected_object()
        assert selected is not None
        assert selected.name == "payments-api-7c9d-x2k9p"


async def test_a_kind_nobody_serves_is_told_and_not_asked_for_again() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, ":", *"gizmos", "enter")

        assert "no table for gizmos" in notice(app)
        assert "no table for gizmos" in "\n".join(lines_of(pane(app).grid))
        pane(app).tick()
        assert len(fake.inspector.asked) == 1


async def test_an_unknown_cluster_is_told_with_those_there_are() -> None:
    async with opened() as (app, pilot):
        await press(pilot, ":", *"ctx", "space", *"mars", "enter")

        assert "there is no cluster 'mars'" in notice(app)
        assert "prod-east" in notice(app)
        assert pane(app).aim.clusters is None


async def test_zero_shows_everything_again() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "a", "0")

        assert pane(app).aim.clusters is None
        assert len(names(app)) == 32


async def test_the_clusters_of_a_pane_are_chosen_in_a_dialog() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "3", "c", "-", "end", "space", "enter")

        assert pane(app).aim.clusters == frozenset({"staging"})
        assert len(names(app)) == 10


async def test_an_aim_shows_what_lies_in_it() -> None:
    fake = fake_backend()
    async with opened(fake) as (app, pilot):
        await press(pilot, "3")
        workspace(app).pane.go(replace(pane(app).aim, namespace="shop", clusters=frozenset({"prod-west"})))
        await settle(pilot)

        assert sorted(names(app)) == ["payments-api", "payments-worker", "search"]
