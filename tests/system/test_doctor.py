"""Releases left in every state Helm can leave one in: recognised, explained, led out, and healthy at the end."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.recovery import Act, Ailment, Diagnosis, Life
from acp_tui.model.release import ReleaseRef
from testbed import scenery
from testbed.bed import Bed

pytestmark = pytest.mark.system
HELMS = ("helm3", "helm4")


class Ward:
    """One release of one namespace and those who look after it; `later` moves the doctor's clock."""

    def __init__(self, bed: Bed, fleet: Fleet, engines: Sequence[HelmEngine], namespace: str, state: Path) -> None:
        self.bed = bed
        self.namespace = namespace
        self.ref = ReleaseRef("bed-east", namespace, "shop")
        self.state = state
        self.later = 0.0
        self.controller = Controller(
            fleet,
            engines=lambda: engines,
            journal=Journal(state / "journal"),
            clock=lambda: time.time() + self.later,
            verify=Verify(deadline_seconds=60, steady_seconds=0.5),
        )

    def release(self, helm: str, version: str, **values: str) -> None:
        scenery.release(self.bed, "east", "shop", namespace=self.namespace, helm=helm, version=version, **values)  # type: ignore[arg-type]

    def killed(self, helm: str, verb: str, *more: str, until: Callable[[], bool]) -> None:
        """Helm, killed with SIGKILL as soon as the cluster shows that it has come so far."""
        argv = [helm, "--kube-context=bed-east", "-n", self.namespace, verb, "shop", *more]
        running = subprocess.Popen(
            argv, env=self.bed.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            self.bed["east"].wait("the point to kill helm at", until, timeout=60)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    def chart(self, version: str) -> str:
        return str(scenery.package(self.bed, version))

    def records(self) -> dict[int, dict[str, Any]]:
        path = f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dshop"
        items = self.bed["east"].request("GET", path)["items"]
        return {int(item["metadata"]["labels"]["version"]): item for item in items}

    def status(self, number: int) -> str:
        """What label and payload say, which must be one."""
        record = self.records()[number]
        label, payload = record["metadata"]["labels"]["status"], payload_of(record)["info"]["status"]
        assert label == payload
        return str(label)

    def hook_runs(self) -> bool:
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        items: list[dict[str, Any]] = self.bed["east"].request("GET", path)["items"]
        return any((item.get("status") or {}).get("active") for item in items)

    async def diagnosis(self) -> Diagnosis:
        found = await self.controller.doctor.examine(self.ref)
        assert found
        return found[0]

    async def recover(self, act: Act, engine: str = "") -> Outcome:
        found = await self.diagnosis()
        remedy = next(each for each in found.remedies if each.act is act)
        intent = self.controller.doctor.intent(found, remedy)
        if intent is None:
            done = await self.controller.doctor.recover(await self.controller.doctor.plan(found, remedy), remedy)
        else:
            done = await self.act(intent, engine)
        assert done.outcome is not None
        assert done.state is OperationState.SUCCEEDED, done.outcome
        return done.outcome

    async def act(self, intent: Intent, engine: str) -> Operation:
        from msgspec import structs

        plan = await self.controller.plan(structs.replace(intent, engine=engine, timeout_seconds=30))
        assert plan.allowed, plan.refusals
        return await self.controller.wait(self.controller.start(plan).id)

    async def upgraded(self, engine: str, version: str = "1.2.0") -> Outcome:
        self.later = 0.0
        intent = Intent(Verb.UPGRADE, self.ref, chart=self.chart(version), values_mode=ValuesMode.RESET)
        done = await self.act(intent, engine)
        assert done.outcome is not None
        return done.outcome


def payload_of(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(record["data"]["release"]))))
    return found


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def ward(
    kubeconfig: Path, bed: Bed, namespace: str, engines: Sequence[HelmEngine], tmp_path: Path
) -> AsyncIterator[Ward]:
    fleet = Fleet([each for each in load([kubeconfig]).contexts if each.name == "bed-east"])
    fleet.start()
    await fleet.settled(20)
    yield Ward(bed, fleet, engines, namespace, tmp_path)
    await fleet.close()


def hanging(*events: str) -> tuple[str, ...]:
    words = "\\,".join(events)
    return ("--set=hook.enabled=true", "--set=hook.behaviour=never-ready", f"--set=hook.events={words}")


