"""`acp-tui release`: what is known of a release, and the acts on it, over the engine that needs no binary."""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.clients.box import Box, start_box
from acp_tui.insight.mask import MASK
from tests.cli.conftest import Acp, Answer

EAST = ("--context", "prod-east")
CHART = Path(__file__).resolve().parents[2] / "testbed" / "charts" / "web"

# looking


@pytest.mark.usefixtures("fleet")
class TestLooking:
    def test_a_history_is_newest_first(self, acp: Acp) -> None:
        answer = acp("release", "history", "payments-api", *EAST, "-o", "json")

        assert answer.document["kind"] == "RevisionList"
        first, second, *_ = answer.document["items"]
        assert (first["revision"], first["status"], first["chartVersion"]) == (42, "failed", "1.9.2")
        assert (second["revision"], second["status"]) == (41, "deployed")

    def test_a_revision_is_summed_up(self, acp: Acp) -> None:
        document = acp("release", "show", "payments-api", "--revision", "41", *EAST, "-o", "json").document

        assert document["kind"] == "ReleaseRevision"
        assert (document["revision"], document["chart"], document["chartVersion"]) == (41, "api", "1.9.1")

    def test_secrets_are_hidden_unless_asked_for(self, acp: Acp) -> None:
        words = ("release", "show", "payments-api", "--part", "values", *EAST, "-o", "json")
        hidden = acp(*words).document["values"]
        shown = acp(*words, "--reveal").document["values"]

        assert hidden["secrets"]["db"]["dsn"] == MASK
        assert shown["secrets"]["db"]["dsn"] not in ("", MASK)
        assert hidden["replicas"] == shown["replicas"]

    def test_a_manifest_hides_the_data_of_secrets(self, acp: Acp) -> None:
        words = ("release", "show", "payments-api", "--part", "manifest", *EAST)
        hidden, shown = acp(*words).out, acp(*words, "--reveal").out

        secret = next(part for part in yaml.safe_load_all(hidden) if part["kind"] == "Secret")
        assert set({**secret.get("data", {}), **secret.get("stringData", {})}.values()) == {MASK}
        assert MASK not in shown

    @pytest.mark.parametrize("part", ["summary", "values", "all-values", "manifest", "notes", "hooks"])
    def test_every_part_is_printed_for_people_and_for_scripts(self, acp: Acp, part: str) -> None:
        words = ("release", "show", "payments-api", "--part", part, *EAST)

        assert acp(*words).out.strip()
        assert acp(*words, "-o", "json").document["kind"] in ("ReleaseRevision", "HookList")

    def test_two_revisions_are_compared(self, acp: Acp) -> None:
        document = acp("release", "diff", "payments-api", "41", "42", *EAST, "-o", "json").document
        changed = {item["ref"]["kind"]: item for item in document["items"] if item["ref"]["kind"] == "Deployment"}

        assert document["kind"] == "ManifestDiff"
        assert "-        image: registry/pay:1.9.1" in changed["Deployment"]["diff"]
        assert "+        image: registry/pay:1.9.2" in changed["Deployment"]["diff"]
        assert "1.9.2" in acp("release", "diff", "payments-api", "41", "42", *EAST).out

    def test_values_are_compared_without_their_secrets(self, acp: Acp) -> None:
        words = ("release", "diff", "payments-api", "41", "42", "--values", *EAST)
        clear = acp("release", "show", "payments-api", "--part", "values", "--reveal", *EAST, "-o", "json")
        secret = clear.document["values"]["secrets"]["db"]["dsn"]

        answer = acp(*words)
        assert "+" in answer.out
        assert secret not in answer.out

    def test_a_name_in_several_places_must_be_told_apart(self, acp: Acp) -> None:
        answer = acp(
            "release", "history", "payments-api", "--context", "prod-east", "--context", "staging", "-o", "json"
        )

        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert "prod-east/shop" in answer.error["tried"]
        assert "staging/shop" in answer.error["tried"]

    def test_a_release_that_is_not_there(self, acp: Acp) -> None:
        answer = acp("release", "history", "nobody", *EAST, "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert "nobody" in answer.error["title"]

    def test_a_release_that_may_be_where_nobody_answers(self, acp: Acp) -> None:
        words = ("release", "history", "nobody", *EAST, "--context", "edge-9", "--timeout", "5", "-o", "json")
        answer = acp(*words)

        assert (answer.code, answer.error["slug"]) == (4, "cluster")
        assert "edge-9" in answer.error["tried"]

    def test_a_revision_that_was_pruned(self, acp: Acp) -> None:
        answer = acp("release", "show", "payments-api", "--revision", "3", *EAST, "-o", "json")

        assert (answer.code, answer.error["slug"]) == (5, "record")
        assert "no longer there" in answer.error["title"]
        assert answer.error["advice"]

    def test_no_right_to_records_is_not_the_same_as_no_release(self, acp: Acp, box: Box) -> None:
        words = ("release", "history", "invoice-worker", *EAST, "-n", "billing", "-o", "json")
        answer = acp(*words, "--kubeconfig", str(box.viewer))

        assert (answer.code, answer.error["slug"]) == (4, "cluster")
        assert "helm-secrets" in answer.error["tried"]


def _post(kubeconfig: Path, path: str, document: object) -> None:
    """Creates an object on the first cluster of a kubeconfig."""
    config = yaml.safe_load(kubeconfig.read_text())
    request = urllib.request.Request(
        config["clusters"][0]["cluster"]["server"] + path,
        json.dumps(document).encode(),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
        },
        method="POST",
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        assert answer.status == 201


@pytest.mark.usefixtures("fleet")
def test_a_record_that_does_not_decode_spoils_nothing_but_itself(acp: Acp, fleet: Path) -> None:
    record = {
        "metadata": {
            "name": "sh.helm.release.v1.garbled.v1",
            "labels": {"owner": "helm", "name": "garbled", "status": "deployed", "version": "1"},
        },
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(b"not a release").decode()},
    }
    _post(fleet, "/api/v1/namespaces/default/secrets", record)

    shown = acp("release", "show", "garbled", *EAST, "-o", "json")
    listed = acp("get", "releases", *EAST, "-o", "json")

    assert (shown.code, shown.error["slug"]) == (5, "record")
    assert shown.error["advice"]
    assert listed.code == 0
    assert {"garbled", "payments-api"} <= {item["ref"]["name"] for item in listed.document["items"]}


