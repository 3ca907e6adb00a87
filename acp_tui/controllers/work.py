"""One act to carry out, with all it works with: what a runner is made of, wherever it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from acp_tui.config.locks import FileLock
from acp_tui.controllers.captain.run import RequestRunner
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.keep import Keep
from acp_tui.controllers.runner import Runner, Sleep, Tools
from acp_tui.controllers.verify import Verify
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Plan
from acp_tui.model.refs import Clock
from acp_tui.model.release import Store

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.controllers.seams import Cluster, Clusters, KindTable, OpenRecords


class Act(Protocol):
    """An act under way; both return however it ends."""

    @property
    def lasting(self) -> bool:
        """Whether it goes on without the process that follows it here."""
        ...

    async def run(self) -> Operation:
        """The operation once it is over. Cancelling the task ends the act where it runs here, else the watching."""
        ...

    async def cancel(self) -> None:
        """Asks it to stop and returns when Helm is over."""
        ...


class Work(Struct, frozen=True):
    """A plan that was admitted, the operation it became, and the tools; `changed` is told every new state."""

    plan: Plan
    operation: Operation
    changed: Callable[[Operation], None]
    clusters: Clusters
    engine: Callable[[], Awaitable[HelmEngine]]
    kinds: Callable[[Cluster], Awaitable[KindTable]]
    records: OpenRecords
    journal: Journal
    verify: Verify
    keep: Keep | None = None
    clock: Clock = time.time
    sleep: Sleep = asyncio.sleep


Launch = Callable[[Work, FileLock], Act]
"""Makes an act of it, which holds the lock and gives it free at its end."""


def runner_of(work: Work, lock: FileLock) -> Runner:
    """Helm holds the lock too, so that the release is not free before the last who works on it is gone."""
    plan = work.plan
    cluster = work.clusters.session(plan.intent.release.cluster)
    tools = Tools(
        cluster=cluster,
        records=work.records(cluster.transport),
        kinds=lambda: work.kinds(cluster),
        engine=work.engine,
        journal=work.journal,
        settings=work.verify,
        clock=work.clock,
        sleep=work.sleep,
        keep=work.keep,
        lock=lock.file,
    )
    if plan.intent.release.store is not Store.CAPTAIN:
        return Runner(plan, work.operation, tools, work.changed)
    return RequestRunner(plan, work.operation, tools, work.changed, clusters=work.clusters, kinds=work.kinds)


class Here:
    """Runs it in this very process, and ends it with this process."""

    lasting = False

    def __init__(self, work: Work, lock: FileLock) -> None:
        self._runner = runner_of(work, lock)
        self._lock = lock

    async def run(self) -> Operation:
        try:
            return await self._runner.run()
        finally:
            self._lock.release()

    async def cancel(self) -> None:
        await self._runner.cancel()
