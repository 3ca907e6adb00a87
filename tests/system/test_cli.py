"""The command line on real API servers: the verbs over each Helm engine, what is refused, what is told."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from testbed import scenery
from testbed.bed import Bed

pytestmark = pytest.mark.system

EAST = ("--context", "bed-east")
ENGINES = ("helm3", "helm4", "python")
PATIENCE = 120
NOTHING: Mapping[str, str] = MappingProxyType({})


class Program:
    """`acp-tui` in a process of its own against the bed, with a journal of its own and nothing to ask anybody."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self.env = {**env, "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
        self.argv = [sys.executable, "-m", "acp_tui"]

    def __call__(
        self, *words: str, code: int | None = 0, env: Mapping[str, str] = NOTHING
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.argv, *words],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert code in (done.returncode, None), f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def json(self, *words: str, env: Mapping[str, str] = NOTHING) -> Any:
        """The document of a command that must succeed and have nothing to say beside it."""
        done = self(*words, "-o", "json", env=env)
        assert done.stderr == ""
        return json.loads(done.stdout)

    def error(self, *words: str, code: int, env: Mapping[str, str] = NOTHING) -> Any:
        """The error of a command that must fail with this code and print nothing else."""
        done = self(*words, "-o", "json", code=code, env=env)
        error = json.loads(done.stderr)["error"]
        assert error["exitCode"] == code
        return error