# acting


@pytest.fixture(scope="module")
def acting_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Clusters whose pods come up at once, to be changed by these tests."""
    box = start_box(
        tmp_path_factory.mktemp("acting"), still=True, only=("global", "prod-east", "prod-west", "staging"), pace=0.02
    )
    yield box
    box.close()


@pytest.fixture
def acting(acting_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("helm_python")
    monkeypatch.setenv("KUBECONFIG", str(acting_box.kubeconfig))


STAGING = ("--context", "staging")


@pytest.mark.usefixtures("acting")
class TestActing:
    def test_a_plan_says_what_would_happen_and_does_nothing(self, acp: Acp) -> None:
        answer = acp("release", "plan", "rollback", "payments-api", *EAST, "-o", "json")
        plan = answer.document["plan"]

        assert (answer.code, answer.document["kind"], answer.document["allowed"]) == (0, "Plan", True)
        assert plan["intent"]["revision"] == 41
        assert plan["confirm"] == "payments-api", "production asks for the name"
        assert {effect["action"] for effect in plan["effects"]} >= {"update", "run"}
        assert "refuse" not in {check["result"] for check in plan["checks"]}
        assert acp("get", "activity", "-o", "json").document["items"] == []

    def test_the_same_plan_is_readable(self, acp: Acp) -> None:
        planned = _ageless(acp("release", "plan", "rollback", "payments-api", *EAST).out)
        asked = _ageless(acp("release", "rollback", "payments-api", "--plan", *EAST).out)

        assert planned == asked
        assert "image 1.9.2 → 1.9.1" in planned
        assert "undo: roll back to 42" in planned

    def test_the_doctor_says_the_same_to_scripts(self, acp: Acp) -> None:
        answer = acp("release", "doctor", "--all", *STAGING, "-o", "json")
        (stuck,) = [each for each in answer.document["items"] if each["ailment"] == "pending-upgrade"]

        assert (answer.code, answer.document["kind"], answer.document["incomplete"]) == (8, "DiagnosisList", [])
        assert (stuck["ref"]["name"], stuck["life"]) == ("orders-cache", "nobody")
        assert [each["act"] for each in stuck["remedies"]] == ["mark-failed", "roll-back"]
        assert stuck["page"].endswith("#pending-upgrade")

    def test_without_a_terminal_nothing_happens_without_yes(self, acp: Acp) -> None:
        answer = acp("release", "rollback", "payments-api", *EAST, "-o", "json")

        assert (answer.code, answer.error["slug"]) == (7, "refused")
        assert "--yes" in answer.error["advice"]
        assert acp("get", "activity", "-o", "json").document["items"] == []

    def test_read_only_refuses_every_act(self, acp: Acp) -> None:
        answer = acp("--read-only", "release", "rollback", "payments-api", "--yes", *EAST, "-o", "json")

        assert (answer.code, answer.error["slug"]) == (7, "refused")
        assert "read-only" in answer.error["tried"]

    def test_a_revision_that_is_gone_is_refused_with_those_that_are_there(self, acp: Acp) -> None:
        answer = acp("release", "rollback", "payments-api", "--to", "3", "--yes", *EAST, "-o", "json")

        assert answer.code in (5, 7)
        assert "3" in answer.error["title"] + answer.error["tried"]
        assert answer.error["advice"]

    def test_a_release_that_captain_keeps_is_planned_through_its_owner_and_not_through_helm(self, acp: Acp) -> None:
        words = ("--context", "prod-west", "--context", "global", "-o", "json")
        plan = acp("release", "plan", "uninstall", "tracking-web", *words).document["plan"]

        assert plan["owner"]["kind"] == "HelmRequest"
        assert plan["engine"] == "Captain"
        assert "HelmRequest tracking-web-prod-west" in plan["headline"]

    def test_a_release_is_deployed_upgraded_rolled_back_and_uninstalled(self, acp: Acp, tmp_path: Path) -> None:
        values = tmp_path / "values.yaml"
        values.write_text("replicas: 1\n")
        deployed = acp(
            *("release", "deploy", "fresh", str(CHART), "-f", str(values), "-n", "fresh", "--create-namespace"),
            *("--yes", *STAGING, "-o", "json"),
        )
        assert done(deployed)["revisionAfter"] == 1

        values.write_text("message: changed\n")
        upgraded = acp(
            "release", "upgrade", "fresh", "--reuse-values", "-f", str(values), "--yes", *STAGING, "-o", "json"
        )
        assert done(upgraded)["revisionAfter"] == 2
        shown = acp("release", "show", "fresh", "--part", "values", *STAGING, "-o", "json").document["values"]
        assert shown == {"replicas": 1, "message": "changed"}

        rolled = acp("release", "rollback", "fresh", "--yes", *STAGING, "-o", "json")
        assert done(rolled)["revisionAfter"] == 3
        assert done(acp("release", "uninstall", "fresh", "--yes", *STAGING, "-o", "json"))
        left = acp("release", "history", "fresh", *STAGING, "-o", "json")
        assert [(item["revision"], item["keptAt"] is not None) for item in left.document["items"]] == [
            (3, True),
            (2, True),
            (1, True),
        ]
        assert acp("release", "forget", "fresh", "--yes").code == 0
        assert acp("release", "history", "fresh", *STAGING).code == 2

        verbs = [row["verb"] for row in acp("get", "activity", "-o", "json").document["items"]]
        assert verbs == ["uninstall", "rollback", "upgrade", "deploy"]
        assert "healthy" in acp("get", "activity").out

    def test_an_act_that_makes_it_worse_ends_with_eight(self, acp: Acp, tmp_path: Path) -> None:
        words = ("release", "deploy", "sick", str(CHART), "-n", "default", "--yes", "--deadline", "2", *STAGING)
        values = tmp_path / "values.yaml"
        values.write_text("image: {tag: missing}\n")

        answer = acp(*words, "-f", str(values))

        assert answer.code == 8
        assert "web:missing not found" in answer.out
        assert "undo: uninstall sick" in answer.out


def _ageless(text: str) -> str:
    """The text without ages, which move on between two commands."""
    text = re.sub(r"\d+ ?[smhd] (ago|old)", "some time ago", text)
    return re.sub(r"the deployed one for \d+ ?[smhd]", "the deployed one for some time", text)


def done(answer: Answer) -> Any:
    """The operation, which must have been proven healthy."""
    assert answer.code == 0, answer.err or answer.out
    operation = answer.document["operation"]
    assert operation["outcome"]["kind"] == "healthy", operation
    return operation


@pytest.mark.usefixtures("acting")
class TestCharts:
    def test_values_that_are_not_yaml_are_told_with_file_and_line(self, acp: Acp, tmp_path: Path) -> None:
        values = tmp_path / "values.yaml"
        values.write_text("a: 1\nb: [\n")
        answer = acp("release", "deploy", "x", str(CHART), "-f", str(values), *STAGING, "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert str(values) in answer.error["title"]
        assert "line 3" in answer.error["title"]

    def test_a_values_file_that_is_not_there(self, acp: Acp, tmp_path: Path) -> None:
        missing = str(tmp_path / "none.yaml")
        answer = acp("release", "deploy", "x", str(CHART), "-f", missing, *STAGING, "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert missing in answer.error["title"]

    def test_values_can_come_from_standard_input(self, acp: Acp, monkeypatch: pytest.MonkeyPatch) -> None:
        read, write = os.pipe()
        os.write(write, b"replicas: 4\n")
        os.close(write)
        with os.fdopen(read) as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            answer = acp("release", "deploy", "x", str(CHART), "-f", "-", *STAGING, "--plan", "-o", "json")

        assert "replicas: 4" in answer.document["plan"]["manifest"]

    def test_a_chart_that_does_not_render(self, acp: Acp, tmp_path: Path) -> None:
        chart = tmp_path / "bad"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: bad\nversion: 1.0.0\n")
        (chart / "templates" / "all.yaml").write_text('{{ fail "no colour was given" }}\n')
        answer = acp("release", "deploy", "x", str(chart), *STAGING, "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (5, "chart")
        assert "no colour was given" in json.dumps(answer.error)
        assert answer.error["advice"]

    def test_a_chart_that_is_not_there(self, acp: Acp) -> None:
        answer = acp("release", "deploy", "x", "./no-such-chart", *STAGING, "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (5, "chart")

    def test_a_new_release_goes_to_one_cluster(self, acp: Acp) -> None:
        answer = acp("release", "deploy", "x", str(CHART), "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert "--context" in answer.error["advice"]

    def test_an_engine_that_is_not_here(self, acp: Acp) -> None:
        answer = acp("release", "deploy", "x", str(CHART), "--engine", "helm3", *STAGING, "--plan", "-o", "json")

        assert (answer.code, answer.error["slug"]) == (6, "helm")
        assert "helm-python-sdk" in answer.error["tried"]
