"""The four verbs through the controllers on real API servers, once over each Helm engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
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
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Check, CheckResult, EffectAction, Intent, Plan, ValuesMode, Verb
from acp_tui.model.release import OwnerKind, ReleaseRef, Store
from testbed import scenery
from testbed.bed import Bed

pytestmark = pytest.mark.system
Chart = Callable[[str], Path]
Run = Callable[..., subprocess.CompletedProcess[str]]
ENGINES = ("helm3", "helm4", "embedded")


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def fleet(kubeconfig: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(load([kubeconfig]).contexts)
    fleet.start()
    await fleet.settled(20)
    yield fleet
    await fleet.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def controller(fleet: Fleet, engines: Sequence[HelmEngine], journal: Journal) -> Controller:
    return Controller(
        fleet, engines=lambda: engines, journal=journal, verify=Verify(deadline_seconds=90, steady_seconds=0.5)
    )


class Desk:
    """One engineer at one release."""

    def __init__(self, controller: Controller, namespace: str, engine: str, *, name: str = "shop") -> None:
        self.controller = controller
        self.ref = ReleaseRef("bed-east", namespace, name)
        self.engine = engine

    async def plan(self, verb: Verb, **more: Any) -> Plan:
        return await self.controller.plan(Intent(verb=verb, release=self.ref, engine=self.engine, **more))

    async def act(self, verb: Verb, **more: Any) -> tuple[Operation, Outcome]:
        plan = await self.plan(verb, **more)
        assert plan.allowed, plan.refusals
        done = await self.controller.wait(self.controller.start(plan).id)
        assert done.outcome is not None
        return done, done.outcome


def check(plan: Plan, id: str) -> Check:
    return next(found for found in plan.checks if found.id == id)


@pytest.mark.parametrize("engine", ENGINES)
async def test_deploy_upgrade_break_roll_back_and_uninstall(
    controller: Controller, namespace: str, chart: Chart, bed: Bed, engine: str
) -> None:
    desk = Desk(controller, namespace, engine)

    done, outcome = await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")), values="hook: {enabled: true}\n")
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert outcome.title.startswith("Deployed shop (web 1.0.0) as revision 1 · ")
    assert outcome.evidence == ("2/2 pods ready", "0 restarts", "3/3 objects there")

    plan = await desk.plan(Verb.UPGRADE, chart=str(chart("1.1.0")), values="{replicas: 3, hook: {enabled: true}}")
    first = plan.effects[0]
    assert (first.ref.kind, first.restarts) == ("Deployment", 2)
    assert "replicas 2 → 3" in first.summary
    assert [effect.ref.kind for effect in plan.effects if effect.action is EffectAction.RUN] == ["Job"]
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert done.outcome.evidence[0] == "3/3 pods ready"

    done, outcome = await desk.act(Verb.UPGRADE, values="broken: true", values_mode=ValuesMode.REUSE)
    assert outcome.kind is OutcomeKind.REGRESSED, outcome
    assert done.state is OperationState.FAILED
    assert outcome.findings[0].what.startswith("ImagePullBackOff")
    assert outcome.findings[0].ref is not None
    assert (outcome.findings[0].ref.kind, outcome.findings[0].ref.name) == ("Deployment", "shop")

    plan = await desk.plan(Verb.ROLLBACK)
    assert plan.intent.revision == 2
    assert plan.effects[0].restarts == 0, "the pods of revision 2 serve on"
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert done.outcome.title.startswith("Rolled back shop to 2 as revision 4 · ")
    assert (done.revision_before, done.revision_after) == (3, 4)

    done, outcome = await desk.act(Verb.UNINSTALL)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert outcome.evidence == ("3/3 objects gone",)
    assert bed["east"].request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"] == []
    assert [each.verb for each in controller.operations()] == [
        Verb.UNINSTALL, Verb.ROLLBACK, Verb.UPGRADE, Verb.UPGRADE, Verb.DEPLOY,
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_upgrade_cancelled_in_its_hook_says_what_is_left_and_the_way_out_works(
    controller: Controller, namespace: str, chart: Chart, bed: Bed, engine: str
) -> None:
    desk = Desk(controller, namespace, engine)
    await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")))
    hanging = "hook: {enabled: true, behaviour: never-ready}"
    begun = controller.start(await desk.plan(Verb.UPGRADE, chart=str(chart("1.1.0")), values=hanging))
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    await asyncio.to_thread(bed["east"].wait, "the hook", lambda: bool(bed["east"].request("GET", jobs)["items"]))
    await controller.cancel(begun.id)
    done = await controller.wait(begun.id)
    assert done.state is OperationState.CANCELLED
    assert done.outcome is not None
    left = done.outcome.evidence[0]
    assert left in ("revision 2 is failed", "revision 2 is pending-upgrade")
    assert done.outcome.advice == "Roll back to 1, the newest that was deployed."

    plan = await desk.plan(Verb.ROLLBACK, no_hooks=True)
    assert plan.intent.revision == 1
    assert plan.allowed
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_failing_hook_is_a_failure_with_helms_own_words(
    controller: Controller, namespace: str, chart: Chart, engine: str
) -> None:
    desk = Desk(controller, namespace, engine)
    await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")))
    failing = "hook: {enabled: true, behaviour: fail}"
    _, outcome = await desk.act(Verb.UPGRADE, chart=str(chart("1.1.0")), values=failing, timeout_seconds=10)
    assert outcome.kind is OutcomeKind.FAILED, outcome
    assert outcome.evidence == ("revision 2 is failed",)
    assert "hook" in outcome.title


async def test_a_crash_loop_regresses_and_names_pod_and_reason(
    controller: Controller, namespace: str, chart: Chart
) -> None:
    desk = Desk(controller, namespace, "helm4")
    await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")))
    _, outcome = await desk.act(Verb.UPGRADE, chart=str(chart("1.1.0")), values="behaviour: crash-loop")
    assert outcome.kind is OutcomeKind.REGRESSED, outcome
    assert "CrashLoopBackOff" in outcome.findings[0].what
    assert outcome.findings[0].evidence.startswith("pod shop-")
    assert outcome.advice == "To go back: roll back to 1."


async def test_pods_that_never_get_ready_are_not_proven_or_regressed_but_never_healthy(
    controller: Controller, namespace: str, chart: Chart
) -> None:
    """The chart's progress deadline of 20 s is over before ours: the Deployment itself then says that it is stuck."""
    desk = Desk(controller, namespace, "helm4")
    await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")))
    _, outcome = await desk.act(Verb.UPGRADE, chart=str(chart("1.1.0")), values="behaviour: never-ready")
    assert outcome.kind is OutcomeKind.REGRESSED, outcome
    assert "no progress within 20 s" in outcome.findings[0].what


