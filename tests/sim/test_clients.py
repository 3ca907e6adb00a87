"""kubectl, helm 3, helm 4 and Helm inside Python work against the box, each as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.sim.cluster import ClusterSpec, SimCluster
from acp_tui.sim.scenario.fleet import Scenery, fleet
from acp_tui.sim.serve import serve, write_private
from tests.sim.conftest import deployment, ready

BED = Path(os.environ.get("KUBEBUILDER_ASSETS") or Path.home() / ".cache" / "acp-tui" / "bed" / "bin")
CHART = Path(__file__).parents[2] / "acp_tui" / "sim" / "charts" / "api"


def binary(name: str) -> str:
    """The program, from the test bed or the path; in CI it must be there, elsewhere the test is skipped."""
    found = str(BED / name) if (BED / name).exists() else shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing from {BED}")
    if found is None:
        pytest.skip(f"{name} is neither in {BED} nor on PATH")
    return found


class Shell:
    """Runs client programs against one kubeconfig."""

    def __init__(self, cluster: SimCluster, kubeconfig: Path, home: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        self._env = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    async def run(self, program: str, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        """The standard output; the exit code must be as expected."""
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdin=-1, stdout=-1, stderr=-1, env=self._env
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate(stdin.encode())
        assert (process.returncode != 0) is fails, f"{program} {arguments}: {out.decode()}\n{err.decode()}"
        return err.decode() if fails else out.decode()


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with serve([ClusterSpec(name="one", pace=0.2, open_as="admin")]) as running:
        path = tmp_path / "kc" / "config"
        write_private(path, running.kubeconfig())
        yield Shell(running["one"], path, tmp_path)


@pytest.fixture
async def east(tmp_path: Path) -> AsyncIterator[Shell]:
    """prod-east of the demo, as one finds it."""
    specs = [spec for spec in fleet(Scenery(pace=0.2)) if spec.name == "prod-east"]
    async with serve(specs) as running:
        path = tmp_path / "kc" / "config"
        write_private(path, running.kubeconfig())
        running["prod-east"].populate()
        yield Shell(running["prod-east"], path, tmp_path)


def pods_of(cluster: SimCluster, namespace: str, instance: str) -> list[dict[str, Any]]:
    stored = cluster.store.all(("", "pods"), namespace)
    return [s.obj() for s in stored if s.labels.get("app.kubernetes.io/instance") == instance]


async def test_kubectl_works_on_objects(shell: Shell) -> None:
    kubectl = binary("kubectl")
    manifest = yaml.dump(deployment("web", replicas=2))
    assert "created" in await shell.run(kubectl, "apply", "-f", "-", stdin=manifest)
    await shell.run(kubectl, "rollout", "status", "deployment/web", "--timeout=20s")
    assert "2/2" in await shell.run(kubectl, "get", "deployments")
    changed = yaml.dump(deployment("web", image="web:2", replicas=3))
    assert "configured" in await shell.run(kubectl, "apply", "-f", "-", stdin=changed)
    await shell.run(kubectl, "rollout", "status", "deployment/web", "--timeout=20s")
    described = await shell.run(kubectl, "describe", "deployment", "web")
    assert "web:2" in described
    assert "ScalingReplicaSet" in described
    await shell.run(kubectl, "scale", "deployment/web", "--replicas=1")
    await shell.run(kubectl, "patch", "deployment", "web", "-p", '{"metadata":{"labels":{"x":"y"}}}')
    await shell.run(
        kubectl, "patch", "deployment", "web", "--type=json", "-p", '[{"op":"remove","path":"/metadata/labels/x"}]'
    )
    await shell.run(kubectl, "rollout", "status", "deployment/web", "--timeout=20s")
    assert "starting" in await shell.run(kubectl, "logs", "deployment/web")
    assert "yes" in await shell.run(kubectl, "auth", "can-i", "delete", "pods")
    gone = await shell.run(kubectl, "delete", "deployment", "web", "--cascade=foreground", "--timeout=20s")
    assert "deleted" in gone
    assert "NotFound" in await shell.run(kubectl, "get", "deployment", "web", fails=True)


async def test_kubectl_applies_on_the_server(shell: Shell) -> None:
    kubectl = binary("kubectl")
    first = yaml.dump(deployment("web", replicas=1))
    await shell.run(kubectl, "apply", "--server-side", "-f", "-", stdin=first)
    await shell.run(kubectl, "scale", "deployment/web", "--replicas=4")
    again = await shell.run(kubectl, "apply", "--server-side", "-f", "-", stdin=first, fails=True)
    assert ".spec.replicas" in again
    await shell.run(kubectl, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=first)
    assert await shell.run(kubectl, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "1"
    tried = await shell.run(kubectl, "apply", "--dry-run=server", "-f", "-", stdin=yaml.dump(deployment("other")))
    assert "created (server dry run)" in tried
    assert "NotFound" in await shell.run(kubectl, "get", "deployment", "other", fails=True)


@pytest.mark.parametrize("name", ["helm3", "helm4"])
async def test_helm_lives_a_whole_life(shell: Shell, name: str) -> None:
    helm = binary(name)
    wait = ("--wait", "--timeout", "20s")
    await shell.run(helm, "install", "demo", str(CHART), *wait)
    await shell.run(
        helm, "upgrade", "demo", str(CHART), "--set", "image.tag=1.9.3,migrate.name=m,migrate.image=m:1", *wait
    )
    broken = ("--set", "image.tag=broken,migrate.name=m,migrate.image=m:1", "--wait", "--timeout", "3s")
    await shell.run(helm, "upgrade", "demo", str(CHART), *broken, fails=True)
    await shell.run(helm, "rollback", "demo", "2", *wait)
    history = json.loads(await shell.run(helm, "history", "demo", "-o", "json"))
    assert [(row["revision"], row["status"]) for row in history] == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "failed"),
        (4, "deployed"),
    ]
    listed = json.loads(await shell.run(helm, "list", "-A", "-o", "json"))
    assert [(row["name"], row["revision"]) for row in listed] == [("demo", "4")]
    assert all(map(ready, pods_of(shell.cluster, "default", "demo")))
    await shell.run(helm, "uninstall", "demo", *wait)
    assert json.loads(await shell.run(helm, "list", "-A", "-o", "json")) == []
    assert shell.cluster.store.count(("", "services")) == 0


_PYTHON_LIFE = """
import json, sys, helm_python
path, chart = sys.argv[1:3]
with helm_python.Config(kubeconfig_path=path, namespace="default") as config:
    config.install(chart, "demo", wait="watcher", timeout=20)
    config.upgrade(chart, "demo", values={"image": {"tag": "1.9.3"}}, wait="watcher", timeout=20)
    config.rollback("demo", version=1, wait="watcher", timeout=20)
    history = [(row["revision"], row["status"]) for row in config.history("demo")]
    config.uninstall("demo", wait="watcher", timeout=20)
    print(json.dumps({"history": history, "left": len(config.list(all_namespaces=True))}))
