"""What may be typed after a colon."""

from __future__ import annotations

import pytest

from acp_tui.actions import find
from acp_tui.model.errors import UsageError
from acp_tui.ui.panes.aim import OBJECTS, Aim
from acp_tui.ui.panes.words import asked_first, completions, parse

HERE = Aim("releases", clusters=frozenset({"staging"}), namespace="shop", filter="pay", sort="name", key="x")
CLUSTERS = ("prod-east", "prod-west", "staging")


def aim(text: str) -> Aim:
    asked = parse(text, HERE, clusters=CLUSTERS)
    assert isinstance(asked, Aim)
    return asked


@pytest.mark.parametrize("word", ["fleet", "clusters", "ctx", "pulses", "FLEET"])
def test_words_for_the_fleet(word: str) -> None:
    assert aim(word).view == "clusters"


@pytest.mark.parametrize(
    ("word", "view"), [("app", "applications"), ("helm", "releases"), ("rq", "quotas"), ("ops", "activity")]
)
def test_words_for_other_views(word: str, view: str) -> None:
    assert aim(word).view == view


def test_another_view_keeps_clusters_and_namespace_and_drops_filter_and_sort() -> None:
    assert aim("apps") == Aim("applications", clusters=frozenset({"staging"}), namespace="shop")


def test_anything_else_is_a_kind() -> None:
    assert aim("deploy orders") == Aim("objects", clusters=frozenset({"staging"}), namespace="orders", kind="deploy")


def test_a_filter_and_a_cluster_can_be_named_with_it() -> None:
    assert aim("pods all @prod-east /crash") == Aim(
        "objects", clusters=frozenset({"prod-east"}), kind="pods", filter="crash"
    )


def test_a_part_of_a_name_is_enough_where_it_fits_one_cluster() -> None:
    assert aim("ctx east").clusters == frozenset({"prod-east"})


def test_a_part_that_fits_several_names_them() -> None:
    with pytest.raises(UsageError) as caught:
        aim("ctx prod")

    assert caught.value.advice == "known: prod-east, prod-west"


@pytest.mark.parametrize("text", ["ns all", "ns 0", "ns -"])
def test_all_namespaces(text: str) -> None:
    assert aim(text).namespace == ""


def test_nothing_but_a_filter_filters_where_we_are() -> None:
    assert aim("/ledger").filter == "ledger"
    assert aim("/ledger").view == "releases"


@pytest.mark.parametrize(
    ("word", "action"),
    [("q", "quit"), ("quit", "quit"), ("q!", "quit"), ("trace", "costs"), ("COSTS", "costs"), ("help", "help")],
)
def test_some_words_stand_for_what_can_be_done_everywhere(word: str, action: str) -> None:
    assert parse(word, HERE, clusters=CLUSTERS) == f"global.{action}"
    assert find(f"global.{action}") is not None


def test_completions_name_clusters_and_namespaces() -> None:
    assert {"ctx prod-east", "ns shop", "pods", "helm"} <= set(completions(CLUSTERS, ["shop"]))


def test_a_place_to_begin_at_is_named_before_any_cluster_is_known() -> None:
    assert asked_first("") is None
    assert asked_first("deploy shop @east /web") == Aim(
        OBJECTS, kind="deploy", namespace="shop", clusters=frozenset({"east"}), filter="web"
    )
    with pytest.raises(UsageError, match="no view to begin with"):
        asked_first("quit")
