"""Releases across clusters: who is ahead, who is odd, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from acp_tui.insight.matrix import Known, MatrixRow, Standing, in_words, matrix, values_hash, version_order
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import NEVER, Age, Freshness
from acp_tui.model.health import Tone
from acp_tui.model.release import ReleaseRef, ReleaseSummary
from acp_tui.model.rollout import Drifted, ObjectDrift

LIVE = Freshness(Age.LIVE, 100.0)
STALE = Freshness(Age.STALE, 60.0, "watch stalled")


def cluster(name: str, **facts: Any) -> ClusterSummary:
    facts.setdefault("reachable", True)
    facts.setdefault("freshness", LIVE)
    return ClusterSummary(name=name, **facts)


def release(place: str, version: str, name: str = "pay", **facts: Any) -> ReleaseSummary:
    facts.setdefault("status", "deployed")
    facts.setdefault("chart", "api")
    facts.setdefault("freshness", LIVE)
    facts.setdefault("values_hash", "aaaa")
    return ReleaseSummary(ReleaseRef(place, "shop", name), 3, chart_version=version, **facts)


EAST, WEST, STAGING = cluster("east"), cluster("west"), cluster("staging")
ALL = (EAST, WEST, STAGING)


def only(*rows: ReleaseSummary, clusters: tuple[ClusterSummary, ...] = ALL, **more: Any) -> MatrixRow:
    found = [row for row in matrix(rows, clusters, **more) if row.name == "pay"]
    assert len(found) == 1
    return found[0]


def standings(row: MatrixRow) -> list[Standing]:
    return [cell.standing for cell in row.cells]


def test_a_release_that_is_alike_everywhere_is_the_same_in_each_cell() -> None:
    row = only(release("east", "1.9.1"), release("west", "1.9.1"), release("staging", "1.9.1"))
    assert standings(row) == [Standing.SAME] * 3
    assert row.newest == "1.9.1"


def test_the_highest_version_is_the_newest_and_the_others_are_behind() -> None:
    row = only(release("east", "1.9.2"), release("west", "1.9.10"), release("staging", "1.10.0"))
    assert row.newest == "1.10.0"
    assert standings(row) == [Standing.BEHIND, Standing.BEHIND, Standing.NEWEST]
    assert in_words(row, row.cells[0])[0] == "behind: the newest is 1.10.0 (staging)"
    assert in_words(row, row.cells[2])[0] == "the newest; behind it: east 1.9.2, west 1.9.10"


def test_a_broken_cell_says_so_and_not_that_it_is_behind() -> None:
    row = only(
        release("east", "1.9.2", status="failed"),
        release("west", "1.9.1", status="pending-upgrade", stuck=True),
        release("staging", "1.9.3", status="pending-upgrade"),
    )
    assert standings(row) == [Standing.FAILED, Standing.STUCK, Standing.PENDING]
    assert [cell.tone for cell in row.cells] == [Tone.FAIL, Tone.FAIL, Tone.WARN]


def test_values_that_most_do_not_have_are_odd() -> None:
    row = only(release("east", "1.9.1"), release("west", "1.9.1", values_hash="bbbb"), release("staging", "1.9.1"))
    assert standings(row) == [Standing.SAME, Standing.VALUES, Standing.SAME]
    assert in_words(row, row.cells[1]) == ("values bbbb: other than in east, staging",)


def test_where_no_values_are_usual_none_are_odd() -> None:
    rows = (release(name, "1.9.1", values_hash=name) for name in ("east", "west", "staging"))
    assert standings(only(*rows)) == [Standing.SAME] * 3


def test_values_nobody_read_are_neither_usual_nor_odd() -> None:
    row = only(release("east", "1.9.1", values_hash=""), release("west", "1.9.1"), release("staging", "1.9.1"))
    assert standings(row) == [Standing.SAME] * 3
    assert in_words(row, row.cells[0]) == ()


def test_a_release_is_missed_only_where_others_of_its_namespace_are() -> None:
    row = only(release("east", "1.9.1"), release("west", "1.0.0", name="cart"), release("staging", "1.9.1"))
    assert standings(row) == [Standing.SAME, Standing.MISSING, Standing.SAME]
    bare = only(release("east", "1.9.1"), clusters=(EAST, WEST), whole=True)
    assert standings(bare) == [Standing.SAME, Standing.ABSENT]


def test_a_cluster_without_any_release_has_no_column_and_one_that_does_not_answer_has() -> None:
    dead = cluster("edge", reachable=False, freshness=NEVER)
    row = only(release("east", "1.9.1"), clusters=(EAST, WEST, dead))
    assert [(cell.cluster, cell.standing) for cell in row.cells] == [
        ("east", Standing.SAME),
        ("edge", Standing.UNKNOWN),
    ]
    assert row.cells[1].tone is Tone.UNKNOWN


@pytest.mark.parametrize(("freshness", "tone"), [(STALE, Tone.STALE), (NEVER, Tone.UNKNOWN), (LIVE, Tone.OK)])
def test_what_nobody_vouches_for_now_is_never_green(freshness: Freshness, tone: Tone) -> None:
    row = only(release("east", "1.9.1", freshness=freshness), release("west", "1.9.1"))
    assert row.cells[0].tone is tone


def test_a_release_whose_chart_nobody_read_is_unread_and_not_the_newest() -> None:
    row = only(release("east", "", chart=""), release("west", "1.9.1"))
    assert standings(row)[:2] == [Standing.UNREAD, Standing.SAME]
    assert row.cells[0].tone is Tone.UNKNOWN


def test_another_chart_under_the_same_name_is_not_compared_by_version() -> None:
    row = only(release("east", "9.0.0", chart="bitnami-api"), release("west", "1.9.1"), release("staging", "1.9.1"))
    assert row.newest == "1.9.1"
    assert standings(row) == [Standing.OTHER_CHART, Standing.SAME, Standing.SAME]


def test_drift_counts_only_for_the_revision_it_was_found_at() -> None:
    rows = (release("east", "1.9.1"), release("west", "1.9.1"))
    found = Drifted(rows[0].ref, 3, 90.0, 4, (ObjectDrift("Deployment", "pay", ("spec.replicas",)),))
    assert standings(only(*rows, drifts={rows[0].ref: found}))[0] is Standing.DRIFTED
    old = Drifted(rows[0].ref, 2, 90.0, 4, found.drifted)
    assert standings(only(*rows, drifts={rows[0].ref: old}))[0] is Standing.SAME


def test_what_is_broken_stands_first_and_what_is_in_one_cluster_last() -> None:
    rows = [
        release("east", "1.0.0", name="calm"),
        release("west", "1.0.0", name="calm"),
        release("east", "1.0.0", name="alone"),
        release("east", "1.0.0", name="apart"),
        release("west", "1.1.0", name="apart"),
        release("east", "1.0.0", name="broken", status="failed"),
        release("west", "1.0.0", name="broken"),
    ]
    assert [row.name for row in matrix(rows, (EAST, WEST))] == ["broken", "apart", "calm", "alone"]


def test_a_row_of_which_nothing_changed_is_the_same_object() -> None:
    known: Known = {}
    rows = [release("east", "1.0.0"), release("west", "1.0.0"), release("east", "2.0.0", name="cart")]
    before = {row.name: row for row in matrix(rows, (EAST, WEST), known=known)}
    rows[1] = release("west", "1.1.0")
    latency = structs.replace(WEST, latency_ms=80.0)
    after = {row.name: row for row in matrix(rows, (EAST, latency), known=known)}
    assert after["cart"] is before["cart"]
    assert after["pay"].newest == "1.1.0"
    assert [row.name for row in matrix(rows[:2], (EAST, WEST), known=known)] == ["pay"]
    assert list(known) == [("shop", "pay")]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.9.9", "1.10.0"),
        ("1.9", "1.9.1"),
        ("2.0.0-rc.2", "2.0.0-rc.10"),
        ("2.0.0-rc.1", "2.0.0"),
        ("2.0.0-1", "2.0.0-alpha"),
        ("v1.2.3", "v1.2.4"),
    ],
)
def test_versions_compare_as_semver_has_it(lower: str, higher: str) -> None:
    assert version_order(lower) < version_order(higher)


def test_build_metadata_and_a_leading_v_count_for_nothing() -> None:
    assert version_order("v1.2.3+a") == version_order("1.2.3+b")


def test_equal_values_have_equal_hashes_whatever_their_order() -> None:
    assert values_hash({"a": 1, "b": {"c": [1, 2]}}) == values_hash({"b": {"c": [1, 2]}, "a": 1})
    assert values_hash({"a": 1}) != values_hash({"a": "1"})
    assert len(values_hash({"password": "hunter2"})) == 8
