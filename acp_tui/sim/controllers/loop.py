"""The work queue of one cluster's controllers: which change concerns whom, and when."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError
from acp_tui.sim.controllers import context as ctx
from acp_tui.sim.controllers.applications import APPLICATIONS, INSTANCE, Applications
from acp_tui.sim.controllers.daemonset import DaemonSets
from acp_tui.sim.controllers.definitions import Definitions
from acp_tui.sim.controllers.deployment import Deployments
from acp_tui.sim.controllers.garbage import GarbageCollector
from acp_tui.sim.controllers.job import Jobs
from acp_tui.sim.controllers.namespaces import Namespaces
from acp_tui.sim.controllers.network import Network
from acp_tui.sim.controllers.pods import Pods
from acp_tui.sim.controllers.quotas import Quotas
from acp_tui.sim.controllers.replicaset import ReplicaSets
from acp_tui.sim.controllers.statefulset import StatefulSets
from acp_tui.sim.owners import OwnerIndex

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from acp_tui.sim.images import ImageRules
    from acp_tui.sim.kinds import KindTable
    from acp_tui.sim.store import KindKey, Store, StoreEvent
    from acp_tui.sim.write import Writer

_OWNERS = {
    "ReplicaSet": ctx.REPLICASETS,
    "Deployment": ctx.DEPLOYMENTS,
    "StatefulSet": ctx.STATEFULSETS,
    "DaemonSet": ctx.DAEMONSETS,
    "Job": ctx.JOBS,
}
_BATCH = 10  # reconciles between two looks at the network
_log = logging.getLogger(__name__)


class Controllers:
    """Runs every controller of a cluster in one task, one object at a time."""

    def __init__(
        self,
        *,
        store: Store,
        kinds: KindTable,
        writer: Writer,
        rng: random.Random,
        images: ImageRules,
        pace: float,
    ) -> None:
        self._store = store
        self._pace = pace
        self._owners = OwnerIndex(store)
        self.context = ctx.Context(
            store=store,
            kinds=kinds,
            writer=writer,
            rng=rng,
            images=images,
            owners=self._owners,
            queue=self.queue,
            pace=pace,
        )
        self._network = Network(self.context)
        self._quotas = Quotas(self.context)
        self._garbage = GarbageCollector(self.context)
        self._reconcilers: dict[KindKey, Callable[[str, str], None]] = {
            ctx.PODS: Pods(self.context).reconcile,
            ctx.DEPLOYMENTS: Deployments(self.context).reconcile,
            ctx.REPLICASETS: ReplicaSets(self.context).reconcile,
            ctx.STATEFULSETS: StatefulSets(self.context).reconcile,
            ctx.DAEMONSETS: DaemonSets(self.context).reconcile,
            ctx.JOBS: Jobs(self.context).reconcile,
            APPLICATIONS: Applications(self.context).reconcile,
            ctx.SERVICES: self._network.service,
            ("networking.k8s.io", "ingresses"): self._network.ingress,
            ("", "persistentvolumeclaims"): self._network.claim,
            ("", "resourcequotas"): self._quotas.reconcile,
            ("", "namespaces"): Namespaces(self.context).reconcile,
            ("apiextensions.k8s.io", "customresourcedefinitions"): Definitions(self.context).reconcile,
        }
        self._due: list[tuple[float, int, KindKey, str, str]] = []
        self._queued: dict[tuple[KindKey, str, str], float] = {}
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take in what is there and begin to follow changes."""
        self._owners.scan()
        self._network.scan()
        self._quotas.scan()
        self._store.listen(self._note)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # -- queue -----------------------------------------------------------------------------------

    def queue(self, kind: KindKey, namespace: str, name: str, *, delay: float = 0.0) -> None:
        """Ask for a reconcile; an earlier or equal request that is still waiting covers it."""
        due = asyncio.get_running_loop().time() + delay * self._pace
        key = (kind, namespace, name)
        if self._queued.get(key, float("inf")) <= due:
            return
        self._queued[key] = due
        heapq.heappush(self._due, (due, next(self._order), *key))
        self._wake.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for _ in range(_BATCH):
                if not self._due or self._due[0][0] > loop.time():
                    break
                due, _, kind, namespace, name = heapq.heappop(self._due)
                if self._queued.get((kind, namespace, name)) == due:
                    del self._queued[(kind, namespace, name)]
                    self._reconcile(kind, namespace, name)
            wait = self._due[0][0] - loop.time() if self._due else 3600.0
            if wait <= 0:
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _reconcile(self, kind: KindKey, namespace: str, name: str) -> None:
        reconcile = self._reconcilers.get(kind)
        if reconcile is None:
            return
        try:
            reconcile(namespace, name)
        except ApiError as error:
            # What the server refuses a controller is tried again later, as controllers do.
            _log.debug("%s %s/%s: %s", kind, namespace, name, error.message)
            self.queue(kind, namespace, name, delay=1.0)

    # -- events ----------------------------------------------------------------------------------

    def _note(self, event: StoreEvent) -> None:
        """Queue everything a change concerns."""
        self._owners.note(event)
        self._garbage.note(event)
        kind, new = event.resource.key, event.new
        if kind == ctx.EVENTS:
            return
        if kind in self._reconcilers and (event.type != "DELETED" or kind == ctx.SERVICES):
            self.queue(kind, new.namespace, new.name)
        if kind in (ctx.PODS, ctx.REPLICASETS) and new.owners:
            for reference in new.obj()["metadata"].get("ownerReferences") or []:
                if owner := _OWNERS.get(reference["kind"]):
                    self.queue(owner, new.namespace, reference["name"])
        if kind in (ctx.DEPLOYMENTS, ctx.STATEFULSETS) and (instance := new.labels.get(INSTANCE)):
            self.queue(APPLICATIONS, new.namespace, instance, delay=0.2)
        self._quotas.note(event)
        self._network.note(event)
