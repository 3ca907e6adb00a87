"""One version over two real clusters: healthy in the first, red in the second, and back in reverse order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.rollouts.rollouts import Rollouts
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.insight.matrix import MatrixRow, matrix
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef
from acp_tui.model.rollout import LegState, RolloutState, Wish
from testbed import scenery
from testbed.bed import Bed

pytestmark = pytest.mark.system


@pytest.fixture
async def fleet(kubeconfig: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(load([kubeconfig]).contexts)
    fleet.start()
    await fleet.settled(20)
    yield fleet
    await fleet.close()


@pytest.fixture
def rollouts(fleet: Fleet, bed_env: dict[str, str], tmp_path: Path) -> Rollouts:
    controller = Controller(
        fleet,
        engines=lambda: find_engines({**os.environ, **bed_env}),
        engine="helm4",
        journal=Journal(tmp_path / "journal"),
        verify=Verify(deadline_seconds=40, steady_seconds=0.5),
    )
    return Rollouts(controller, fleet, folder=tmp_path / "rollouts")


def pods_at_most(bed: Bed, cluster: str, namespace: str, count: int) -> None:
    quota: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"pods": str(count)}},
    }
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    bed[cluster].request("POST", path, quota)
    bed[cluster].wait("the quota to count", lambda: bed[cluster].request("GET", f"{path}/tight")["status"].get("used"))


async def row_of(fleet: Fleet, namespace: str) -> MatrixRow:
    rows = [row for row in fleet.rows("releases") if row.ref.namespace == namespace and row.ref.name == "shop"]
    await fleet.read_newest([row.ref for row in rows])
    found = matrix(fleet.rows("releases"), fleet.clusters())
    return next(row for row in found if (row.namespace, row.name) == (namespace, "shop"))


async def test_it_stops_at_the_red_cluster_and_both_go_back(
    bed: Bed, fleet: Fleet, rollouts: Rollouts, namespace: str, chart: Callable[[str], Path]
) -> None:
    for cluster in ("east", "west"):
        scenery.release(bed, cluster, "shop", namespace=namespace, version="1.0.0", replicas=2)
    scenery.release(bed, "east", "pilot", namespace=namespace, version="1.1.0", replicas=1)
    for cluster, name in (("east", "shop"), ("west", "shop"), ("east", "pilot")):
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
        bed[cluster].wait("its pods", lambda: bed[cluster].request("GET", path)["status"].get("readyReplicas"))  # noqa: B023

    refs = [ReleaseRef(f"bed-{cluster}", namespace, "shop") for cluster in ("east", "west")]
    plan = await rollouts.plan(Wish(ReleaseRef("bed-east", namespace, "pilot"), 1, tuple(refs)))
    assert plan.allowed, plan.refused
    assert [(leg.verb, leg.before) for leg in plan.rollout.legs] == [(Verb.UPGRADE, "1.0.0")] * 2

    pods_at_most(bed, "west", namespace, 2)
    done = await rollouts.wait(rollouts.start(plan).id)
    assert [leg.state for leg in done.legs] == [LegState.HEALTHY, LegState.RED], done.legs
    assert done.state is RolloutState.STOPPED
    drift = await rollouts.drift(refs[0])
    assert (drift.revision, drift.drifted, drift.unread) == (2, (), ())
    assert drift.objects >= 2

    row = await row_of(fleet, namespace)
    assert {cell.cluster: cell.version for cell in row.cells} == {"bed-east": "1.1.0", "bed-west": "1.1.0"}
    hashes = {cell.row.values_hash for cell in row.cells if cell.row is not None}
    assert len(hashes) == 1, "each kept its own values, which are the same here"

    back = await rollouts.plan_undo(done.id)
    assert [leg.release for leg in back.rollout.legs] == refs[::-1]
    undone = await rollouts.wait(rollouts.start(back).id)
    assert [leg.state for leg in undone.legs] == [LegState.HEALTHY] * 2, undone.legs
    assert undone.state is RolloutState.DONE
    for ref in refs:
        assert (await fleet.session(ref.cluster).records.body(ref, 3)).chart_version == "1.0.0"


async def test_what_somebody_edited_is_found_as_drift(bed: Bed, rollouts: Rollouts, namespace: str) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.0.0", replicas=2)
    scenery.release(bed, "west", "shop", namespace=namespace, version="1.0.0", replicas=2)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/shop"
    live = bed["east"].request("GET", path)
    live["spec"]["replicas"] = 5
    bed["east"].request("PUT", path, live)

    found = await rollouts.drift(ReleaseRef("bed-east", namespace, "shop"))
    assert [(each.kind, each.name, each.fields) for each in found.drifted] == [
        ("Deployment", "shop", ("spec.replicas",))
    ]
    assert (await rollouts.drift(ReleaseRef("bed-west", namespace, "shop"))).drifted == ()


def test_a_command_that_is_killed_leaves_an_act_that_ends_and_the_truth_to_be_told(
    bed: Bed, bed_env: dict[str, str], tmp_path: Path, namespace: str
) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.1.0", replicas=2)
    scenery.release(bed, "west", "shop", namespace=namespace, version="1.0.0", replicas=2)
    home = str(tmp_path)
    env = {**bed_env, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "XDG_RUNTIME_DIR": home}
    argv = [sys.executable, "-m", "acp_tui", "release", "rollout"]

    def listed() -> dict[str, Any]:
        done = subprocess.run([*argv, "-o", "json"], env=env, capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, Any] = json.loads(done.stdout)["items"][0]
        return found

    words = ["shop", "--from", "bed-east", "--to", "bed-west", "-n", namespace, "--yes"]
    running = subprocess.Popen([*argv, *words], env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    records = f"/api/v1/namespaces/{namespace}/secrets?labelSelector=owner%3Dhelm"
    bed["west"].wait("helm's record", lambda: len(bed["west"].request("GET", records)["items"]) == 2)
    running.kill()
    running.wait()

    bed["west"].wait("the act to end alone", lambda: listed()["legs"][0]["state"] == "healthy", timeout=90)
    left = listed()
    assert left["state"] == "interrupted"
    again = subprocess.run(
        [*argv, "--continue", left["id"], "--yes"], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert again.returncode == 7
    assert f"Nothing is left of rollout {left['id']}" in again.stderr
