"""Columns and cells: what is shown at which width, and in which tone."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest

from acp_tui.fleet.cells import age, aged, health_cell, of_cell, use_cell
from acp_tui.fleet.views import ACTIVITY, APPLICATIONS, CLUSTERS, GAP, QUOTAS, RELEASES, VIEWS, Cell, View, view
from acp_tui.model.application import ApplicationSource, ApplicationSummary
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import NEVER, Age, Freshness
from acp_tui.model.health import Health, Tone
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Verb
from acp_tui.model.quota import QuotaSummary, QuotaUse
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef, ReleaseSummary

NOW = 1000.0
LIVE, STALE = Freshness(Age.LIVE, 999.0), Freshness(Age.STALE, 959.0, "watch broke")
PAY = ReleaseRef("east", "shop", "pay")
ROWS: dict[str, list[Any]] = {
    "clusters": [
        ClusterSummary("nobody-asked"),
        ClusterSummary("prod", health=Health.HEALTHY, nodes=3, nodes_ready=3, problem_pods=0, freshness=LIVE),
    ],
    "applications": [
        ApplicationSummary(ObjectRef("e", "", "Instance", "shop", "pay"), ApplicationSource.INSTANCE),
        ApplicationSummary(ObjectRef("e", "", "X", "s", "p"), ApplicationSource.OWNER, Health.HEALTHY, freshness=LIVE),
    ],
    "releases": [ReleaseSummary(PAY, 1, "deployed", freshness=LIVE), ReleaseSummary(PAY, 2, "odd-word")],
    "quotas": [QuotaSummary("e", "shop", "default"), QuotaSummary("e", "", "", "retail", freshness=LIVE)],
    "activity": [Operation("1", Verb.ROLLBACK, PAY, "back to 41", OperationState.RUNNING, 900.0)],
}


def cell(which: View[Any], column: str, row: Any) -> Cell:
    found = which.column(column)
    assert found is not None
    return which.cell(found, row, NOW)


@pytest.mark.parametrize("which", VIEWS, ids=lambda each: each.id)
@pytest.mark.parametrize("width", [78, 118, 198])
def test_every_view_fits_every_usual_width(which: View[Any], width: int) -> None:
    fitted = which.fit(width)
    total = sum(cells for _, cells in fitted) + GAP * (len(fitted) - 1)

    assert total == width
    assert all(cells >= (column.least or column.width) for column, cells in fitted)
    assert all(len(column.title) <= column.width for column in which.columns)


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (APPLICATIONS, {"name", "env", "health", "ready", "reason"}),
        (RELEASES, {"name", "env", "revision", "status", "chart", "updated"}),
        (QUOTAS, {"namespace", "worst", "cpu", "memory"}),
    ],
    ids=["applications", "releases", "quotas"],
)
def test_eighty_columns_show_what_one_acts_on(which: View[Any], wanted: set[str]) -> None:
    assert wanted <= {column.id for column, _ in which.fit(76)}


@pytest.mark.parametrize(("which", "health"), [(APPLICATIONS, "health"), (RELEASES, "status"), (QUOTAS, "worst")])
def test_a_quarter_of_eighty_columns_still_says_how_things_are(which: View[Any], health: str) -> None:
    fitted = which.fit(36)

    assert health in {column.id for column, _ in fitted}
    assert sum(cells for _, cells in fitted) + GAP * (len(fitted) - 1) <= 36 + 6


def test_names_shrink_for_what_matters_and_for_nothing_else() -> None:
    narrow, wide = ({column.id: cells for column, cells in APPLICATIONS.fit(width)} for width in (76, 156))

    assert narrow["name"] < wide["name"]
    assert wide["name"] >= 20


def test_what_matters_most_is_never_hidden() -> None:
    shown = {column.id for column, _ in CLUSTERS.fit(20)}

    assert {"name", "env", "health", "age"} <= shown
    assert "server" not in shown


@pytest.mark.parametrize("which", VIEWS, ids=lambda each: each.id)
def test_every_column_of_every_row_has_a_cell_and_a_sort_key(which: View[Any]) -> None:
    rows = ROWS[which.id]

    for column in which.columns:
        assert all(isinstance(which.cell(column, row, NOW).text, str) for row in rows)
        assert len(sorted(rows, key=column.sort)) == len(rows)
    assert len(sorted(rows, key=which.order)) == len(rows)


@pytest.mark.parametrize("which", [CLUSTERS, APPLICATIONS, RELEASES, QUOTAS], ids=lambda each: each.id)
def test_nothing_unknown_or_stale_is_green(which: View[Any]) -> None:
    for row in ROWS[which.id]:
        for freshness in (NEVER, STALE):
            old = type(row)(**{name: getattr(row, name) for name in row.__struct_fields__} | {"freshness": freshness})
            assert Tone.OK not in {which.cell(column, old, NOW).tone for column in which.columns}


def test_a_cluster_nobody_asked_is_unknown_and_one_that_is_silent_is_down() -> None:
    assert cell(CLUSTERS, "health", ClusterSummary("a")) == Cell("?", Tone.UNKNOWN)
    assert cell(CLUSTERS, "pods", ClusterSummary("a")) == Cell("?", Tone.UNKNOWN)
    down = ClusterSummary("a", health=Health.HEALTHY, reachable=False, nodes=3, freshness=STALE)
    assert cell(CLUSTERS, "quota", ClusterSummary("a")) == Cell("?", Tone.UNKNOWN)
    assert cell(CLUSTERS, "quota", ClusterSummary("a", quotas=0)).text == "-"
    assert cell(CLUSTERS, "health", down) == Cell("DOWN", Tone.UNKNOWN)
    assert cell(CLUSTERS, "nodes", down) == Cell("?/3", Tone.UNKNOWN)
    stale = ClusterSummary("a", health=Health.HEALTHY, reachable=True, freshness=STALE)
    assert cell(CLUSTERS, "health", stale) == Cell("STALE", Tone.STALE)
    assert cell(CLUSTERS, "age", stale) == Cell("41s", Tone.STALE)


def test_a_release_says_how_long_it_has_been_pending() -> None:
    pending = ReleaseSummary(PAY, 9, "pending-upgrade", updated_at=NOW - 180, freshness=LIVE)
    stuck = ReleaseSummary(PAY, 9, "pending-upgrade", stuck=True, updated_at=NOW - 2460, freshness=LIVE)

    assert cell(RELEASES, "status", pending) == Cell("pending 3m", Tone.WARN)
    assert cell(RELEASES, "status", stuck) == Cell("stuck 41m", Tone.FAIL)


def test_a_quota_bar_shows_the_tightest_spelling_of_a_resource() -> None:
    uses = (
        QuotaUse("limits.cpu", Fraction(10), Fraction(50)),
        QuotaUse("requests.cpu", Fraction(91, 2), Fraction(50)),
        QuotaUse("requests.memory", Fraction(124 * 2**30), Fraction(200 * 2**30)),
    )
    row = QuotaSummary("e", "shop", "default", uses=uses, freshness=LIVE)
    cpu = QUOTAS.column("cpu")

    assert cell(QUOTAS, "cpu", row) == Cell("91% 45.5/50", Tone.WARN)
    assert cell(QUOTAS, "memory", row) == Cell("62% 124/200Gi", Tone.OK)
    assert cell(QUOTAS, "pods", row) == Cell("-", Tone.DIM)
    assert cpu is not None
    assert cpu.bar is not None
    assert cpu.bar(row) == 0.91


def test_use_that_was_not_counted_is_unknown() -> None:
    assert use_cell(QuotaUse("pods", None, Fraction(10))) == Cell("?/10", Tone.UNKNOWN)


def test_an_engine_that_ended_well_is_not_yet_green() -> None:
    done = Operation("1", Verb.ROLLBACK, PAY, "", OperationState.SUCCEEDED, 900.0, ended_at=952.0)
    proven = Operation(
        "1", Verb.ROLLBACK, PAY, "", OperationState.SUCCEEDED, 900.0, outcome=Outcome(OutcomeKind.HEALTHY, "3/3")
    )

    assert cell(ACTIVITY, "state", done).tone is Tone.UNKNOWN
    assert cell(ACTIVITY, "state", proven) == Cell("healthy", Tone.OK)
    assert cell(ACTIVITY, "took", done).text == "52s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (41, "41s"), (180, "3m"), (4 * 3600, "4h"), (47 * 3600, "47h"), (12 * 86400, "12d"), (9e8, "28y")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age(1e9 - seconds, 1e9) == text


def test_an_unknown_moment_has_no_age() -> None:
    assert age(None, NOW) == "?"


def test_halves_that_are_not_known_are_said_so() -> None:
    assert of_cell(None, 3) == Cell("?/3", Tone.UNKNOWN)
    assert of_cell(2, 3).tone is Tone.FAIL
    assert aged(health_cell(Health.DEGRADED), STALE) == Cell("FAIL", Tone.STALE)


def test_a_view_is_found_by_its_id() -> None:
    assert view("quotas") is QUOTAS
    with pytest.raises(KeyError):
        view("no-such-pane")


def test_columns_can_be_read_without_any_client_library() -> None:
    heavy = ("aiohttp", "yaml", "kubernetes_asyncio")
    code = f"import sys, acp_tui.fleet.views; print([m for m in {heavy} if m in sys.modules])"

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
