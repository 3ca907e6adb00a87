"""Releases left in every state Helm can leave one in: recognised, explained, led out, and healthy at the end."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from acp_tui.model.errors import Refused
from acp_tui.model.operation import OperationState, OutcomeKind
from acp_tui.model.plan import Intent, Verb
from acp_tui.model.recovery import Act, Ailment, Life
from testbed import scenery
from tests.system.ward import Ward, end_hook, hanging, put, rewrite

pytestmark = pytest.mark.system
HELMS = ("helm3", "helm4")


@pytest.mark.parametrize("helm", HELMS)
async def test_a_killed_upgrade_is_waited_for_while_its_hook_runs_and_then_marked_failed(ward: Ward, helm: str) -> None:
    await asyncio.to_thread(ward.release, helm, "1.0.0")
    await asyncio.to_thread(
        ward.killed, helm, "upgrade", ward.chart("1.1.0"), *hanging("pre-upgrade"), until=ward.hook_runs
    )
    found = await ward.diagnosis()
    assert (found.ailment, found.revision, found.life) == (Ailment.PENDING_UPGRADE, 2, Life.WORKING)
    assert [each.act for each in found.remedies] == [Act.WAIT]

    await asyncio.to_thread(end_hook, ward)
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
    await asyncio.to_thread(end_hook, ward)
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
    await asyncio.to_thread(end_hook, ward)
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
    assert [each.act for each in found.remedies] == [Act.UNINSTALL_NO_HOOKS, Act.ROLL_BACK_NO_HOOKS, Act.LET_GO]
    outcome = await ward.recover(after, "helm3")
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert (ward.records() == {}) == (after is Act.UNINSTALL_NO_HOOKS)


async def test_a_failing_post_delete_hook_holds_nothing_and_is_told(ward: Ward) -> None:
    """Helm purges the records all the same and ends with an error: nothing is stuck, and nothing to recover from."""
    failing = {"hook__enabled": "true", "hook__behaviour": "fail", "hook__events": "post-delete"}
    await asyncio.to_thread(ward.release, "helm3", "1.0.0", **failing)
    done = await ward.act(Intent(Verb.UNINSTALL, ward.ref), "helm3")
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.FAILED
    assert done.outcome.evidence == ("no record of shop is left",)
    assert done.outcome.findings[0].what == "hook shop-migrate: exit 1, Error"
    assert ward.records() == {}
    assert await ward.controller.doctor.examine(ward.ref) == ()


async def test_an_uninstall_that_was_killed_is_finished_or_comes_back(ward: Ward) -> None:
    await asyncio.to_thread(
        ward.release, "helm3", "1.0.0", hook__enabled="true", hook__behaviour="never-ready", hook__events="post-delete"
    )
    await asyncio.to_thread(ward.killed, "helm3", "uninstall", until=ward.hook_runs)
    await asyncio.to_thread(end_hook, ward)
    ward.later = 1300.0
    found = await ward.diagnosis()
    assert (found.ailment, found.life) == (Ailment.UNINSTALLING, Life.NOBODY)
    assert found.least is not None
    assert found.least.act is Act.UNINSTALL
    assert [each.act for each in found.remedies][1:] == [Act.ROLL_BACK, Act.LET_GO]
    outcome = await ward.recover(Act.ROLL_BACK, "helm3")
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert set(ward.records()) == {1, 2}
    assert await ward.controller.doctor.examine(ward.ref) == ()


async def test_several_deployed_a_wrong_label_and_an_unreadable_record_are_repaired_and_can_be_put_back(
    ward: Ward,
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await asyncio.to_thread(ward.release, "helm4", version)
    rewrite(ward, 1, label="deployed", payload="deployed")
    found = await ward.diagnosis()
    assert (found.ailment, found.sentence) == (
        Ailment.SEVERAL_DEPLOYED,
        "Revisions 3, 1 all say deployed, as a race leaves it; Helm takes 3.",
    )
    await ward.recover(Act.MARK_SUPERSEDED)
    assert ward.status(1) == "superseded"

    rewrite(ward, 3, label="failed")
    assert (await ward.diagnosis()).ailment is Ailment.LABEL_DIFFERS
    await ward.recover(Act.REPAIR_LABEL)
    assert ward.status(3) == "deployed"
    assert await ward.controller.doctor.examine(ward.ref) == ()

    broken = ward.records()[3]
    broken["data"]["release"] = base64.b64encode(b"H4sIAAAA").decode()
    put(ward, broken)
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
    rewrite(ward, 2, label="pending-upgrade")
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
