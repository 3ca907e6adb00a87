"""The demo fleet as the console sees it: each cluster's story is told by the rows."""

from __future__ import annotations

import asyncio

from acp_tui.clients.kube.context import AcpExtension, Context
from acp_tui.fleet.inspect import Inspector
from acp_tui.model.cluster import Role
from acp_tui.model.health import Health
from acp_tui.model.release import OwnerKind, Store
from acp_tui.sim.scenario.fleet import PLATFORM, Scenery
from acp_tui.sim.scenario.fleet import fleet as scenery
from acp_tui.sim.serve import Fleet as Box
from tests.fleet.scenery import context, fleet_of


def contexts(box: Box) -> list[Context]:
    def told(name: str) -> AcpExtension:
        return AcpExtension(is_global=name == "global", platform_url=PLATFORM, cluster=name)

    return [context(cluster, acp=told(name)) for name, cluster in box.clusters.items()]


async def test_every_story_of_the_demo_is_told() -> None:
    async with fleet_of(*scenery(Scenery()), contexts=contexts) as (fleet, _):
        alive = [name for name in fleet.names if name != "edge-9"]
        async with asyncio.timeout(30.0):
            await asyncio.gather(*(fleet.session(name).settled.wait() for name in alive))

        clusters = {row.name: row for row in fleet.clusters()}
        assert clusters["global"].role is Role.GLOBAL
        assert clusters["prod-west"].health is Health.HEALTHY
        assert clusters["prod-east"].health is Health.DEGRADED
        assert clusters["edge-9"].health is Health.UNKNOWN
        assert clusters["edge-9"].pods is None
        assert sum(row.pods or 0 for row in clusters.values()) > 1000

        applications = {(row.ref.cluster, row.ref.name): row for row in fleet.rows("applications")}
        payments = applications["prod-east", "payments-api"]
        assert payments.health is Health.DEGRADED
        assert payments.reason == "ImagePullBackOff: registry/pay:1.9.2 not found"
        assert applications["prod-east", "invoice-worker"].reason.startswith("CrashLoopBackOff")

        releases = fleet.rows("releases")
        assert {row.ref.store for row in releases} == set(Store)
        assert [(row.ref.cluster, row.ref.name) for row in releases if row.stuck] == [("staging", "orders-cache")]
        assert [row.ref.name for row in releases if row.status == "failed"] == ["payments-api"]
        kept = {row.owner.kind for row in releases if row.ref.store is Store.CAPTAIN}
        assert kept == {OwnerKind.HELMREQUEST}

        quotas = fleet.rows("quotas")
        assert any(not row.namespace and row.project for row in quotas)
        assert max(row.worst.ratio or 0 for row in quotas if row.namespace and row.worst) > 0.9

        tree = await Inspector(fleet).tree(payments)
        assert tree.verdict.reason == payments.reason
        assert tree.children[0].ref.kind == "Deployment"
