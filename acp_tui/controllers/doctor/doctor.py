"""Examines releases and leads them out: acts on records itself, and hands every other way out to the controller."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.controllers.doctor.backup import Backup, Backups
from acp_tui.controllers.doctor.gather import Gatherer
from acp_tui.controllers.doctor.repair import Repair, Written, object_path
from acp_tui.controllers.doctor.requests import free_path, hanging
from acp_tui.controllers.guardrails import Guardrails, admit
from acp_tui.controllers.lock import holder, is_held, lock_release
from acp_tui.insight.doctor import diagnose
from acp_tui.model.errors import AcpTuiError, Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepProgress, StepState
from acp_tui.model.plan import Check, CheckResult, Effect, EffectAction, Intent, Plan, Step, Verb
from acp_tui.model.recovery import OWN_ACTS, Act, Diagnosis, Life, Remedy
from acp_tui.model.refs import Clock, ObjectRef
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, Revision, Store

if TYPE_CHECKING:
    from acp_tui.controllers.journal import Journal
    from acp_tui.controllers.planner import Planner
    from acp_tui.controllers.seams import Cluster, Clusters, OpenRecords

PUT_BACK = "put-back"
_VERB = {
    Act.ROLL_BACK: Verb.ROLLBACK,
    Act.ROLL_BACK_NO_HOOKS: Verb.ROLLBACK,
    Act.ROLL_BACK_TAKE_OVER: Verb.ROLLBACK,
    Act.APPLY_TAKE_OVER: Verb.ROLLBACK,
    Act.UNINSTALL: Verb.UNINSTALL,
    Act.UNINSTALL_NO_HOOKS: Verb.UNINSTALL,
}
_STEPS = (Step("journal", "Write the journal"), Step("act", "Save the record and write it"))


class Doctor:
    """What `acp-tui release doctor` and its screen ask."""

    def __init__(
        self,
        clusters: Clusters,
        planner: Planner,
        *,
        records: OpenRecords,
        journal: Journal,
        guardrails: Guardrails,
        past: Callable[[], Sequence[Operation]],
        begin: Callable[[Plan], Operation],
        changed: Callable[[Operation], None],
        clock: Clock,
        read_only: bool,
    ) -> None:
        self._clusters = clusters
        self._planner = planner
        self._records = records
        self._journal = journal
        self._guardrails = guardrails
        self._past = past
        self._begin = begin
        self._changed = changed
        self._clock = clock
        self._read_only = read_only
        self._backups = Backups(journal.folder.parent / "backups")

    async def examine(self, ref: ReleaseRef) -> tuple[Diagnosis, ...]:
        """What ails a release, the trouble to begin with first; empty where it is well. Raises ClusterError."""
        cluster = self._planner.cluster(ref.cluster)
        gatherer = Gatherer(
            self._clusters,
            ref,
            records=self._records(cluster.transport),
            kinds=await self._planner.kinds(cluster),
            past=await asyncio.to_thread(self._past),
            held=is_held(self._journal.locks, ref),
        )
        return diagnose(await gatherer.case(now=self._clock()))

    async def hanging(self) -> tuple[ReleaseRef, ...]:
        """Releases whose HelmRequest is being deleted; they may have no record any more."""
        return await hanging(self._clusters)

    async def examine_all(self, refs: Iterable[ReleaseRef]) -> tuple[tuple[Diagnosis, ...], tuple[AcpTuiError, ...]]:
        """All troubles of many releases, and why some could not be examined."""
        everything = dict.fromkeys((*refs, *await self.hanging()))
        found = await asyncio.gather(*(self.examine(ref) for ref in everything), return_exceptions=True)
        errors = [each for each in found if isinstance(each, BaseException)]
        for error in errors:
            if not isinstance(error, AcpTuiError):
                raise error
        told = tuple(diagnosis for each in found if isinstance(each, tuple) for diagnosis in each)
        return told, tuple(error for error in errors if isinstance(error, AcpTuiError))

    def intent(self, diagnosis: Diagnosis, remedy: Remedy) -> Intent | None:
        """The intent for the controller to plan, None for acts on records and for waiting."""
        verb = _VERB.get(remedy.act)
        if verb is None:
            return None
        return Intent(
            verb,
            diagnosis.ref,
            revision=remedy.revisions[0] if verb is Verb.ROLLBACK and remedy.revisions else None,
            no_hooks=remedy.act in (Act.ROLL_BACK_NO_HOOKS, Act.UNINSTALL_NO_HOOKS),
            take_over=remedy.act in (Act.ROLL_BACK_TAKE_OVER, Act.APPLY_TAKE_OVER),
        )

    async def plan(self, diagnosis: Diagnosis, remedy: Remedy) -> Plan:
        """What an act on records writes; the policy and the read-only wish are asked as for every act."""
        if remedy.act not in OWN_ACTS:
            raise Refused(f"{remedy.title} is no act on records", advice="Plan its intent.")
        history = await self._history(diagnosis.ref)
        return await self._plan(
            diagnosis.ref, remedy.act, remedy.title, history, remedy.revisions, life=diagnosis.life,
            undo=f"put it back: acp-tui release recover {diagnosis.ref.name} --put-back", owner=diagnosis.owner,
            deletes=remedy.object,
        )  # fmt: skip

    async def plan_put_back(self, ref: ReleaseRef, id: str = "") -> tuple[Plan, Backup]:
        """How the last act on its records is taken back; raises UsageError where there was none."""
        backup = await asyncio.to_thread(self._backups.newest, ref, id)
        history = await self._history(ref)
        title = f"Put {len(backup.objects)} object(s) back as they were before {backup.act}"
        return await self._plan(ref, PUT_BACK, title, history, (), life=Life.NOBODY, undo=""), backup

    async def recover(self, plan: Plan, remedy: Remedy) -> Operation:
        """Does it and returns when the records were read again; raises Refused before anything was written."""
        ref = plan.intent.release
        history = await self._history(ref)
        by_number = {each.revision: each for each in history}
        revisions = [by_number[number] for number in remedy.revisions if number in by_number]
        if len(revisions) != len(remedy.revisions) or _mark(history) != plan.base_resource_version:
            raise Refused(f"{ref.name} moved since the plan was made", advice="Examine it again.")

        async def act(repair: Repair, id: str) -> Written:
            return await repair.run(id, remedy.act, revisions)

        async def orphan(repair: Repair, id: str) -> Written:
            if remedy.object is None:
                raise Refused("Nobody says which object", advice="Examine it again.")
            cluster = self._planner.cluster(ref.cluster)
            return await repair.orphan(id, object_path(await self._planner.kinds(cluster), remedy.object))

        async def free(repair: Repair, id: str) -> Written:
            place = plan.owner.cluster
            return await repair.free(id, free_path(self._clusters.session(place), plan.owner), place)

        if remedy.act is Act.FREE_REQUEST:
            return await self._run(plan, free, place=plan.owner.cluster)
        if remedy.act is Act.DELETE_ORPHAN:
            return await self._run(plan, orphan)
        return await self._run(plan, act)

    async def put_back(self, plan: Plan, backup: Backup) -> Operation:
        async def act(repair: Repair, id: str) -> Written:
            return await repair.put_back(backup)

        return await self._run(plan, act, place=backup.cluster)

    async def _run(self, plan: Plan, act: Callable[[Repair, str], Awaitable[Written]], *, place: str = "") -> Operation:
        """Journal, lock, write, read again; the operation is in Activity like any other."""
        ref = plan.intent.release
        cluster = self._planner.cluster(ref.cluster)
        confirmed, plan = plan.confirm, await self._judged(plan, cluster)
        admit(plan, confirmed=confirmed)
        operation = self._begin(plan)
        lock = lock_release(self._journal.locks, ref, holder=holder(operation))
        try:
            record = await asyncio.to_thread(self._journal.begin, operation)
            self._changed(operation)
            began = self._clock()
            repair = Repair(
                self._planner.cluster(place or ref.cluster).transport, ref, self._backups, clock=self._clock
            )
            try:
                written = await act(repair, operation.id)
                outcome = await self._outcome(ref, written)
            except AcpTuiError as error:
                advice = error.advice or "Examine it again."
                outcome = Outcome(OutcomeKind.FAILED, f"{plan.headline}: {error.title}", (error.tried,), advice=advice)
            good = outcome.kind is OutcomeKind.HEALTHY
            state = StepState.DONE if good else StepState.FAILED
            steps = tuple(
                StepProgress(step.id, step.title, state, began, self._clock(), "") for step in operation.steps
            )
            final = structs.replace(
                operation,
                state=OperationState.SUCCEEDED if good else OperationState.FAILED,
                ended_at=self._clock(),
                steps=steps,
                outcome=outcome,
            )
            await asyncio.to_thread(record.end, final)
            self._changed(final)
            return final
        finally:
            lock.release()

    async def _outcome(self, ref: ReleaseRef, written: Written) -> Outcome:
        history = await self._history(ref)
        newest = f"revision {history[0].revision} is {history[0].status}" if history else "no record is left"
        evidence = (newest, *((f"copy: {written.copy}",) if written.copy else ()))
        left = await self.examine(ref)
        advice = left[0].sentence if left else "Its records are in order."
        return Outcome(OutcomeKind.HEALTHY, f"{ref.name}: {written.words}", evidence, advice=advice)

    async def _plan(
        self,
        ref: ReleaseRef,
        act: str,
        title: str,
        history: Sequence[Revision],
        revisions: Sequence[int],
        *,
        life: Life,
        undo: str,
        owner: Owner | None = None,
        deletes: ObjectRef | None = None,
    ) -> Plan:
        cluster = self._planner.cluster(ref.cluster)
        names = {each.revision: each.object_name for each in history}
        production = cluster.store.production
        now = self._clock()
        plan = Plan(
            id=f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}",
            intent=Intent(Verb.RECOVER, ref),
            made_at=now,
            production=production,
            owner=owner or (Owner(OwnerKind.HELMREQUEST) if ref.store is Store.CAPTAIN else Owner()),
            headline=f"{title} of {ref.name}",
            effects=(
                *(
                    Effect(
                        EffectAction.DELETE if act in (Act.SET_ASIDE, Act.LET_GO) else EffectAction.UPDATE,
                        ObjectRef(ref.cluster, "", ref.store.value, ref.namespace, names[number]),
                        summary=title,
                    )
                    for number in revisions
                    if number in names
                ),
                *([Effect(EffectAction.DELETE, deletes, summary="its pods stay")] if deletes is not None else ()),
            ),
            checks=(self._may(ref.cluster), _alone(life)),
            steps=_STEPS,
            undo=undo,
            confirm=ref.name if production else "",
            base_revision=history[0].revision if history else 0,
            base_resource_version=_mark(history),
        )
        return await self._judged(plan, cluster)

    async def _judged(self, plan: Plan, cluster: Cluster) -> Plan:
        return await asyncio.to_thread(self._guardrails.judge, plan, cluster)

    async def _history(self, ref: ReleaseRef) -> tuple[Revision, ...]:
        return await self._records(self._planner.cluster(ref.cluster).transport).history(ref)

    def _may(self, cluster: str) -> Check:
        from acp_tui.controllers.checks import check_read_only

        return check_read_only(cluster, read_only=self._read_only)


def _mark(history: Sequence[Revision]) -> str:
    """Changes with every write to any record of the release."""
    return ",".join(f"{each.revision}:{each.resource_version}" for each in history)


def _alone(life: Life) -> Check:
    title = "Nobody works on it"
    if life is Life.WORKING:
        return Check("life", title, CheckResult.REFUSE, "somebody does", "Wait until it is over.")
    if life is Life.UNCLEAR:
        return Check("life", title, CheckResult.WARN, "not sure", "Ask whoever may have started it before going on.")
    return Check("life", title, CheckResult.PASS)