@pytest.mark.parametrize("helm", HELMS)
async def test_a_killed_upgrade_is_waited_for_while_its_hook_runs_and_then_marked_failed(ward: Ward, helm: str) -> None:
    await asyncio.to_thread(ward.release, helm, "1.0.0")
    await asyncio.to_thread(
        ward.killed, helm, "upgrade", ward.chart("1.1.0"), *hanging("pre-upgrade"), until=ward.hook_runs
    )
    found = await ward.diagnosis()
    assert (found.ailment, found.revision, found.life) == (Ailment.PENDING_UPGRADE, 2, Life.WORKING)
    assert [each.act for each in found.remedies] == [Act.WAIT]

    await asyncio.to_thread(_end_hook, ward)
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert found.life is Life.NOBODY
    assert found.sentence == "The upgrade that made revision 2 never ended; nobody works on it any more."
    assert found.least is not None
    assert found.least.act is Act.MARK_FAILED, "no object was touched, so nothing needs to go back"
    outcome = await ward.recover(Act.MARK_FAILED)
    assert outcome.title == "shop: record 2 marked failed"
    assert (ward.status(1), ward.status(2)) == ("deployed", "failed")
    assert (await ward.upgraded(helm)).kind is OutcomeKind.HEALTHY
    assert set(ward.records()) == {1, 2, 3}


@pytest.mark.parametrize("helm", HELMS)
async def test_a_killed_upgrade_that_changed_objects_is_rolled_back(ward: Ward, helm: str) -> None:
    await asyncio.to_thread(ward.release, helm, "1.0.0")
    await asyncio.to_thread(
        ward.killed, helm, "upgrade", ward.chart("1.1.0"), *hanging("post-upgrade"), until=ward.hook_runs
    )
    await asyncio.to_thread(_end_hook, ward)
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert (found.ailment, found.life) == (Ailment.PENDING_UPGRADE, Life.NOBODY)
    assert [each.act for each in found.remedies] == [Act.ROLL_BACK, Act.MARK_FAILED]
    outcome = await ward.recover(Act.ROLL_BACK, helm)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert ward.status(3) == "deployed"
    assert set(ward.records()) == {1, 2, 3}
    assert await ward.controller.doctor.examine(ward.ref) == ()


@pytest.mark.parametrize("helm", HELMS)
async def test_a_killed_install_is_marked_failed_and_upgraded(ward: Ward, helm: str) -> None:
    await asyncio.to_thread(
        ward.killed, helm, "install", ward.chart("1.0.0"), *hanging("pre-install"), until=ward.hook_runs
    )
    await asyncio.to_thread(_end_hook, ward)
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert (found.ailment, found.life) == (Ailment.PENDING_INSTALL, Life.NOBODY)
    assert [each.act for each in found.remedies] == [Act.MARK_FAILED, Act.UNINSTALL]
    await ward.recover(Act.MARK_FAILED)
    assert (await ward.diagnosis()).ailment is Ailment.NOTHING_DEPLOYED
    assert (await ward.upgraded(helm)).kind is OutcomeKind.HEALTHY
    assert await ward.controller.doctor.examine(ward.ref) == ()


async def test_a_rollback_whose_hook_failed_is_rolled_back_without_hooks(ward: Ward) -> None:
    """Helm returns from a failing rollback hook before it writes any status: the new revision stays pending."""
    failing = {"hook__enabled": "true", "hook__behaviour": "fail", "hook__events": "pre-rollback"}
    await asyncio.to_thread(ward.release, "helm3", "1.0.0", **failing)
    await asyncio.to_thread(ward.release, "helm3", "1.1.0", **failing)
    argv = ("helm3", "--kube-context=bed-east", "-n", ward.namespace, "rollback", "shop", "1", "--timeout=30s")
    failed = await asyncio.to_thread(scenery.run, ward.bed, *argv, check=False)
    assert failed.returncode != 0
    assert ward.status(3) == "pending-rollback"
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert found.ailment is Ailment.PENDING_ROLLBACK
    assert "its hook shop-migrate failed" in found.sentence
    assert found.least is not None
    assert found.least.act in (Act.ROLL_BACK_NO_HOOKS, Act.MARK_FAILED)
    outcome = await ward.recover(Act.ROLL_BACK_NO_HOOKS, "helm3")
    assert outcome.kind is OutcomeKind.HEALTHY
    assert ward.status(4) == "deployed"