@pytest.fixture
def acp(bed_env: dict[str, str], tmp_path: Path) -> Program:
    return Program(bed_env, tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_release_lives_its_whole_life_over_each_engine(
    acp: Program, engine: str, namespace: str, chart: Callable[[str], Path], tmp_path: Path
) -> None:
    place = (*EAST, "-n", namespace)
    act = (*place, "--engine", engine, "--yes", "--deadline", "60")
    values = tmp_path / "values.yaml"
    values.write_text("replicas: 1\n")

    deployed = acp.json("release", "deploy", "life", str(chart("1.0.0")), "-f", str(values), *act)["operation"]
    assert (deployed["outcome"]["kind"], deployed["revisionAfter"]) == ("healthy", 1)
    assert {"helm3": "helm 3", "helm4": "helm 4", "python": "helm-python-sdk"}[engine] in deployed["engine"]

    values.write_text("message: second\n")
    upgraded = acp.json("release", "upgrade", "life", str(chart("1.1.0")), "--reuse-values", "-f", str(values), *act)[
        "operation"
    ]
    assert (upgraded["outcome"]["kind"], upgraded["revisionAfter"]) == ("healthy", 2)

    history = acp.json("release", "history", "life", *place)["items"]
    assert [(each["revision"], each["status"], each["chartVersion"]) for each in history] == [
        (2, "deployed", "1.1.0"),
        (1, "superseded", "1.0.0"),
    ]
    shown = acp.json("release", "show", "life", "--part", "values", *place)["values"]
    assert shown == {"replicas": 1, "message": "second"}
    changed = acp.json("release", "diff", "life", "1", "2", *place)["items"]
    assert {"Deployment", "ConfigMap"} <= {item["ref"]["kind"] for item in changed if item["diff"]}

    planned = acp.json("release", "plan", "rollback", "life", *place, "--engine", engine)
    assert planned["allowed"]
    rolled = acp.json("release", "rollback", "life", *act)["operation"]
    assert (rolled["outcome"]["kind"], rolled["revisionAfter"]) == ("healthy", 3)
    assert acp.json("release", "show", "life", *place)["chartVersion"] == "1.0.0"

    gone = acp.json("release", "uninstall", "life", *act)["operation"]
    assert gone["outcome"]["kind"] == "healthy"
    left = acp.json("release", "history", "life", *place)["items"]
    assert [(each["revision"], bool(each["keptAt"])) for each in left] == [(3, True), (2, True), (1, True)]
    acp.json("release", "forget", "life", "--cluster", "bed-east", "-n", namespace, "--yes")
    assert acp.error("release", "history", "life", *place, code=2)["slug"] == "usage"
    verbs = [row["verb"] for row in acp.json("get", "activity")["items"]]
    assert verbs == ["uninstall", "rollback", "upgrade", "deploy"]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_gets_worse_ends_with_eight_and_says_why(
    acp: Program, bed: Bed, engine: str, namespace: str, tmp_path: Path
) -> None:
    act = (*EAST, "-n", namespace, "--engine", engine, "--yes", "--deadline", "45")
    scenery.release(bed, "east", "shaky", namespace=namespace, version="1.0.0", replicas=1)
    values = tmp_path / "values.yaml"
    values.write_text("broken: true\n")

    upgrade = acp("release", "upgrade", "shaky", "--reuse-values", "-f", str(values), *act, "-o", "json", code=8)
    outcome = json.loads(upgrade.stdout)["operation"]["outcome"]
    assert outcome["kind"] == "regressed"
    assert "not found" in json.dumps(outcome["findings"])

    row = next(row for row in acp.json("get", "applications", *EAST)["items"] if row["ref"]["namespace"] == namespace)
    assert row["health"] in ("Degraded", "Progressing")
    assert acp.json("release", "rollback", "shaky", *act)["operation"]["outcome"]["kind"] == "healthy"


def test_a_release_left_pending_is_shown_as_stuck_refuses_an_upgrade_and_is_freed_by_a_rollback(
    acp: Program, bed: Bed, namespace: str
) -> None:
    place = (*EAST, "-n", namespace)
    scenery.release(bed, "east", "held", namespace=namespace, version="1.0.0", replicas=1)
    scenery.leave_pending(bed["east"], "held", namespace=namespace)

    (row,) = acp.json("get", "releases", *place)["items"]
    assert (row["status"], row["stuck"]) == ("pending-upgrade", True)
    refused = acp.error("release", "upgrade", "held", "--yes", *place, code=7)
    assert "roll back" in refused["advice"].lower()
    freed = acp.json("release", "rollback", "held", "--yes", *place)["operation"]
    assert freed["outcome"]["kind"] == "healthy"


def test_a_cancelled_act_says_what_it_left(acp: Program, bed: Bed, namespace: str, tmp_path: Path) -> None:
    place = (*EAST, "-n", namespace)
    scenery.release(bed, "east", "slow", namespace=namespace, version="1.0.0", replicas=1)
    values = tmp_path / "values.yaml"
    values.write_text("hook: {enabled: true, behaviour: never-ready}\n")
    words = ("release", "upgrade", "slow", "--reuse-values", "-f", str(values), *place, "--engine", "helm3", "--yes")
    running = subprocess.Popen(
        [*acp.argv, *words],
        env=acp.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout
    bed["east"].wait("the hook that hangs", lambda: _jobs(bed, namespace) > 0)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 130, out + err
    assert "cancelled" in out
    assert "next:" in out


def _jobs(bed: Bed, namespace: str) -> int:
    return len(bed["east"].request("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"])


def test_a_hook_that_fails_is_helms_failure(acp: Program, bed: Bed, namespace: str, tmp_path: Path) -> None:
    place = (*EAST, "-n", namespace)
    scenery.release(bed, "east", "hooked", namespace=namespace, version="1.0.0", replicas=1)
    values = tmp_path / "values.yaml"
    values.write_text("hook: {enabled: true, behaviour: fail}\n")
    done = acp(
        *("release", "upgrade", "hooked", "--reuse-values", "-f", str(values), *place),
        *("--engine", "helm3", "--yes", "-o", "json"),
        code=6,
    )

    outcome = json.loads(done.stdout)["operation"]["outcome"]
    assert outcome["kind"] == "failed"
    assert outcome["advice"]


def test_captains_releases_are_listed_and_never_touched_through_helm(acp: Program, bed: Bed) -> None:
    scenery.captain_records(bed, "east")
    row = next(row for row in acp.json("get", "releases", *EAST)["items"] if row["ref"]["store"] == "Release")
    ref = row["ref"]

    planned = acp("release", "plan", "uninstall", ref["name"], "-n", ref["namespace"], *EAST, "-o", "json", code=None)
    plan = json.loads(planned.stdout)["plan"]
    assert plan["engine"] == "Captain"


def test_both_clusters_are_one_list(acp: Program, bed: Bed, namespace: str) -> None:
    for cluster in bed.clusters:
        scenery.release(bed, cluster, "twin", namespace=namespace, replicas=1)

    rows = acp.json("get", "releases", "-n", namespace)["items"]
    assert {row["ref"]["cluster"] for row in rows} == {"bed-east", "bed-west"}
    assert acp.error("release", "history", "twin", "-n", namespace, code=2)["advice"] == "add --context or -n"
    assert {row["name"]: row["health"] for row in acp.json("get", "clusters")["items"]}.keys() == {
        "bed-east",
        "bed-west",
    }


def test_few_rights_show_what_they_allow_and_say_what_they_do_not(
    acp: Program, bed: Bed, restricted_kubeconfig: Path, namespace: str
) -> None:
    scenery.release(bed, "east", "visible", namespace=namespace, replicas=1)
    few = {"KUBECONFIG": str(restricted_kubeconfig)}

    applications = json.loads(acp("get", "applications", "-n", namespace, *EAST, "-o", "json", env=few).stdout)
    assert applications["items"], "workloads may be seen"
    assert any("helm-secrets" in each["title"] for each in applications["incomplete"])
    (report,) = acp.json("doctor", *EAST, env=few)["items"]
    rights = {(right["verb"], right["resource"]): right["allowed"] for right in report["rights"]}
    assert (rights["list", "pods"], rights["list", "secrets"]) == (True, False)
    assert acp.error("release", "uninstall", "visible", "--yes", *EAST, code=4, env=few)["tried"]


def test_a_client_certificate_that_has_expired(acp: Program, bed: Bed, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate, key = bed["east"].client_certificate("late", "system:masters", not_after=yesterday)
    config = yaml.safe_load(bed.kubeconfig.read_text())
    user = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    config["users"] = [{"name": "bed", "user": user}]
    path = tmp_path / "late.kubeconfig"
    path.write_text(yaml.safe_dump(config))

    error = acp.error("get", "clusters", *EAST, code=4, env={"KUBECONFIG": str(path)})

    assert error["slug"] in ("certificate-expired", "unauthorized", "credential")
    assert error["advice"]


def test_a_frozen_api_server_delays_nobody_for_long_and_is_named(private_bed: Bed, tmp_path: Path) -> None:
    acp = Program(private_bed.env(), tmp_path)
    private_bed["west"].api.suspend()
    try:
        done = acp("get", "clusters", "-o", "json")
    finally:
        private_bed["west"].api.resume()

    document = json.loads(done.stdout)
    rows = {row["name"]: row for row in document["items"]}
    assert rows["bed-east"]["nodesReady"] == 1
    assert rows["bed-west"]["health"] == "Unknown"
    assert [each["cluster"] for each in document["incomplete"]] == ["bed-west"]