async def test_a_release_left_pending_by_a_killed_helm_is_refused_for_upgrades_and_led_out_by_a_rollback(
    controller: Controller, namespace: str, chart: Chart, bed: Bed
) -> None:
    desk = Desk(controller, namespace, "helm4")
    await desk.act(Verb.DEPLOY, chart=str(chart("1.0.0")))
    scenery.leave_pending(bed["east"], "shop", namespace=namespace)
    plan = await desk.plan(Verb.UPGRADE, chart=str(chart("1.1.0")))
    assert [refusal.id for refusal in plan.refusals] == ["lock"]
    _, outcome = await desk.act(Verb.ROLLBACK)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome


async def test_a_release_of_captain_is_recognised_and_not_touched(
    controller: Controller, bed: Bed, namespace: str, fleet: Fleet
) -> None:
    scenery.captain_records(bed, "east", step="2-upgraded")
    rows = await _rows_of(fleet, Store.CAPTAIN)
    assert rows, "the bed holds a Captain release"
    plan = await controller.plan(Intent(verb=Verb.ROLLBACK, release=rows[0]))
    assert plan.owner.kind is OwnerKind.HELMREQUEST
    assert not plan.allowed
    assert "HelmRequest" in check(plan, "owner").advice


async def test_a_user_who_may_only_look_is_told_what_is_missing(
    restricted_kubeconfig: Path, engines: Sequence[HelmEngine], journal: Journal, bed: Bed, namespace: str, chart: Chart
) -> None:
    contexts = load([restricted_kubeconfig]).contexts
    fleet = Fleet(contexts)
    controller = Controller(fleet, engines=lambda: engines, journal=journal)
    try:
        ref = ReleaseRef(contexts[0].name, namespace, "shop", Store.CONFIGMAP)
        plan = await controller.plan(Intent(verb=Verb.DEPLOY, release=ref, chart=str(chart("1.0.0")), engine="helm4"))
    finally:
        await fleet.close()
    rights = check(plan, "rights")
    assert rights.result is CheckResult.REFUSE
    assert "create configmaps in " in rights.evidence


async def _rows_of(fleet: Fleet, store: Store) -> list[ReleaseRef]:
    """Releases of a store once the fleet has seen one; the watch brings it."""
    seen = asyncio.Event()
    unsubscribe = fleet.subscribe(lambda views: seen.set())
    try:
        async with asyncio.timeout(20):
            while not (found := [row.ref for row in fleet.rows("releases") if row.ref.store is store]):
                await seen.wait()
                seen.clear()
    finally:
        unsubscribe()
    return found
