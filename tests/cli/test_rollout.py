"""Releases across clusters on the command line: the matrix, and one version taken from cluster to cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.box import Box, start_box
from tests.cli.conftest import Acp


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Two production clusters and staging, whose pods come up at once, and the platform's own."""
    box = start_box(
        tmp_path_factory.mktemp("three"), still=True, only=("global", "prod-east", "prod-west", "staging"), pace=0.02
    )
    yield box
    box.close()


@pytest.fixture(autouse=True)
def aimed(three: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(three.kubeconfig))


FREEZE = '[[freeze]]\nreason = "x"\nfrom = "2020-01-01 00:00"\nto = "2099-01-01 00:00"\ntimezone = "UTC"\n'


def cells(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cell["cluster"]: cell for cell in row["cells"]}


class TestMatrix:
    def test_each_release_is_a_row_with_a_cell_a_cluster(self, acp: Acp) -> None:
        answer = acp("release", "matrix", "-o", "json")
        rows = {(row["namespace"], row["name"]): row for row in answer.document["items"]}
        pay = rows["shop", "payments-api"]

        assert (answer.code, answer.document["kind"], pay["newest"]) == (0, "ReleaseMatrix", "1.9.3")
        assert {name: (cell["chartVersion"], cell["standing"]) for name, cell in cells(pay).items()} == {
            "prod-east": ("1.9.2", "failed"),
            "prod-west": ("1.9.1", "behind"),
            "staging": ("1.9.3", "newest"),
        }
        assert all(len(cell["valuesHash"]) == 8 for cell in cells(pay).values())
        assert cells(pay)["staging"]["drift"] == "not looked"
        assert cells(rows["insights", "insights-api"])["staging"]["standing"] == "absent"
        assert answer.document["items"][0]["name"] in ("orders-cache", "payments-api"), "what is broken comes first"

    def test_for_people_it_is_a_table_and_wide_names_the_values(self, acp: Acp) -> None:
        lines = acp("release", "matrix", "payments-api").out.splitlines()
        wide = acp("release", "matrix", "payments-api", "-o", "wide").out

        assert lines[0].split() == ["RELEASE", "NAMESPACE", "PROD-EAST", "PROD-WEST", "STAGING"]
        assert "1.9.2 failed" in lines[1]
        assert len(lines) == 2
        assert len(wide.split()) == len(" ".join(lines).split()) + 3

    def test_drift_is_looked_at_only_where_it_is_asked_for(self, acp: Acp) -> None:
        row = acp("release", "matrix", "cart-api", "--drift", "-o", "json").document["items"][0]

        assert {cell["drift"]["revision"] for cell in cells(row).values()} == {31, 48}
        assert all(cell["drift"]["objects"] >= 3 for cell in cells(row).values())
        assert acp("release", "matrix", "--drift").code == 2

    def test_only_odd_ones_where_that_is_asked_for(self, acp: Acp) -> None:
        odd = {row["name"] for row in acp("release", "matrix", "--odd", "-o", "json").document["items"]}

        assert "payments-api" in odd
        assert "insights-api" not in odd

    def test_a_name_nobody_has(self, acp: Acp) -> None:
        answer = acp("release", "matrix", "nosuch", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")


@pytest.fixture
def engine() -> None:
    pytest.importorskip("helm_python")


@pytest.mark.usefixtures("engine")
class TestRollout:
    def test_a_plan_names_each_cluster_production_last_and_does_nothing(self, acp: Acp) -> None:
        answer = acp("release", "rollout", "tax-api", "--from", "staging", "--plan", "-o", "json")
        legs = answer.document["rollout"]["legs"]

        assert (answer.code, answer.document["kind"], answer.document["allowed"]) == (0, "RolloutPlan", True)
        assert [(leg["release"]["cluster"], leg["verb"], leg["before"]) for leg in legs] == [
            ("prod-east", "upgrade", "1.4.2"),
            ("prod-west", "upgrade", "1.4.2"),
        ]
        assert answer.document["confirm"] == "tax-api"
        assert acp("get", "activity", "-o", "json").document["items"] == []
        assert acp("release", "rollout").out == "No rollout yet.\n"

    def test_a_release_that_captain_keeps_is_changed_at_its_request(self, acp: Acp) -> None:
        words = ("release", "rollout", "login-web", "--from", "staging", "--to", "prod-west", "--plan", "-o", "json")
        answer = acp(*words)
        (plan,) = answer.document["plans"]

        assert (answer.code, plan["engine"], plan["intent"]["version"]) == (0, "Captain", "2.3.0")
        assert "through HelmRequest login-web-prod-west" in plan["headline"]
        assert (plan["intent"]["chart"], plan["intent"]["values"]) == ("", "")

    def test_the_same_plan_is_readable(self, acp: Acp) -> None:
        said = acp("release", "rollout", "tax-api", "--from", "staging", "--to", "prod-west", "--plan").out

        assert "Roll tax-api 1.5.0 of staging out" in said
        assert "prod-west  1.4.2  upgrade" in said

    def test_without_a_terminal_nothing_happens_without_yes(self, acp: Acp) -> None:
        answer = acp("release", "rollout", "tax-api", "--from", "staging", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (7, "refused")
        assert acp("get", "activity", "-o", "json").document["items"] == []

    def test_what_one_cluster_refuses_keeps_all_from_beginning(self, acp: Acp) -> None:
        words = ("release", "rollout", "orders-cache", "--from", "prod-east", "--to", "staging", "-o", "json")
        answer = acp("--read-only", *words, "--yes")

        assert (answer.code, answer.error["slug"]) == (7, "refused")
        assert "staging" in answer.error["tried"]

    @pytest.mark.parametrize(
        ("release", "rule", "said"),
        [
            ("tax-api", FREEZE, "A freeze holds"),
            ("login-web", FREEZE, "A freeze holds"),
            ("tax-api", "[[cap]]\nrestarts = 0\n", "The cap on restarts is not kept"),
        ],
        ids=["freeze, Helm", "freeze, Captain", "cap, Helm"],
    )
    def test_the_policy_of_the_team_holds_for_every_cluster_of_it(
        self, acp: Acp, tmp_path: Path, release: str, rule: str, said: str
    ) -> None:
        team = tmp_path / "team.toml"
        team.write_text(rule)
        words = ("release", "rollout", release, "--from", "staging", "--to", "prod-west", "--policy", str(team))
        planned = acp(*words, "--plan", "-o", "json")
        (plan,) = planned.document["plans"]
        refused = [check for check in plan["checks"] if check["result"] == "refuse"]

        assert (planned.code, planned.document["allowed"]) == (7, False)
        assert [check["title"] for check in refused] == [said]
        assert f"({team}:1)" in refused[0]["evidence"]
        assert acp(*words, "--yes", "-o", "json").error["slug"] == "refused"

    def test_a_cap_counts_the_pods_that_captain_will_restart(self, acp: Acp, tmp_path: Path) -> None:
        team = tmp_path / "team.toml"
        team.write_text("[[cap]]\nrestarts = 0\n")
        words = ("release", "rollback", "login-web", "--context", "prod-west", "--context", "global")
        free, capped = (acp(*words, "--plan", "-o", "json", *more) for more in ((), ("--policy", str(team))))
        restarts = sum(effect["restarts"] for effect in free.document["plan"]["effects"])
        refused = [check for check in capped.document["plan"]["checks"] if check["result"] == "refuse"]

        assert (free.code, free.document["plan"]["engine"], restarts > 0) == (0, "Captain", True)
        assert [check["id"] for check in refused] == ["policy.restarts"]
        assert f"{restarts} pods would restart, 0 are allowed" in refused[0]["evidence"]

    @pytest.mark.parametrize(
        "words",
        [
            ("tax-api",),
            ("tax-api", "--from", "nowhere"),
            ("tax-api", "--from", "staging", "--to", "nowhere"),
            ("tax-api", "--from", "staging", "--to", "staging"),
            ("nosuch", "--from", "staging"),
            ("tax-api", "--from", "staging", "--undo", "x"),
            ("--undo", "nosuch"),
            ("--continue", "nosuch"),
        ],
    )
    def test_words_that_cannot_be_right(self, acp: Acp, words: tuple[str, ...]) -> None:
        answer = acp("release", "rollout", *words, "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")

    def test_a_version_goes_from_cluster_to_cluster_and_back(self, acp: Acp) -> None:
        out = acp("release", "rollout", "tax-api", "--from", "staging", "--yes", "-o", "json")
        rollout = out.document["rollout"]

        assert (out.code, rollout["state"]) == (0, "done")
        assert [leg["state"] for leg in rollout["legs"]] == ["healthy", "healthy"]
        row = acp("release", "matrix", "tax-api", "-o", "json").document["items"][0]
        assert {cell["chartVersion"] for cell in cells(row).values()} == {"1.5.0"}
        assert {cell["standing"] for cell in cells(row).values()} <= {"same", "values"}
        acts = acp("get", "activity", "-o", "json").document["items"]
        assert {act["group"] for act in acts} == {rollout["id"]}

        again = acp("release", "rollout", "tax-api", "--from", "staging", "--plan", "-o", "json")
        assert [leg["state"] for leg in again.document["rollout"]["legs"]] == ["nothing to do"] * 2

        back = acp("release", "rollout", "--undo", rollout["id"], "--yes")
        assert back.code == 0, back.out + back.err
        assert back.out.index("healthy  prod-west") < back.out.index("healthy  prod-east")
        row = acp("release", "matrix", "tax-api", "-o", "json").document["items"][0]
        assert cells(row)["prod-east"]["chartVersion"] == "1.4.2"

    def test_it_stops_at_the_first_red_and_says_what_was_done_and_what_not(self, acp: Acp) -> None:
        """The image of 1.9.2 is nowhere to be had: what prod-east failed on, others are spared."""
        words = ("--from", "prod-east", "--to", "staging,prod-west", "--yes")
        answer = acp("release", "rollout", "payments-api", *words, "--deadline", "20")

        assert answer.code == 8, answer.out + answer.err
        assert "! staging: regressed" in answer.out
        assert "not done: staging, prod-west" in answer.out
        assert "running  prod-west" not in answer.out
        id = answer.out.split("--undo ")[1].split()[0]
        listed = acp("release", "rollout", "-o", "json").document["items"][0]
        assert (listed["id"], listed["state"]) == (id, "stopped")
        back = acp("release", "rollout", "--undo", id, "--yes")
        assert back.code == 0, back.out + back.err
