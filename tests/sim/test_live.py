"""Things happen while one watches, and incidents are left to the one on call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from acp_tui.sim.live import Life
from acp_tui.sim.scenario.fleet import Scenery, fleet
from acp_tui.sim.serve import Fleet, serve
from acp_tui.sim.store import StoreEvent


async def watching(
    cluster: str, enough: Callable[[list[StoreEvent]], bool], *, haste: float
) -> tuple[Fleet, list[StoreEvent]]:
    """Let life run in one cluster until enough has happened."""
    specs = [spec for spec in fleet(Scenery(pace=0.05)) if spec.name == cluster]
    async with serve(specs, populate=False) as running:
        box = running[cluster]
        box.populate()
        seen: list[StoreEvent] = []
        more = asyncio.Event()

        def note(event: StoreEvent) -> None:
            seen.append(event)
            more.set()

        box.store.listen(note)
        life = asyncio.create_task(Life(seed=1, haste=haste).run(running))
        try:
            async with asyncio.timeout(20):
                while not enough(seen):
                    more.clear()
                    await more.wait()
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
        return running, seen


def plurals(seen: list[StoreEvent]) -> set[str]:
    return {event.resource.plural for event in seen}


async def test_pods_come_and_go_and_autoscalers_scale() -> None:
    wanted = {"pods", "events", "replicasets", "horizontalpodautoscalers", "resourcequotas"}
    _, seen = await watching("prod-west", lambda seen: wanted <= plurals(seen), haste=400)
    assert any(event.type == "DELETED" and event.resource.plural == "pods" for event in seen)


async def test_releases_are_upgraded_fail_and_recover() -> None:
    def recorded(seen: list[StoreEvent]) -> set[str]:
        return {event.new.labels.get("status", "") for event in seen if event.new.labels.get("owner") == "helm"}

    _, seen = await watching(
        "prod-east", lambda seen: {"failed", "deployed", "superseded"} <= recorded(seen), haste=400
    )
    names = {event.new.labels["name"] for event in seen if event.new.labels.get("owner") == "helm"}
    assert names.isdisjoint({"payments-api", "invoice-worker", "orders-cache"})


async def test_the_healthy_production_stays_healthy() -> None:
    def moved(seen: list[StoreEvent]) -> int:
        return sum(event.resource.plural == "events" or event.type == "DELETED" for event in seen)

    _, seen = await watching("prod-west", lambda seen: moved(seen) > 60, haste=2000)
    restarts = [
        container["restartCount"]
        for event in seen
        if event.resource.plural == "pods"
        for container in event.new.obj()["status"].get("containerStatuses", ())
    ]
    statuses = {event.new.labels.get("status") for event in seen if event.new.labels.get("owner") == "helm"}
    assert restarts
    assert not any(restarts)
    assert "failed" not in statuses