"""


async def test_helm_inside_python_lives_a_whole_life(shell: Shell) -> None:
    pytest.importorskip("helm_python")
    said = json.loads(await shell.run(sys.executable, "-c", _PYTHON_LIFE, str(shell.kubeconfig), str(CHART)))
    assert said == {"history": [[1, "superseded"], [2, "superseded"], [3, "deployed"]], "left": 0}


@pytest.mark.parametrize("name", ["helm3", "helm4"])
async def test_payments_is_healed_by_a_real_rollback(east: Shell, name: str) -> None:
    helm = binary(name)
    await east.run(helm, "-n", "shop", "rollback", "payments-api", "41", "--wait", "--timeout", "30s")
    newest = json.loads(await east.run(helm, "-n", "shop", "history", "payments-api", "--max", "1", "-o", "json"))[0]
    assert (newest["revision"], newest["status"], newest["description"]) == (43, "deployed", "Rollback to 41")
    pods = [p for p in pods_of(east.cluster, "shop", "payments-api") if not p["metadata"].get("deletionTimestamp")]
    serving = [p for p in pods if p["metadata"]["labels"]["app.kubernetes.io/name"] == "api"]
    assert [p["spec"]["containers"][0]["image"] for p in serving] == ["registry/pay:1.9.1"] * 3
    assert all(map(ready, serving))


async def test_helm_reads_the_records_of_the_scenery(east: Shell) -> None:
    helm = binary("helm4")
    listed = json.loads(await east.run(helm, "list", "-A", "-o", "json"))
    assert len(listed) == 28
    values = json.loads(
        await east.run(helm, "-n", "shop", "get", "values", "payments-api", "--revision", "41", "-o", "json")
    )
    assert values["env"]["POOL"] == "20"
    hooks = await east.run(helm, "-n", "shop", "get", "hooks", "payments-api")
    assert "payments-migrate" in hooks
    await east.run(
        helm,
        "-n",
        "shop",
        "upgrade",
        "search",
        str(CHART.parent / "search"),
        "--reuse-values",
        "--wait",
        "--timeout",
        "30s",
    )
