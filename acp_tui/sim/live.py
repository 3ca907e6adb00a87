"""What happens in the fleet while one watches: restarts, rollouts, scaling, a slow line, a failure now and then."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

import msgspec

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers.context import PODS, is_ready
from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.rollouts import DEPLOYMENTS, Rollouts
from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.serve import Fleet

# What the on-call engineer is to find and mend is left alone.
_SPARED = frozenset({"payments-api", "invoice-worker", "orders-cache"})
# The healthy production stays healthy: there pods come and go, and nothing breaks.
_CALM = frozenset({"prod-west"})
_BEAT = (6.0, 14.0)  # seconds between two small happenings
_ROLLOUT = (40.0, 80.0)
_FAILS = 0.3  # share of rollouts that fail first, where any may
_log = logging.getLogger(__name__)


class Life:
    """Small happenings at a modest rate; deterministic in kind and order by seed, not in time.

    `haste` divides every pause between two happenings.
    """

    def __init__(self, *, seed: int, haste: float = 1.0) -> None:
        self._haste = haste
        self._rng = random.Random(f"{seed}/life")  # noqa: S311 -- scenery

    async def run(self, fleet: Fleet) -> None:
        """Go on until cancelled."""
        awake = [c for c in fleet.clusters.values() if not c.spec.is_global]
        if not awake:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stir(awake))
            group.create_task(self._roll(awake))
            for cluster in awake:
                if cluster.faults.latency_ms >= 100:
                    group.create_task(self._wobble(cluster))

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._rng.uniform(least, most) / self._haste)

    async def _stir(self, clusters: list[SimCluster]) -> None:
        acts: list[tuple[Callable[[SimCluster], None], int]] = [
            (self._restart, 1),
            (self._complain, 6),
            (self._evict, 4),
            (self._rescale, 4),
        ]
        weights = [c.store.count(PODS) + 1 for c in clusters]
        while True:
            await self._pause(*_BEAT)
            cluster = self._rng.choices(clusters, weights)[0]
            act = self._rng.choices([a for a, _ in acts], [w for _, w in acts])[0]
            try:
                act(cluster)
            except ApiError as error:
                _log.debug("%s: %s", cluster.name, error.message)

    # -- pods ------------------------------------------------------------------------------------

    def _some_pod(self, cluster: SimCluster) -> Obj | None:
        """A pod that is well and not part of an incident."""
        pods = [s for s in cluster.store.all(PODS) if s.labels.get("app.kubernetes.io/instance", "-") not in _SPARED]
        if not pods:
            return None
        pod = self._rng.choice(pods).obj()
        return pod if is_ready(pod) and not pod["metadata"].get("deletionTimestamp") else None

    def _restart(self, cluster: SimCluster) -> None:
        """A container dies once and is back at once."""
        pod = None if cluster.name in _CALM else self._some_pod(cluster)
        if pod is None or not pod["status"].get("containerStatuses"):
            return
        status = pod["status"]
        entry = status["containerStatuses"][0]
        began = (entry["state"].get("running") or {}).get("startedAt") or now_text()
        ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": began, "finishedAt": now_text()}
        entry["restartCount"] += 1
        entry["lastState"] = {"terminated": ended}
        entry["state"] = {"running": {"startedAt": now_text()}}
        entry["ready"] = False
        for check in status["conditions"]:
            if check["type"] in ("Ready", "ContainersReady"):
                check |= {"status": "False", "reason": "ContainersNotReady", "lastTransitionTime": now_text()}
        cluster.controllers.context.set_status(PODS, pod, status)

    def _complain(self, cluster: SimCluster) -> None:
        pod = self._some_pod(cluster)
        if pod is None:
            return
        reason, message = self._rng.choice(
            [
                ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
                ("Unhealthy", "Liveness probe failed: context deadline exceeded"),
                (
                    "FailedMount",
                    'MountVolume.SetUp failed for volume "config": timed out waiting for the cache to sync',
                ),
            ]
        )
        cluster.controllers.context.event(pod, reason, message, source="kubelet", warning=True)

    def _evict(self, cluster: SimCluster) -> None:
        pod = self._some_pod(cluster)
        if pod is None:
            return
        stored = cluster.store.get(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
        if stored is not None:
            cluster.controllers.context.delete(PODS, stored)

    def _rescale(self, cluster: SimCluster) -> None:
        """An autoscaler moves its Deployment by one or two within its bounds."""
        scalers = list(cluster.store.all(("autoscaling", "horizontalpodautoscalers")))
        if not scalers:
            return
        scaler = self._rng.choice(scalers).obj()
        meta, spec = scaler["metadata"], scaler["spec"]
        resource = cluster.kinds.find(*DEPLOYMENTS)
        if meta["name"] in _SPARED or resource is None:
            return

        def move(live: Obj) -> None:
            wish = live["spec"]["replicas"] + self._rng.choice((-2, -1, 1, 2))
            live["spec"]["replicas"] = max(spec["minReplicas"], min(spec["minReplicas"] + 6, spec["maxReplicas"], wish))

        moved = cluster.writer.change(
            resource, meta["namespace"], meta["name"], move, manager="kube-controller-manager"
        )
        if moved is not None:
            count = moved["spec"]["replicas"]
            status = {**scaler["status"], "currentReplicas": count, "desiredReplicas": count}
            cluster.controllers.context.set_status(("autoscaling", "horizontalpodautoscalers"), scaler, status)

    # -- releases --------------------------------------------------------------------------------

    async def _roll(self, clusters: list[SimCluster]) -> None:
        """Every minute somebody upgrades something; some upgrades fail and are rolled back."""
        choices: list[tuple[SimCluster, Deployed]] = [
            (cluster, release)
            for cluster in clusters
            for release in releases(cluster.name)
            if release.store == "secret" and release.chart != "valkey" and release.name not in _SPARED
        ]
        while choices:
            await self._pause(*_ROLLOUT)
            cluster, release = self._rng.choice(choices)
            try:
                await self._upgrade(cluster, release)
            except ApiError as error:
                _log.debug("%s/%s: %s", cluster.name, release.name, error.message)

    async def _upgrade(self, cluster: SimCluster, release: Deployed) -> None:
        rollouts = Rollouts(cluster, release)
        present = rollouts.newest()
        if present is None:
            return
        last = present[0]
        if cluster.name not in _CALM and self._rng.random() < _FAILS:
            broken = f"{last.tag}-broken"
            begun = rollouts.begin(broken, version=last.version, description="Preparing upgrade")
            if begun is None:
                return
            await self._pause(25, 25)
            why = f'Upgrade "{release.name}" failed: context deadline exceeded'
            rollouts.end(begun, status="failed", description=why)
            await self._pause(50, 90)
            self._roll_back(rollouts, begun.number, last.tag)
            return
        head, _, patch = last.version.rpartition(".")
        version = f"{head}.{int(patch) + 1}"
        begun = rollouts.begin(version, version=version, description="Preparing upgrade")
        if begun is None:
            return
        await self._pause(8, 14)
        rollouts.end(begun, status="deployed", description="Upgrade complete")

    def _roll_back(self, rollouts: Rollouts, failed: int, tag: str) -> None:
        """Unless somebody was faster."""
        present = rollouts.newest()
        if present is None or present[0].number != failed or present[0].status != "failed":
            return
        mended = rollouts.mend(tag)
        if mended is not None:
            rollouts.end(mended, status="deployed", description=f"Rollback to {failed - 1}")

    # -- the line --------------------------------------------------------------------------------

    async def _wobble(self, cluster: SimCluster) -> None:
        """A slow line is not slow by the same amount all the time; faults set by hand are kept."""
        base = cluster.faults.latency_ms
        last = cluster.faults
        while True:
            await self._pause(6, 14)
            if cluster.faults != last:
                continue
            last = msgspec.structs.replace(last, latency_ms=base * self._rng.uniform(0.8, 1.5))
            cluster.set_faults(last)
