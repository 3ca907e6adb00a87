"""`acp-tui get` over a fleet with trouble in it, one of whose clusters never answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from acp_tui.clients.box import Box
from tests.cli.conftest import Acp

pytestmark = pytest.mark.usefixtures("fleet")


def test_a_list_is_a_kind_and_items_with_the_worst_first(acp: Acp) -> None:
    answer = acp("get", "releases", "-o", "json")

    assert answer.code == 0
    assert answer.document["kind"] == "ReleaseList"
    first, second = answer.document["items"][:2]
    assert (first["ref"]["name"], first["status"], first["ref"]["cluster"]) == ("payments-api", "failed", "prod-east")
    assert (second["ref"]["name"], second["stuck"], second["ref"]["cluster"]) == ("orders-cache", True, "staging")
    assert "deadline" in first["reason"]


def test_a_cluster_that_never_answers_is_named_and_costs_nobody_else_anything(acp: Acp) -> None:
    answer = acp("get", "applications", "-o", "json")

    assert answer.code == 0
    assert answer.err == ""
    assert {item["ref"]["cluster"] for item in answer.document["items"]} == {"prod-east", "staging"}
    (missing,) = answer.document["incomplete"]
    assert (missing["cluster"], missing["exitCode"]) == ("edge-9", 4)
    assert missing["advice"]


def test_the_fleet_shows_what_is_not_known_as_not_known(acp: Acp) -> None:
    rows = {item["name"]: item for item in acp("get", "clusters", "-o", "json").document["items"]}

    assert rows["prod-east"]["health"] == "Degraded"
    assert rows["prod-east"]["pods"] > 100
    assert rows["edge-9"]["health"] == "Unknown"
    assert rows["edge-9"]["pods"] is None


def test_quotas_are_exact_numbers(acp: Acp) -> None:
    answer = acp("get", "quotas", "--context", "prod-east", "-n", "shop", "-o", "json")

    (row,) = (item for item in answer.document["items"] if item["name"] == "default")
    uses = {use["resource"]: (float(use["used"]), float(use["hard"])) for use in row["uses"]}
    used, hard = uses["requests.cpu"]
    assert 0 < used < hard


def test_yaml_says_the_same_as_json(acp: Acp) -> None:
    words = ("get", "releases", "--context", "staging")
    found = yaml.safe_load(acp(*words, "-o", "yaml").out)
    same = acp(*words, "-o", "json").document

    assert [item["ref"] for item in found["items"]] == [item["ref"] for item in same["items"]]


def test_a_table_is_for_people_and_wide_is_wider(acp: Acp) -> None:
    table = acp("get", "clusters", "--context", "prod-east")
    wide = acp("get", "clusters", "--context", "prod-east", "-o", "wide")

    assert table.code == 0
    assert table.out.split()[:3] == ["CLUSTER", "ENV", "ROLE"]
    assert "SERVER" not in table.out
    assert "SERVER" in wide.out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("-l", "payments"), {"payments-api"}),
        (("-n", "billing", "-l", "invoice"), {"invoice-worker"}),
        (("-l", "no such thing"), set()),
    ],
)
def test_rows_can_be_chosen(acp: Acp, words: tuple[str, ...], found: set[str]) -> None:
    answer = acp("get", "releases", "--context", "prod-east", *words, "-o", "json")

    assert {item["ref"]["name"] for item in answer.document["items"]} == found


def test_a_user_without_the_right_to_some_kinds_sees_the_rest_and_is_told(acp: Acp, box: Box) -> None:
    answer = acp("get", "clusters", "--kubeconfig", str(box.viewer), "--context", "prod-east", "-o", "json")

    assert answer.code == 0
    (row,) = answer.document["items"]
    assert row["health"] != "Healthy"
    told = {line["title"].partition(":")[0] for line in answer.document["incomplete"]}
    assert {"nodes", "helm-secrets"} & told


def test_only_a_dead_cluster_means_failure(acp: Acp) -> None:
    answer = acp("get", "releases", "--context", "edge-9", "--timeout", "0.5", "-o", "json")

    assert answer.code == 4
    assert answer.out == ""
    assert answer.error["slug"]
    assert "edge-9" in answer.error["title"]


def test_nothing_was_done_from_here_yet(acp: Acp) -> None:
    assert acp("get", "activity", "-o", "json").document == {"kind": "OperationList", "items": []}


def test_the_short_word_means_the_same(acp: Acp, fleet: Path) -> None:
    assert fleet.exists()
    assert acp("get", "rel", "--context", "staging", "-o", "json").document["kind"] == "ReleaseList"
