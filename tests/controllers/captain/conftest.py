"""A console over two clusters on which Captain works, and a release `web` of the HelmRequest `web-east`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.controllers.work import Here, Launch
from acp_tui.controlplane.settings import Settings
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Check, Intent, Plan, Verb
from acp_tui.model.release import ReleaseRef, Store
from tests.controlplane.conftest import Scene, charts, engine, play  # noqa: F401 - fixtures

REF = ReleaseRef("east", "default", "web", Store.CAPTAIN)
Console = Callable[..., Any]


class Desk:
    """What a person at the console does, and what stands in the clusters."""

    def __init__(self, scene: Scene, controller: Controller, journal: Path) -> None:
        self.scene = scene
        self.controller = controller
        self.journal = journal
        self.spare: Callable[[], Controller] = lambda: controller

    async def plan(self, verb: Verb, **more: Any) -> Plan:
        return await self.controller.plan(Intent(verb=verb, release=REF, **more))

    async def act(self, verb: Verb, **more: Any) -> Operation:
        plan = await self.plan(verb, **more)
        assert plan.allowed, plan.refusals
        return await self.controller.wait(self.controller.start(plan).id)


def check(plan: Plan, id: str) -> Check:
    return next(each for each in plan.checks if each.id == id)


IN_EAST = "/apis/app.alauda.io/v1/namespaces/default/helmrequests"


async def _kept_in_east(scene: Scene) -> None:
    """The same history, of a request that lies beside its release."""
    spec = {"chart": "demo/web", "version": "1.0.0", "values": {"replicas": 2}}
    request = {"apiVersion": "app.alauda.io/v1", "kind": "HelmRequest", "metadata": {"name": "web"}, "spec": spec}
    await scene.post(scene.east, IN_EAST, request)

    async def first() -> bool:
        return await scene.statuses() == [(1, "deployed")]

    async def second() -> bool:
        return await scene.statuses() == [(1, "superseded"), (2, "deployed")]

    await scene.until(first)
    await scene.merge(scene.east, f"{IN_EAST}/web", {"spec": {"version": "1.1.0", "values": {"replicas": 3}}})
    await scene.until(second)


@pytest.fixture
def console(play: Callable[..., Any], tmp_path: Path, engine: Any) -> Console:  # noqa: F811
    """`async with console(settings) as desk`: release `web` is there in version 1.1.0, revision 2."""

    @asynccontextmanager
    async def opened(
        settings: Settings | None = None,
        *,
        chart: str = "web",
        launch: Launch = Here,
        steady: float = 0.3,
        kept_in_east: bool = False,
    ) -> AsyncIterator[Desk]:
        async with play(settings) as scene:
            if kept_in_east:
                await _kept_in_east(scene)
            elif chart == "web":
                await scene.ask("web-east", "web", "1.0.0", {"replicas": 2})
                await scene.synced("1.0.0")
                await scene.change("web-east", version="1.1.0", values={"replicas": 3})
                await scene.synced("1.1.0")
            else:
                await scene.ask("web-east", chart, "0.1.0", {}, releaseName="web")
                await scene.synced("0.1.0")
            fleet = Fleet(load([tmp_path / "kubeconfig"]).contexts)
            fleet.start()
            await fleet.settled(30)

            def controller() -> Controller:
                return Controller(
                    fleet,
                    engines=lambda: (engine,),
                    journal=Journal(tmp_path / "journal"),
                    verify=Verify(deadline_seconds=30, steady_seconds=steady, poll_seconds=0.2),
                    launch=launch,
                )

            try:
                desk = Desk(scene, controller(), tmp_path / "journal")
                desk.spare = controller
                yield desk
            finally:
                await fleet.close()

    return opened
