"""Captain and the console on real API servers: HelmRequests kept in one cluster, releases in the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.operation import Operation, Outcome, OutcomeKind
from acp_tui.model.plan import Check, CheckResult, EffectAction, Intent, Plan, ValuesMode, Verb
from acp_tui.model.release import OwnerKind, ReleaseRef, Store
from testbed.bed import Bed
from tests.system.helmrequests import Request

pytestmark = pytest.mark.system
FIXTURES = Path(__file__).parents[1] / "fixtures" / "captain"


@pytest.fixture(scope="module")
def captain(bed: Bed, catalog: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`python -m acp_tui.controlplane` over both clusters; the path of its log."""
    assert catalog
    log = tmp_path_factory.mktemp("captain") / "log"
    argv = [sys.executable, "-m", "acp_tui.controlplane", "--kubeconfig", str(bed.kubeconfig), "--global", "bed-west"]
    argv += ["--engine", "helm3", "--first-retry", "0.3", "--removal-timeout", "5"]
    with log.open("wb") as errors:
        process = subprocess.Popen(argv, env={**os.environ, **bed.env()}, stderr=errors)
    yield log
    process.terminate()
    assert process.wait(timeout=10) == 0, log.read_text()


@pytest.fixture
def request_of(captain: Path, bed: Bed, namespace: str) -> Iterator[Request]:
    assert captain
    made = Request(bed, namespace)
    yield made
    made.cleared()


def recorded(step: str, kind: str) -> Any:
    return yaml.safe_load((FIXTURES / f"{step}-{kind}.yaml").read_text())["items"]


