"""The way in to every act: plan it, start it, watch it, cancel it, and look at those of the past."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.controllers.acts import Acts
from acp_tui.controllers.attached import PAUSE, Detached
from acp_tui.controllers.checks import warned
from acp_tui.controllers.doctor.doctor import Doctor
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.ground import Told, silent
from acp_tui.controllers.guardrails import Guardrails, admit
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.keep import Keep
from acp_tui.controllers.lock import holder, is_held, lock_release
from acp_tui.controllers.outcome import aftermath
from acp_tui.controllers.planner import Planner
from acp_tui.controllers.proofs import proofs_of
from acp_tui.controllers.refusal import refusal
from acp_tui.controllers.runner import Sleep
from acp_tui.controllers.undo import undo_of
from acp_tui.controllers.verify import Verify
from acp_tui.controllers.work import Act, Here, Launch, Work
from acp_tui.model.errors import AcpTuiError, Refused
from acp_tui.model.operation import Operation, OperationState, StepProgress
from acp_tui.model.plan import Intent, Plan
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import Clusters, FindEngines, OpenRecords

BOUND = warned(
    "bound",
    "This act ends with this program",
    "it gets no process of its own here",
    "Leave acp-tui open until the verdict is there.",
)

STOPPED_SECONDS = 25.0
"""After so long a Helm that was asked to stop is over, or somebody has to look."""


class Controller(Acts):
    """Plans acts on the releases of a fleet and has them run; follows those that run, whoever began them.

    Used from one event loop. `launch` says where an act runs: in a process of its own, or (Here) in this one.
    """

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
        launch: Launch = Here,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._gated = GatedClusters(fleet)
        self._records = records or _records
        self._planner = Planner(
            fleet, engines=engines, records=self._records, engine=engine, read_only=read_only, clock=clock,
            proofs=lambda ref: proofs_of(self.operations(), ref),
        )  # fmt: skip
        super().__init__(journal)
        self.keep = Keep(journal.kept)
        self._guardrails = guardrails or Guardrails(clock=clock)
        self._clock = clock
        self._verify = verify or Verify()
        self._launch = launch
        self._sleep = sleep
        self.doctor = Doctor(
            self._gated, self._planner, records=self._records, journal=journal, guardrails=self._guardrails,
            past=self.operations, begin=self._begun, changed=self._changed, clock=clock, read_only=read_only,
        )  # fmt: skip

    @property
    def lasting(self) -> bool:
        """Whether acts go on without this program."""
        return self._launch is not Here

    async def plan(self, intent: Intent, *, told: Told = silent) -> Plan:
        """What would happen; raises ClusterError, ChartError, EngineError or UsageError where that cannot be said.

        `told` hears in words what is being asked; it may be called a hundred times a second.
        """
        plan = await self._planner.plan(intent, told=told)
        if not self.lasting:
            plan = structs.replace(plan, checks=(*plan.checks, BOUND))
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
            lock = lock_release(self._journal.locks, plan.intent.release, holder=holder(operation))
        except Refused as error:
            self._note(refusal(operation, plan, error))
            raise
        work = Work(
            plan=plan,
            operation=operation,
            changed=self._changed,
            clusters=self._gated,
            engine=lambda: self._planner.engine(plan.engine),
            kinds=self._planner.kinds,
            records=self._records,
            journal=self._journal,
            verify=self._verify,
            keep=self.keep,
            clock=self._clock,
            sleep=self._sleep,
        )
        self._changed(operation)
        self._follow(operation.id, self._launch(work, lock))
        return operation

    async def explain(self, id: str) -> Operation:
        """An operation whose runner was killed, with what the cluster says of its release now; any other as it is."""
        operation = self.operation(id)
        ref = operation.release
        if operation.state is not OperationState.LOST or ref.cluster not in self._gated.names:
            return operation
        await self._left_alone(ref)
        history = await self._records(self._planner.cluster(ref.cluster).transport).history(ref)
        told = structs.replace(operation, outcome=aftermath(operation, history, await self.doctor.examine(ref)))
        self._changed(told)
        return told

    async def _left_alone(self, ref: ReleaseRef) -> None:
        """Waits for a Helm that is being stopped, as long as it may take; not for an act that somebody began since."""
        until = time.monotonic() + STOPPED_SECONDS
        while is_held(self._journal.locks, ref) and time.monotonic() < until:
            if any(each.release == ref and not each.state.over for each in self.operations()):
                return
            await asyncio.sleep(PAUSE)

    async def _run(self, id: str, act: Act) -> Operation:
        operation = await super()._run(id, act)
        with contextlib.suppress(AcpTuiError):
            return await self.explain(id)
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
    """The controller of the program: engines of this machine, journal of this user, acts in processes of their own.

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
        launch=Here if sys.platform == "win32" else Detached(policies=policies),
    )


def _records(transport: Transport) -> ReleaseStore:
    from acp_tui.clients.helm.records import Records

    return Records(transport)


def _user(kubeconfig_user: str) -> str:
    """Who acts: the person on this machine, and whom the cluster takes them for."""
    try:
        person = getpass.getuser()
    except (OSError, KeyError, ImportError):
        person = str(getattr(os, "getuid", lambda: "somebody")())
    return f"{person}@{socket.gethostname()}" + (f" as {kubeconfig_user}" if kubeconfig_user else "")
