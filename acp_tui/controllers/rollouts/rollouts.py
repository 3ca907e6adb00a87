"""Takes one version over several clusters: the next only after the last is healthy; back in reverse order."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from acp_tui.clients.helm.stored import stored_chart
from acp_tui.config.locks import FileLock
from acp_tui.controllers.drifted import find_drift
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.rollouts.journal import RolloutJournal
from acp_tui.controllers.rollouts.legs import Origin, leg_of, plan_leg
from acp_tui.model.errors import AcpTuiError, Refused, UsageError
from acp_tui.model.operation import Operation, OutcomeKind
from acp_tui.model.plan import Intent, Plan
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef, Store
from acp_tui.model.rollout import Drifted, Leg, LegState, Rollout, RolloutPlan, RolloutState, Wish
from acp_tui.wire.helm import body as shown_body

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import Cluster, Clusters, OpenRecords

REMINDED_SECONDS = 7 * 86400.0
AT_ONCE = 4
"""Clusters that are planned at a time."""
_GREEN = frozenset({OutcomeKind.HEALTHY})
_GREEN_BACK = frozenset({OutcomeKind.HEALTHY, OutcomeKind.RESIDUE})
"""On the way back a field that stayed as somebody set it is no reason to leave the other clusters as they are."""


class Acts(Protocol):
    """The acts of the program (controllers.controller)."""

    async def plan(self, intent: Intent) -> Plan: ...

    def start(self, plan: Plan) -> Operation: ...

    async def wait(self, id: str) -> Operation: ...

    async def cancel(self, id: str) -> None: ...

    async def undo(self, id: str) -> Intent: ...

    def operations(self) -> Sequence[Operation]: ...


class Rollouts:
    """Each cluster is an ordinary operation with its own lock, journal and verdict; here is only what binds them."""

    def __init__(
        self, acts: Acts, clusters: Clusters, *, folder: Path, records: OpenRecords | None = None,
        clock: Clock = time.time,
    ) -> None:  # fmt: skip
        self._acts = acts
        self._clusters = GatedClusters(clusters)
        self._records = records or _open_records
        self._journal = RolloutJournal(folder)
        self._clock = clock
        self._running: dict[str, tuple[Rollout, asyncio.Task[Rollout]]] = {}
        self._charts: dict[str, str] = {}
        self._stopping: set[str] = set()
        self._listeners: list[Callable[[Rollout], None]] = []

    def new_id(self) -> str:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self._clock()))
        return f"{stamp}-{secrets.token_hex(3)}"

    async def drift(self, ref: ReleaseRef) -> Drifted:
        """Looks at the live objects of a release; raises ClusterError, RecordError."""
        return await find_drift(self._clusters, ref, clock=self._clock)

    async def plan(self, wish: Wish, *, id: str = "") -> RolloutPlan:
        """Plans every target, and changes nothing; raises where the source cannot be read or its chart not taken.

        Plans of one `id` can be put together: the chart is put in one place.
        """
        id = id or self.new_id()
        origin = await self._origin(wish, id)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(target: ReleaseRef) -> tuple[Leg, Plan | None]:
            async with gate:
                records = self._records(self._session(target.cluster).transport)
                return await plan_leg(wish, origin, target, records=records, plans=self._acts, group=id)

        found = await asyncio.gather(*(one(target) for target in wish.targets))
        rollout = self._made(id, wish, origin.body.chart, origin.body.chart_version, [leg for leg, _ in found])
        rollout = structs.replace(rollout, source_status=origin.body.status)
        return RolloutPlan(rollout, tuple(plan for _, plan in found))

    async def plan_rest(self, id: str) -> RolloutPlan:
        """Plans what a rollout that stopped has not done; raises Refused while it runs or nothing is left."""
        rollout = self.rollout(id)
        if rollout.state is RolloutState.RUNNING or any(leg.state is LegState.RUNNING for leg in rollout.legs):
            raise Refused(f"Rollout {id} still runs", advice="wait for its verdict, or cancel it")
        left = tuple(leg.release for leg in rollout.legs if leg.state.open)
        if not left:
            raise Refused(f"Nothing is left of rollout {id}", advice="plan another one")
        if rollout.undoes:
            return await self.plan_undo(rollout.undoes, only=frozenset(left))
        plan = await self.plan(structs.replace(rollout.wish, targets=left), id=id)
        done = [leg for leg in rollout.legs if not leg.state.open]
        legs = (*done, *plan.rollout.legs)
        whole = structs.replace(rollout, legs=legs, state=RolloutState.STOPPED)
        return RolloutPlan(whole, (*(None for _ in done), *plan.plans))

    async def plan_undo(self, id: str, *, only: frozenset[ReleaseRef] | None = None) -> RolloutPlan:
        """Plans the way back of what a rollout began, the last cluster first; raises Refused where nothing was.

        `only` are the clusters that are meant; None means all.
        """
        rollout = self.rollout(id)
        begun = [leg for leg in reversed(rollout.legs) if leg.operation]
        done = [leg for leg in begun if only is None or leg.release in only]
        if any(leg.state is LegState.RUNNING for leg in done):
            raise Refused(f"Rollout {id} still runs", advice="wait for its verdict, or cancel it first")
        if not done:
            raise Refused(f"Rollout {id} changed nothing", advice="there is nothing to take back")
        new = self.new_id()
        found = [await self._back(leg, new) for leg in done]
        wish = structs.replace(rollout.wish, targets=tuple(leg.release for leg in done))
        made = self._made(new, wish, rollout.chart, rollout.version, [leg for leg, _ in found])
        return RolloutPlan(structs.replace(made, undoes=id), tuple(plan for _, plan in found))

    def start(self, plan: RolloutPlan) -> Rollout:
        """Begins it and returns at once; raises Refused where a cluster refuses, or somebody else is at it.

        Whoever calls has asked for `plan.confirm`.
        """
        if not plan.allowed:
            words = "; ".join(f"{leg.release.cluster}: {leg.note}" for leg in plan.refused) or "nothing is to be done"
            raise Refused("The rollout does not begin", tried=words, advice="leave out what is refused, or mend it")
        rollout = structs.replace(plan.rollout, state=RolloutState.RUNNING, ended_at=None)
        hold = self._journal.hold(rollout.id)
        try:
            self._journal.save(rollout)
        except Refused:
            hold.release()
            raise
        self._running[rollout.id] = (rollout, asyncio.ensure_future(self._run(rollout, plan.plans, hold)))
        self._changed(rollout)
        return rollout

    async def wait(self, id: str) -> Rollout:
        """The rollout once it is over; cancelling the wait does not stop it."""
        running = self._running.get(id)
        return await asyncio.shield(running[1]) if running is not None else self.rollout(id)

    async def cancel(self, id: str) -> None:
        """Stops after what runs now, which is asked to stop too; returns when that is over."""
        running = self._running.get(id)
        if running is None:
            return
        self._stopping.add(id)
        for leg in running[0].legs:
            if leg.state is LegState.RUNNING:
                await self._acts.cancel(leg.operation)
        await asyncio.shield(running[1])

    def rollout(self, id: str) -> Rollout:
        """One rollout as it stands now; raises UsageError for an id nobody knows."""
        running = self._running.get(id)
        if running is not None:
            return running[0]
        found = self._journal.find(id)
        if found is None:
            raise UsageError(f"No rollout {id!r}", advice="acp-tui journal names the rollout of each act")
        return self._true(found)

    def rollouts(self) -> tuple[Rollout, ...]:
        """Those that run and those of the past, newest first."""
        return tuple(
            self._running[each.id][0] if each.id in self._running else self._true(each) for each in self._journal.past()
        )

    def interrupted(self) -> tuple[Rollout, ...]:
        """Those of the last week that are half done while nobody is at them."""
        since = self._clock() - REMINDED_SECONDS
        return tuple(
            each
            for each in self.rollouts()
            if each.state is RolloutState.INTERRUPTED
            and each.started_at > since
            and any(leg.state.open for leg in each.legs)
        )

    def forget(self, id: str) -> None:
        """Lets the chart of a plan go that was never begun."""
        if id not in self._running and self._journal.find(id) is None:
            self._drop_chart(id)

    def subscribe(self, callback: Callable[[Rollout], None]) -> Callable[[], None]:
        """Calls back on the loop with every new state; returns what ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    # planning

    async def _origin(self, wish: Wish, id: str) -> Origin:
        source = wish.source
        records = self._records(self._session(source.cluster).transport)
        record = await records.record(source, wish.revision)
        body = shown_body(record.release, source, size=record.size)
        if wish.chart:
            return Origin(body, wish.chart)
        if all(target.store is Store.CAPTAIN for target in wish.targets):
            return Origin(body, "")
        if id not in self._charts:
            folder = await asyncio.to_thread(self._journal.chart_folder, id)
            self._charts[id] = str(await asyncio.to_thread(stored_chart, record.release, folder))
        return Origin(body, self._charts[id])

    async def _back(self, leg: Leg, group: str) -> tuple[Leg, Plan | None]:
        try:
            intent = await self._acts.undo(leg.operation)
            plan = await self._acts.plan(structs.replace(intent, group=group))
        except AcpTuiError as error:
            state = LegState.REFUSED
            return Leg(leg.release, state=state, before=leg.before, note=str(error), production=leg.production), None
        return leg_of(plan, before=leg.before), plan

    def _drop_chart(self, id: str) -> None:
        self._charts.pop(id, None)
        self._journal.drop_chart(id)

    def _made(self, id: str, wish: Wish, chart: str, version: str, legs: Sequence[Leg]) -> Rollout:
        return Rollout(
            id=id, wish=wish, chart=chart, version=version, legs=tuple(legs), started_at=self._clock(),
            state=RolloutState.STOPPED, user=_user(),
        )  # fmt: skip

    def _session(self, cluster: str) -> Cluster:
        if cluster not in self._clusters.names:
            raise UsageError(f"No cluster {cluster!r}", tried=", ".join(self._clusters.names))
        return self._clusters.session(cluster)

    # running

    async def _run(self, rollout: Rollout, plans: Sequence[Plan | None], hold: FileLock) -> Rollout:
        green = _GREEN_BACK if rollout.undoes else _GREEN
        try:
            for place, plan in enumerate(plans):
                if plan is None or rollout.legs[place].state is not LegState.WAITING:
                    continue
                if rollout.id in self._stopping:
                    break
                rollout = await self._leg(rollout, place, plan, green)
                if rollout.legs[place].state is not LegState.HEALTHY:
                    break
            waits = any(leg.state.open for leg in rollout.legs)
            state = RolloutState.STOPPED if waits else RolloutState.DONE
            rollout = self._kept(structs.replace(rollout, state=state, ended_at=self._clock()))
            if not waits:
                self._drop_chart(rollout.id)
            return rollout
        finally:
            hold.release()
            self._running.pop(rollout.id, None)
            self._stopping.discard(rollout.id)

    async def _leg(self, rollout: Rollout, place: int, plan: Plan, green: frozenset[OutcomeKind]) -> Rollout:
        """One cluster, from its start to its verdict."""
        leg = rollout.legs[place]
        try:
            operation = self._acts.start(plan)
        except AcpTuiError as error:
            return self._kept(_put(rollout, place, structs.replace(leg, state=LegState.REFUSED, note=str(error))))
        running = structs.replace(leg, state=LegState.RUNNING, operation=operation.id, note="")
        rollout = self._kept(_put(rollout, place, running))
        try:
            done = await self._acts.wait(operation.id)
        except AcpTuiError as error:
            return self._kept(_put(rollout, place, structs.replace(running, state=LegState.RED, note=str(error))))
        return self._kept(_put(rollout, place, _ended(running, done, green)))

    def _kept(self, rollout: Rollout) -> Rollout:
        """Saved and told; a disk that is full now stops nothing that has begun: the operations have their journal."""
        with suppress(Refused):
            self._journal.save(rollout)
        self._changed(rollout)
        return rollout

    def _changed(self, rollout: Rollout) -> None:
        known = self._running.get(rollout.id)
        if known is not None:
            self._running[rollout.id] = (rollout, known[1])
        loop = asyncio.get_running_loop()
        for callback in tuple(self._listeners):
            loop.call_soon(callback, rollout)

    def _true(self, rollout: Rollout) -> Rollout:
        """What the file says, mended by what became of the operations after whoever ran it was gone."""
        if rollout.state is not RolloutState.INTERRUPTED:
            return rollout
        own = {each.release: each for each in reversed(self._acts.operations()) if each.group == rollout.id}
        green = _GREEN_BACK if rollout.undoes else _GREEN
        legs = tuple(_told(leg, own.get(leg.release), green) for leg in rollout.legs)
        return structs.replace(rollout, legs=legs)