@pytest.mark.parametrize("after", [Act.UNINSTALL_NO_HOOKS, Act.ROLL_BACK_NO_HOOKS])
async def test_an_uninstall_held_by_its_hook_goes_without_it_or_comes_back(ward: Ward, after: Act) -> None:
    failing = {"hook__enabled": "true", "hook__behaviour": "fail", "hook__events": "pre-delete"}
    await asyncio.to_thread(ward.release, "helm3", "1.0.0", **failing)
    argv = ("helm3", "--kube-context=bed-east", "-n", ward.namespace, "uninstall", "shop", "--timeout=30s")
    failed = await asyncio.to_thread(scenery.run, ward.bed, *argv, check=False)
    assert failed.returncode != 0
    found = await ward.diagnosis()
    assert found.ailment is Ailment.DELETE_HOOK, found
    assert found.sentence.startswith("The uninstall stopped at its pre-delete hook shop-migrate, which failed")
    assert [each.act for each in found.remedies] == [Act.UNINSTALL_NO_HOOKS, Act.ROLL_BACK_NO_HOOKS]
    outcome = await ward.recover(after, "helm3")
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert (ward.records() == {}) == (after is Act.UNINSTALL_NO_HOOKS)


async def test_an_uninstall_that_was_killed_is_finished(ward: Ward) -> None:
    await asyncio.to_thread(
        ward.release, "helm3", "1.0.0", hook__enabled="true", hook__behaviour="never-ready", hook__events="post-delete"
    )
    await asyncio.to_thread(ward.killed, "helm3", "uninstall", until=ward.hook_runs)
    await asyncio.to_thread(_end_hook, ward)
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert (found.ailment, found.life) == (Ailment.UNINSTALLING, Life.NOBODY)
    assert found.least is not None
    assert found.least.act is Act.UNINSTALL


