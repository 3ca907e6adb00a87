"""The way in to every act: plan it, start it, watch it, cancel it, and look at those of the past."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from acp_tui.controllers.captain.run import RequestRunner
from acp_tui.controllers.doctor.doctor import Doctor
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.guardrails import Guardrails, admit
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.lock import ReleaseLock, lock_release
from acp_tui.controllers.planner import Planner
from acp_tui.controllers.proofs import proofs_of
from acp_tui.controllers.refusal import refusal
from acp_tui.controllers.runner import Runner, Sleep, Tools
from acp_tui.controllers.undo import undo_of
from acp_tui.controllers.verify import Verify
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import Operation, OperationState, StepProgress
from acp_tui.model.plan import Intent, Plan
from acp_tui.model.refs import Clock
from acp_tui.model.release import Store

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import Clusters, FindEngines, OpenRecords


class Controller:
    """Plans and runs acts on the releases of a fleet; everything runs on the event loop it is used from."""

    def __init__(
        self,
        fleet: Clusters,
        *,
        engines: FindEngines,
        journal: Journal,
        clock: Clock = time.time,
        engine: str = "",
        read_only: bool = False,
        verify: Verify | None = None,
        records: OpenRecords | None = None,
        guardrails: Guardrails | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._fleet = fleet
        self._records = records or _records
        self._planner = Planner(
            fleet, engines=engines, records=self._records, engine=engine, read_only=read_only, clock=clock,
            proofs=lambda ref: proofs_of(self.operations(), ref),
        )  # fmt: skip
        self._journal = journal
        self._guardrails = guardrails or Guardrails(clock=clock)
        self._clock = clock
        self._verify = verify or Verify()
        self._sleep = sleep
        self._operations: dict[str, Operation] = {}
        self._running: dict[str, tuple[Runner, asyncio.Task[Operation]]] = {}
        self._listeners: list[Callable[[Operation], None]] = []
        self.doctor = Doctor(
            GatedClusters(fleet), self._planner, records=self._records, journal=journal, guardrails=self._guardrails,
            past=self.operations, begin=self._begun, changed=self._changed, clock=clock, read_only=read_only,
        )  # fmt: skip

    async def plan(self, intent: Intent) -> Plan:
        """What would happen; raises ClusterError, ChartError, EngineError or UsageError where that cannot be said."""
        plan = await self._planner.plan(intent)
        return await asyncio.to_thread(self._guardrails.judge, plan, self._planner.cluster(intent.release.cluster))

    async def undo(self, id: str) -> Intent:
        """The intent that takes an operation back; raises Refused where there is none, or the release moved since."""
        operation = self.operation(id)
        cluster = self._planner.cluster(operation.release.cluster)
        return undo_of(operation, await self._records(cluster.transport).history(operation.release))

    def start(self, plan: Plan) -> Operation:
        """Begins the act and returns at once.

        Raises Refused where a check of the plan or the policy, as it is now, says no, or somebody already works on
        the release; the journal then has that. That the release has not moved since the plan is looked at in the
        first steps, before Helm is started.
        """
        cluster = self._planner.cluster(plan.intent.release.cluster)
        confirmed, plan = plan.confirm, self._guardrails.judge(plan, cluster)
        operation = self._begun(plan)
        try:
            admit(plan, confirmed=confirmed)
            lock = lock_release(
                self._journal.folder.parent / "locks",
                plan.intent.release,
                holder=f"{operation.id}: {plan.headline} (process {os.getpid()}, {operation.user})",
            )
        except Refused as error:
            self._note(refusal(operation, plan, error))
            raise
        tools = Tools(
            cluster=cluster,
            records=self._records(cluster.transport),
            kinds=lambda: self._planner.kinds(cluster),
            engine=lambda: self._planner.engine(plan.engine),
            journal=self._journal,
            settings=self._verify,
            clock=self._clock,
            sleep=self._sleep,
        )
        runner = self._runner(plan, operation, tools)
        self._changed(operation)
        self._running[operation.id] = (runner, asyncio.ensure_future(self._run(runner, lock)))
        return operation

    def attempted(self, plan: Plan) -> None:
        """Notes in the journal that somebody tried to run a plan which is refused; it never begins anything."""
        try:
            admit(plan, confirmed=plan.confirm)
        except Refused as error:
            self._note(refusal(self._begun(plan), plan, error))

    def _note(self, refused: Operation) -> None:
        self._changed(refused)
        self._journal.refuse(refused)

    async def cancel(self, id: str) -> None:
        """Asks a running operation to stop and returns when Helm is over; one that is over already is left alone."""
        running = self._running.get(id)
        if running is not None:
            await running[0].cancel()

    async def wait(self, id: str) -> Operation:
        """The operation once it is over; cancelling the wait does not cancel the operation."""
        running = self._running.get(id)
        return await asyncio.shield(running[1]) if running is not None else self.operation(id)

    def operation(self, id: str) -> Operation:
        """One operation, running or past; raises UsageError for an id nobody knows."""
        known = self._operations.get(id) or self._journal.find(id)
        if known is None:
            raise UsageError(f"No operation {id!r}", advice="Activity lists them all")
        return known

    def operations(self) -> tuple[Operation, ...]:
        """Running and past ones, newest first, with those that other acp-tui processes journal here."""
        known = {each.id: each for each in self._journal.past()} | self._operations
        return tuple(sorted(known.values(), key=lambda each: (each.started_at, each.id), reverse=True))

    def subscribe(self, callback: Callable[[Operation], None]) -> Callable[[], None]:
        """Calls back on the loop with every new state of an operation; returns what ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def _runner(self, plan: Plan, operation: Operation, tools: Tools) -> Runner:
        if plan.intent.release.store is not Store.CAPTAIN:
            return Runner(plan, operation, tools, self._changed)
        fleet = self._fleet
        return RequestRunner(plan, operation, tools, self._changed, clusters=fleet, kinds=self._planner.kinds)

    async def _run(self, runner: Runner, lock: ReleaseLock) -> Operation:
        id = runner.operation.id
        try:
            return await runner.run()
        finally:
            lock.release()
            self._running.pop(id, None)

    def _changed(self, operation: Operation) -> None:
        """Tells the listeners in the loop's next round, so that one which fails cannot break the act."""
        self._operations[operation.id] = operation
        loop = asyncio.get_running_loop()
        for callback in tuple(self._listeners):
            loop.call_soon(callback, operation)

    def _begun(self, plan: Plan) -> Operation:
        now = self._clock()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        context = self._planner.cluster(plan.intent.release.cluster).context
        return Operation(
            id=f"{stamp}-{secrets.token_hex(3)}",
            verb=plan.intent.verb,
            release=plan.intent.release,
            headline=plan.headline,
            state=OperationState.RUNNING,
            started_at=now,
            engine=plan.engine,
            user=_user(context.user_name),
            production=plan.production,
            steps=tuple(StepProgress(step.id, step.title) for step in plan.steps),
            undo=plan.undo,
            revision_before=plan.base_revision or None,
            group=plan.intent.group,
        )


def open_controller(
    fleet: Clusters,
    *,
    engine: str = "",
    read_only: bool = False,
    deadline_seconds: int = 300,
    policies: Sequence[str] = (),
) -> Controller:
    """The controller of the program: engines of this machine, journal in the state folder of this user.

    `policies` are files besides the one of this user and those of the settings.
    """
    from acp_tui.clients.helm.engines import find_engines
    from acp_tui.config.paths import state_dir
    from acp_tui.config.policy import load_policies

    return Controller(
        fleet,
        engines=find_engines,
        journal=Journal(state_dir() / "journal"),
        engine=engine,
        read_only=read_only,
        verify=Verify(deadline_seconds=deadline_seconds),
        guardrails=Guardrails(lambda: load_policies(policies)),
    )


def _records(transport: Transport) -> ReleaseStore:
    from acp_tui.clients.helm.records import Records

    return Records(transport)


def _user(kubeconfig_user: str) -> str:
    """Who acts: the person on this machine, and whom the cluster takes them for."""
    try:
        person = getpass.getuser()
    except (OSError, KeyError):
        person = str(os.getuid())
    return f"{person}@{socket.gethostname()}" + (f" as {kubeconfig_user}" if kubeconfig_user else "")