def _ended(leg: Leg, operation: Operation, green: frozenset[OutcomeKind]) -> Leg:
    """The leg as its operation says; one that has not ended still runs."""
    outcome = operation.outcome
    if not operation.state.over:
        return structs.replace(leg, state=LegState.RUNNING, operation=operation.id)
    kind = outcome.kind if outcome is not None else None
    words = f"{outcome.kind.value}: {outcome.title}" if outcome is not None else operation.state.value
    state = LegState.HEALTHY if kind in green else LegState.REFUSED if kind is OutcomeKind.REFUSED else LegState.RED
    return structs.replace(leg, state=state, operation=operation.id, note=words)


def _told(leg: Leg, operation: Operation | None, green: frozenset[OutcomeKind]) -> Leg:
    """What became of it after whoever ran it was gone; where no journal knows an act, nothing was done."""
    if leg.state not in (LegState.WAITING, LegState.RUNNING):
        return leg
    if operation is None:
        return structs.replace(leg, state=LegState.WAITING, operation="")
    return _ended(leg, operation, green)


def _put(rollout: Rollout, place: int, leg: Leg) -> Rollout:
    return structs.replace(rollout, legs=(*rollout.legs[:place], leg, *rollout.legs[place + 1 :]))


def _open_records(transport: Transport) -> ReleaseStore:
    from acp_tui.clients.helm.records import Records

    return Records(transport)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def open_rollouts(acts: Acts, clusters: Clusters) -> Rollouts:
    """The rollouts of this user, kept in the state folder."""
    from acp_tui.config.paths import state_dir

    return Rollouts(acts, clusters, folder=state_dir() / "rollouts")