async def test_several_deployed_a_wrong_label_and_an_unreadable_record_are_repaired_and_can_be_put_back(
    ward: Ward,
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await asyncio.to_thread(ward.release, "helm4", version)
    _rewrite(ward, 1, label="deployed", payload="deployed")
    found = await ward.diagnosis()
    assert (found.ailment, found.sentence) == (
        Ailment.SEVERAL_DEPLOYED,
        "Revisions 3, 1 all say deployed, as a race leaves it; Helm takes 3.",
    )
    await ward.recover(Act.MARK_SUPERSEDED)
    assert ward.status(1) == "superseded"

    _rewrite(ward, 3, label="failed")
    assert (await ward.diagnosis()).ailment is Ailment.LABEL_DIFFERS
    await ward.recover(Act.REPAIR_LABEL)
    assert ward.status(3) == "deployed"
    assert await ward.controller.doctor.examine(ward.ref) == ()

    broken = ward.records()[3]
    broken["data"]["release"] = base64.b64encode(b"H4sIAAAA").decode()
    _put(ward, broken)
    found = await ward.diagnosis()
    assert found.ailment is Ailment.UNREADABLE
    before = ward.records()[3]
    await ward.recover(Act.SET_ASIDE)
    assert set(ward.records()) == {1, 2}
    (copy,) = [path for path in (ward.state / "backups").rglob("*.json") if "set-aside" in path.read_text()]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600

    plan, backup = await ward.controller.doctor.plan_put_back(ward.ref)
    done = await ward.controller.doctor.put_back(plan, backup)
    assert done.state is OperationState.SUCCEEDED, done.outcome
    back = ward.records()[3]
    assert (back["data"], back["metadata"]["labels"]) == (before["data"], before["metadata"]["labels"])


async def test_a_helmrequest_that_does_not_go_is_let_go_and_can_come_back(ward: Ward) -> None:
    place = f"/apis/app.alauda.io/v1/namespaces/{ward.namespace}/helmrequests"
    request = {
        "apiVersion": "app.alauda.io/v1",
        "kind": "HelmRequest",
        "metadata": {"name": "shop", "finalizers": ["captain.cpaas.io"]},
        "spec": {"chart": "stable/web", "version": "1.0.0", "namespace": ward.namespace, "releaseName": "shop"},
    }
    ward.bed["east"].request("POST", place, request)
    ward.bed["east"].request("DELETE", f"{place}/shop")
    doctor = ward.controller.doctor
    (ref,) = [ref for ref in await doctor.hanging() if ref.namespace == ward.namespace]
    (found,) = await doctor.examine(ref)
    assert (found.ailment, found.owner.name) == (Ailment.REQUEST_HANGS, "shop")
    assert found.sentence == "The HelmRequest is being deleted and does not go: held by captain.cpaas.io."
    assert [each.act for each in found.remedies] == [Act.WAIT, Act.FREE_REQUEST]
    free = found.remedies[1]
    assert free.effect == "the HelmRequest goes; nothing is left of its release"
    done = await doctor.recover(await doctor.plan(found, free), free)
    assert done.state is OperationState.SUCCEEDED, done.outcome
    assert await doctor.examine(ref) == ()
    plan, backup = await doctor.plan_put_back(ref)
    done = await doctor.put_back(plan, backup)
    assert done.state is OperationState.SUCCEEDED, done.outcome
    back = ward.bed["east"].request("GET", f"{place}/shop")
    assert back["spec"] == request["spec"]
    back["metadata"]["finalizers"] = []
    ward.bed["east"].request("PUT", f"{place}/shop", back)


async def test_a_record_that_moved_since_it_was_read_is_not_written(ward: Ward) -> None:
    await asyncio.to_thread(ward.release, "helm4", "1.0.0")
    scenery.leave_pending(ward.bed["east"], "shop", namespace=ward.namespace)
    found = await ward.diagnosis()
    assert (found.ailment, found.life) == (Ailment.PENDING_UPGRADE, Life.NOBODY)
    remedy = next(each for each in found.remedies if each.act is Act.MARK_FAILED)
    plan = await ward.controller.doctor.plan(found, remedy)
    _rewrite(ward, 2, label="pending-upgrade")
    with pytest.raises(Refused, match="moved since the plan was made"):
        await ward.controller.doctor.recover(plan, remedy)
    assert ward.status(2) == "pending-upgrade"


async def test_the_command_line_says_the_same_and_recovers(
    ward: Ward, kubeconfig: Path, bed_env: dict[str, str], tmp_path: Path
) -> None:
    import sys

    await asyncio.to_thread(ward.release, "helm4", "1.0.0")
    scenery.leave_pending(ward.bed["east"], "shop", namespace=ward.namespace)
    env = {**os.environ, **bed_env, "XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    common = ["-n", ward.namespace, "--context=bed-east", "-o", "json"]

    async def say(*words: str) -> tuple[int, dict[str, Any]]:
        argv = [sys.executable, "-m", "acp_tui", "release", *words, *common]
        done = await asyncio.to_thread(subprocess.run, argv, env=env, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, found = await say("doctor", "shop")
    (item,) = found["items"]
    assert (code, item["ailment"], item["life"]) == (8, "pending-upgrade", "nobody")
    assert [each["act"] for each in item["remedies"]] == ["mark-failed", "roll-back"]
    code, planned = await say("recover", "shop", "--plan")
    assert (code, planned["allowed"]) == (0, True)
    assert ward.status(2) == "pending-upgrade", "a plan writes nothing"
    code, done = await say("recover", "shop", "--yes")
    assert (code, done["operation"]["outcome"]["title"]) == (0, "shop: record 2 marked failed")
    assert ward.status(2) == "failed"
    code, _ = await say("recover", "shop", "--put-back", "--yes")
    assert (code, ward.status(2)) == (0, "pending-upgrade")


def _end_hook(ward: Ward) -> None:
    """The hook's Job goes, as it does when somebody cleans up after a Helm that died."""
    place = f"/apis/batch/v1/namespaces/{ward.namespace}/jobs"
    for job in ward.bed["east"].request("GET", place)["items"]:
        ward.bed["east"].request("DELETE", f"{place}/{job['metadata']['name']}?propagationPolicy=Background")
    ward.bed["east"].wait("the hook's end", lambda: not ward.bed["east"].request("GET", place)["items"])


def _rewrite(ward: Ward, number: int, *, label: str, payload: str = "") -> None:
    record = ward.records()[number]
    record["metadata"]["labels"] |= {"status": label, "touched": str(time.time_ns())}
    if payload:
        release = payload_of(record)
        release["info"]["status"] = payload
        packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
        record["data"]["release"] = base64.b64encode(packed).decode()
    _put(ward, record)


def _put(ward: Ward, record: dict[str, Any]) -> None:
    ward.bed["east"].request("PUT", f"/api/v1/namespaces/{ward.namespace}/secrets/{record['metadata']['name']}", record)
