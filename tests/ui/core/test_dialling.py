"""A cluster that is listed only is said to be so, and is dialled when somebody looks at it."""

from __future__ import annotations

from msgspec import structs

from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import Age, Freshness
from acp_tui.ui.panes.scope import Scope
from tests.fakes.backend import NOW, fake_backend
from tests.ui.core.scene import opened

LIVE = Freshness(Age.LIVE, NOW)


def words(scope: Scope) -> str:
    return "".join(text for text, _ in scope.counts())


def test_who_is_listed_is_neither_connecting_nor_missing() -> None:
    listed = [ClusterSummary(f"far-{number}", dialled=False) for number in range(8)]
    scope = Scope.of([ClusterSummary("near", reachable=True, freshness=LIVE), *listed])

    assert words(scope) == "9 clusters · 1 live · 8 not dialled"
    assert "".join(text for text, _ in scope.state(NOW)) == "live"


def test_nobody_dialled_is_not_live() -> None:
    scope = Scope.of([ClusterSummary("far", dialled=False)])

    assert "".join(text for text, _ in scope.state(NOW)) == "not dialled"


async def test_looking_at_a_listed_cluster_dials_it() -> None:
    fake = fake_backend()
    fake.fleet.tables["clusters"] = [
        structs.replace(row, dialled=row.name != "staging") for row in fake.fleet.tables["clusters"]
    ]
    async with opened(fake) as (app, pilot):
        assert not fake.fleet.looked
        app.workspace.pane.grid.select("staging")
        await pilot.press("a")
        await pilot.pause()

        assert "staging" in fake.fleet.looked