def same_shape(ours: Any, theirs: Any) -> bool:
    """The same fields at every level of status and labels; what moments and payloads say is not compared."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same_shape(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return all(same_shape(one, other) for one, other in zip(ours, theirs, strict=False))
    return type(ours) is type(theirs)


def test_captain_leaves_on_real_servers_what_the_recorded_one_left(request_of: Request) -> None:
    request_of.create()
    request_of.synced("1.0.0")
    first = request_of.now
    (theirs,) = recorded("1-installed", "global-helmrequests")
    mine = {key: each for key, each in first["status"].items() if key != "notes"}
    assert same_shape(mine, theirs["status"]), first["status"]
    assert first["metadata"]["finalizers"] == theirs["metadata"]["finalizers"]
    (record,) = request_of.records
    (their,) = recorded("1-installed", "workload-releases")
    status = {key: each for key, each in record["status"].items() if key != "notes"}
    assert same_shape(status, their["status"])
    assert same_shape(record["metadata"]["labels"], their["metadata"]["labels"])
    assert record["spec"].keys() == their["spec"].keys()
    assert record["metadata"]["name"] == their["metadata"]["name"]

    request_of.change(version="9.9.9")
    request_of.failed()
    failed = request_of.now["status"]
    assert failed["reason"] == recorded("3-chart-version-missing", "global-helmrequests")[0]["status"]["reason"]
    assert failed["conditions"] == first["status"]["conditions"]
    assert failed["lastSpecHash"] == first["status"]["lastSpecHash"]
    assert request_of.history == [(1, "deployed")]

    request_of.change(version="1.1.0", values={"replicas": "three"})
    request_of.bed["east"].wait("a failed record", lambda: request_of.history[-1] == (2, "failed"))
    refused = "UPGRADE FAILED: cannot patch "
    request_of.bed["east"].wait("its reason", lambda: request_of.now["status"]["reason"].startswith(refused))

    request_of.change(version="1.0.0", values={"replicas": 2})
    request_of.synced("1.0.0")
    assert request_of.now["status"]["lastSpecHash"] == first["status"]["lastSpecHash"]


def test_a_deletion_takes_objects_and_records_with_it(request_of: Request) -> None:
    request_of.create()
    request_of.synced("1.0.0")
    east, place = request_of.bed["east"], request_of.namespace
    request_of.delete()
    request_of.bed["west"].wait("the deletion", lambda: not request_of.there, timeout=60)
    assert request_of.history == []
    assert request_of.events("SuccessfulDelete")
    live = f"/apis/apps/v1/namespaces/{place}/deployments"
    east.wait("no deployment", lambda: not east.request("GET", live)["items"])


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


class Desk:
    """One engineer at the release of one HelmRequest."""

    def __init__(self, controller: Controller, namespace: str) -> None:
        self.controller = controller
        self.ref = ReleaseRef("bed-east", namespace, "web", Store.CAPTAIN)

    async def plan(self, verb: Verb, **more: Any) -> Plan:
        return await self.controller.plan(Intent(verb=verb, release=self.ref, engine="helm3", **more))

    async def act(self, verb: Verb, **more: Any) -> tuple[Operation, Outcome]:
        plan = await self.plan(verb, **more)
        assert plan.allowed, plan.refusals
        done = await self.controller.wait(self.controller.start(plan).id)
        assert done.outcome is not None
        return done, done.outcome


def check(plan: Plan, id: str) -> Check:
    return next(each for each in plan.checks if each.id == id)


@pytest.fixture
async def desk(
    kubeconfig: Path, engines: Sequence[HelmEngine], request_of: Request, tmp_path: Path
) -> AsyncIterator[Desk]:
    fleet = Fleet(load([kubeconfig]).contexts)
    fleet.start()
    await fleet.settled(20)
    verify = Verify(deadline_seconds=60, steady_seconds=0.5)
    controller = Controller(fleet, engines=lambda: engines, journal=Journal(tmp_path / "journal"), verify=verify)
    yield Desk(controller, request_of.namespace)
    await fleet.close()


async def test_upgrade_break_roll_back_and_uninstall_through_the_request(request_of: Request, desk: Desk) -> None:
    request_of.create()
    request_of.synced("1.0.0")

    plan = await desk.plan(Verb.UPGRADE, version="1.1.0", values="replicas: 3", values_mode=ValuesMode.REUSE)
    assert (plan.owner.kind, plan.owner.name) == (OwnerKind.HELMREQUEST, request_of.name)
    assert check(plan, "render").result is CheckResult.PASS, check(plan, "render")
    assert "replicas 2 → 3" in plan.effects[0].summary
    done = await desk.controller.wait(desk.controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert done.outcome.evidence[0] == "3/3 pods ready"

    broken, outcome = await desk.act(Verb.UPGRADE, values="broken: true", values_mode=ValuesMode.REUSE)
    assert outcome.kind is OutcomeKind.REGRESSED, "Captain says Synced, and the pods do not run"
    assert request_of.now["status"]["phase"] == "Synced"
    assert broken.revision_after == 3

    back, outcome = await desk.act(Verb.ROLLBACK)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert outcome.title.startswith("Rolled back web to 2 as revision 4 · ")
    assert (back.revision_before, back.revision_after) == (3, 4)

    done, outcome = await desk.act(Verb.UNINSTALL)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert not request_of.there


async def test_a_failed_attempt_is_told_after_captain_deleted_it(request_of: Request, desk: Desk) -> None:
    request_of.create()
    request_of.synced("1.0.0")
    refused = await desk.plan(Verb.UPGRADE, version="1.1.0", values="replicas: three")
    assert [each.id for each in refused.refusals] == ["server"], "the server says so before anything is written"
    hook = "hook: {enabled: true, behaviour: fail}"
    done, outcome = await desk.act(Verb.UPGRADE, version="1.1.0", values=hook, values_mode=ValuesMode.REUSE)
    assert outcome.kind is OutcomeKind.FAILED
    assert any(line.startswith("revision 2 (web 1.1.0) failed: ") for line in outcome.evidence), outcome
    plan = await desk.plan(Verb.ROLLBACK)
    assert plan.intent.revision == 1, "what runs is what is gone back to"
    assert all(each.action is not EffectAction.CREATE for each in plan.effects)
    healed, outcome = await desk.act(Verb.ROLLBACK)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert (1, "superseded") in request_of.history
    assert request_of.history[-1] == (2, "deployed"), "the number of the failed revision is used again"
    assert done.id != healed.id


async def test_a_deletion_that_a_hook_blocks_is_no_success(request_of: Request, desk: Desk) -> None:
    request_of.create(hook={"enabled": True, "events": "pre-delete", "behaviour": "fail"})
    request_of.synced("1.0.0")
    _, outcome = await desk.act(Verb.UNINSTALL)
    assert outcome.kind is OutcomeKind.FAILED, outcome
    assert request_of.there
    assert request_of.now["metadata"]["finalizers"] == ["captain.cpaas.io"]
    assert request_of.events("FailedDelete")
    assert "goes on trying" in outcome.advice
