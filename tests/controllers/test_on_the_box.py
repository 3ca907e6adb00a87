"""The rollback of the demo, from the plan to the verdict, on the simulated fleet with Helm inside Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.operation import OperationState, OutcomeKind
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.release import OwnerKind, ReleaseRef, Store
from acp_tui.sim.scenario.fleet import Scenery
from acp_tui.sim.scenario.fleet import fleet as demo_fleet
from acp_tui.sim.serve import serve, write_private

pytest.importorskip("helm_python")
REF = ReleaseRef("prod-east", "shop", "payments-api")


@pytest.fixture
async def controller(tmp_path: Path) -> AsyncIterator[Controller]:
    """A fleet that has dialled the global cluster and two productions of the demo."""
    wanted = ("global", "prod-east", "prod-west")
    specs = [spec for spec in demo_fleet(Scenery(pace=0.05, scale=0.2)) if spec.name in wanted]
    async with serve(specs) as box:
        kubeconfig = tmp_path / "kubeconfig"
        write_private(kubeconfig, box.kubeconfig())
        fleet = Fleet(load([kubeconfig]).contexts)
        fleet.start()
        await fleet.settled(30)
        engines = await asyncio.to_thread(find_engines, {})
        yield Controller(
            fleet,
            engines=lambda: engines,
            journal=Journal(tmp_path / "journal"),
            verify=Verify(deadline_seconds=60, steady_seconds=0.5),
        )
        await fleet.close()


async def test_payments_api_is_rolled_back_to_41_then_broken_again(controller: Controller) -> None:
    plan = await controller.plan(Intent(verb=Verb.ROLLBACK, release=REF))
    assert plan.intent.revision == 41
    assert plan.confirm == "payments-api", "prod-east is production"
    assert plan.allowed, plan.refusals
    assert plan.effects[0].summary.startswith("image 1.9.2 → 1.9.1, env POOL 40 → 20")
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert done.outcome.title.startswith("Rolled back payments-api to 41 as revision 43 · ")
    assert "3/3 pods ready" in done.outcome.evidence

    missing = Intent(verb=Verb.UPGRADE, release=REF, values="image: {tag: 9.9.9-missing}", values_mode=ValuesMode.REUSE)
    plan = await controller.plan(missing)
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.REGRESSED, done.outcome
    assert done.state is OperationState.FAILED
    assert "9.9.9-missing" in done.outcome.findings[0].what


async def test_a_release_of_a_helm_request_is_planned_on_it(controller: Controller) -> None:
    ref = ReleaseRef("prod-west", "identity", "login-web", Store.CAPTAIN)
    plan = await controller.plan(Intent(verb=Verb.ROLLBACK, release=ref))
    assert (plan.owner.kind, plan.owner.cluster) == (OwnerKind.HELMREQUEST, "global")
    assert plan.allowed, plan.refusals
    assert plan.engine == "Captain"
