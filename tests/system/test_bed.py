"""The bed keeps what it promises to the other system tests: real clusters, real clients, pods that behave as asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from testbed import scenery
from testbed.bed import Bed
from testbed.process import BedError

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.system

EAST, WEST = "--context=bed-east", "--context=bed-west"


def pods(bed: Bed, cluster: str, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bed[cluster].request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return found


def waiting_reasons(bed: Bed, cluster: str, namespace: str) -> set[str]:
    return {
        status["state"]["waiting"]["reason"]
        for pod in pods(bed, cluster, namespace)
        for status in pod["status"].get("containerStatuses", ())
        if "waiting" in status["state"]
    }


def ready_pods(bed: Bed, cluster: str, namespace: str) -> int:
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in pods(bed, cluster, namespace)
        for condition in pod["status"].get("conditions", ())
    )


def test_each_cluster_has_its_own_ready_nodes(run: Run) -> None:
    for name, context in (("east", EAST), ("west", WEST)):
        lines = run("kubectl", context, "get", "nodes", "--no-headers").stdout.splitlines()
        assert len(lines) == 3
        assert all(line.startswith(f"{name}-node-") and " Ready " in line for line in lines)


def test_the_server_tells_the_version_that_was_built(run: Run) -> None:
    versions = json.loads(run("kubectl", EAST, "version", "-o", "json").stdout)
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"] == "v1.34.2"


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_a_release_is_installed_upgraded_rolled_back_and_uninstalled(
    run: Run, bed: Bed, namespace: str, chart: Callable[[str], Path], helm: str
) -> None:
    common = (helm, "--kube-context=bed-east", f"--namespace={namespace}")
    run(*common, "install", "shop", str(chart("1.0.0")), "--wait", "--timeout=60s", "--set=hook.enabled=true")
    run(
        *common, "upgrade", "shop", str(chart("1.1.0")), "--wait", "--timeout=60s", "--set=hook.enabled=true,replicas=3"
    )
    assert ready_pods(bed, "east", namespace) >= 3
    run(*common, "rollback", "shop", "1", "--wait", "--timeout=60s")
    history = json.loads(run(*common, "history", "shop", "-o", "json").stdout)
    assert [(entry["revision"], entry["chart"]) for entry in history] == [
        (1, "web-1.0.0"),
        (2, "web-1.1.0"),
        (3, "web-1.0.0"),
    ]
    run(*common, "uninstall", "shop", "--wait", "--timeout=60s")
    assert json.loads(run(*common, "list", "-o", "json").stdout) == []


HELM_IN_PYTHON = """
import sys
from helm_python import Config
config = Config(kubeconfig_path=sys.argv[1], kube_context="bed-west", namespace=sys.argv[2])
config.install(sys.argv[3], "shop", {"replicas": 1}, namespace=sys.argv[2])
config.upgrade(sys.argv[4], "shop", {"replicas": 2}, namespace=sys.argv[2])
config.rollback("shop", version=1)
print(len(list(config.history("shop"))))
config.uninstall("shop")
"""


def test_helm_inside_python_works_on_it(
    bed: Bed, run: Run, namespace: str, chart: Callable[[str], Path], kubeconfig: Path
) -> None:
    arguments = (str(kubeconfig), namespace, str(chart("1.0.0")), str(chart("1.1.0")))
    done = run(sys.executable, "-c", HELM_IN_PYTHON, *arguments)
    assert done.stdout.strip() == "3"
    secrets = bed["west"].request("GET", f"/api/v1/namespaces/{namespace}/secrets")["items"]
    assert secrets == []


def test_a_broken_upgrade_gives_a_rollout_that_never_gets_healthy(bed: Bed, namespace: str) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace)
    bed["east"].wait("two ready pods", lambda: ready_pods(bed, "east", namespace) == 2)
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.1.0", broken="true")
    bed["east"].wait("a pod that cannot pull", lambda: waiting_reasons(bed, "east", namespace) == {"ImagePullBackOff"})
    assert ready_pods(bed, "east", namespace) == 2, "the old pods serve on"


@pytest.mark.parametrize(
    ("behaviour", "reason"), [("crash-loop", "CrashLoopBackOff"), ("image-pull-backoff", "ImagePullBackOff")]
)
def test_pods_behave_as_their_label_says(bed: Bed, namespace: str, behaviour: str, reason: str) -> None:
    scenery.release(bed, "west", "app", namespace=namespace, behaviour=behaviour)
    bed["west"].wait(reason, lambda: waiting_reasons(bed, "west", namespace) == {reason})
    assert ready_pods(bed, "west", namespace) == 0


def test_a_failing_hook_fails_the_release(bed: Bed, run: Run, namespace: str) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace)
    hook = {"hook__enabled": "true", "hook__behaviour": "fail"}
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.1.0", helm="helm3", fails=True, **hook)
    status = run("helm4", "--kube-context=bed-east", f"--namespace={namespace}", "status", "shop", "-o", "json").stdout
    assert json.loads(status)["info"]["status"] == "failed"


def test_a_release_left_pending_locks_helm_out(
    bed: Bed, run: Run, namespace: str, chart: Callable[[str], Path]
) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace)
    scenery.leave_pending(bed["east"], "shop", namespace=namespace)
    command = ("helm3", "--kube-context=bed-east", f"--namespace={namespace}", "upgrade", "shop", str(chart("1.1.0")))
    refused = run(*command, check=False)
    assert "another operation (install/upgrade/rollback) is in progress" in refused.stderr


def test_logs_come_through_the_api_server(bed: Bed, run: Run, namespace: str) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, replicas=1)
    bed["east"].wait("a ready pod", lambda: ready_pods(bed, "east", namespace) == 1)
    bed["east"].write_log("the line of this test")
    target = (EAST, f"--namespace={namespace}", "logs", "deployment/shop")
    assert run("kubectl", *target).stdout.splitlines()[-1] == "the line of this test"
    assert "the database went away" in run("kubectl", *target, "--previous").stdout


def test_commands_run_in_a_pod(bed: Bed, run: Run, namespace: str) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, replicas=1)
    bed["east"].wait("a ready pod", lambda: ready_pods(bed, "east", namespace) == 1)
    done = run("kubectl", EAST, f"--namespace={namespace}", "exec", "deployment/shop", "--", "echo", "inside")
    assert done.stdout == "inside\n"


@pytest.mark.parametrize("what", ["secrets", "nodes"])
def test_the_restricted_user_is_forbidden_what_view_does_not_give(
    run: Run, restricted_kubeconfig: Path, what: str
) -> None:
    own = f"--kubeconfig={restricted_kubeconfig}"
    assert run("kubectl", own, EAST, "get", "deployments", "--all-namespaces").returncode == 0
    refused = run("kubectl", own, EAST, "get", what, "--all-namespaces", check=False)
    assert refused.returncode != 0
    assert "(Forbidden)" in refused.stderr


def test_a_repository_serves_the_charts(run: Run, chart_repository: str) -> None:
    shown = run("helm3", "show", "chart", "web", f"--repo={chart_repository}", "--version=1.2.0").stdout
    assert "version: 1.2.0" in shown


def test_recorded_captain_releases_stand_beside_helms(bed: Bed, run: Run) -> None:
    scenery.captain_records(bed, "west")
    names = run("kubectl", WEST, "get", "releases.app.alauda.io", "-A", "-o", "name").stdout.split()
    assert [name.rpartition("/")[2] for name in names] == ["sh.helm.release.v1.web.v1", "sh.helm.release.v1.web.v2"]
    phase = run("kubectl", WEST, "get", "helmrequests", "-A", "-o", "jsonpath={.items[*].status.phase}").stdout
    assert phase == "Synced"


def test_one_cluster_can_die_and_return_without_the_other(private_bed: Bed) -> None:
    east, west = private_bed["east"], private_bed["west"]
    east.api.kill()
    with pytest.raises(OSError, match="refused"):
        east.request("GET", "/api/v1/nodes")
    assert len(west.request("GET", "/api/v1/nodes")["items"]) == 1
    east.restart_api()
    assert len(east.request("GET", "/api/v1/nodes")["items"]) == 1


def test_a_frozen_cluster_takes_connections_and_never_answers(private_bed: Bed) -> None:
    east = private_bed["east"]
    east.api.suspend()
    with pytest.raises(OSError, match="timed out"):
        east.request("GET", "/api/v1/nodes", timeout=0.5)
    east.api.resume()
    assert len(east.request("GET", "/api/v1/nodes")["items"]) == 1


@pytest.mark.parametrize(("days", "refusal"), [(1, ""), (-1, "Unauthorized")])
def test_client_certificates_work_until_they_expire(
    bed: Bed, run: Run, tmp_path: Path, days: int, refusal: str
) -> None:
    until = datetime.now(UTC) + timedelta(days=days)
    certificate, key = bed["east"].client_certificate("carol", "system:masters", not_after=until)
    (tmp_path / "carol.crt").write_bytes(certificate)
    (tmp_path / "carol.key").write_bytes(key)
    answer = run(
        *("kubectl", "--kubeconfig=/dev/null", f"--server={bed['east'].server}"),
        *(f"--certificate-authority={bed['east'].ca}", "get", "nodes"),
        *(f"--client-certificate={tmp_path / 'carol.crt'}", f"--client-key={tmp_path / 'carol.key'}"),
        check=False,
    )
    assert (answer.returncode == 0) == (not refusal)
    assert refusal in answer.stderr


def test_no_process_outlives_the_program_that_started_the_bed(binaries: Path) -> None:
    program = (
        "import os, signal; from testbed.bed import Bed\n"
        "bed = Bed(('lone',), nodes=1); bed.start()\n"
        "print(*(p.pid for p in (*bed['lone'].processes, bed._etcd)), bed.folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert binaries
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=False)
    *pids, folder = done.stdout.split()
    shutil.rmtree(folder)
    assert len(pids) == 5, done.stderr
    deadline = time.monotonic() + 10
    while alive := [pid for pid in pids if is_running(int(pid))]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than an exit code that nobody has fetched."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(BedError, match=r"kube-apiserver.* not in .*build\.sh"):
        Bed(("east",))
