"""Runs one plan step by step: journal, look again, Helm, read the record again, verdict."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, structs

from acp_tui.clients.errors import ConnectFailed, ServerFailed, TimedOut, TooManyRequests
from acp_tui.controllers.effects import release_parts
from acp_tui.controllers.journal import Journal, Record
from acp_tui.controllers.keep import Keep
from acp_tui.controllers.keeping import Keeping
from acp_tui.controllers.lastwords import hook_findings
from acp_tui.controllers.listen import Listener
from acp_tui.controllers.observe import Snapshot, observe
from acp_tui.controllers.outcome import STATE_OF, cancelled, closed, engine_failed, stumbled, verdict
from acp_tui.controllers.redact import Redactor, redactor, secrets_in_objects, secrets_in_values
from acp_tui.controllers.releases.request import engine_request
from acp_tui.controllers.story import OUTPUT_LINES
from acp_tui.controllers.verify import Aim, Follower, Judgement, Verify
from acp_tui.insight.manifest import Part
from acp_tui.model.errors import AcpTuiError, EngineError, Refused
from acp_tui.model.finding import Finding
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepState
from acp_tui.model.plan import EffectAction, Plan, Verb
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseBody, Revision
from acp_tui.wire.helm import body as shown_body
from acp_tui.wire.manifest import values as parse_values
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import EngineResult, HelmEngine, HelmRun
    from acp_tui.clients.helm.records import ReleaseStore, StoredRecord
    from acp_tui.controllers.seams import Cluster, KindTable

AWAY_SECONDS = 2.0
"""Between two questions to an API server that does not answer."""

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
Sleep = Callable[[float], Awaitable[None]]


class Tools(Struct, frozen=True):
    """What a run works with; without a `keep` nothing of the release is kept. `lock` is the open file Helm inherits."""

    cluster: Cluster
    records: ReleaseStore
    kinds: Callable[[], Awaitable[KindTable]]
    engine: Callable[[], Awaitable[HelmEngine]]
    journal: Journal
    settings: Verify
    clock: Clock = time.time
    sleep: Sleep = asyncio.sleep
    keep: Keep | None = None
    lock: int = -1


class Base(Struct, frozen=True):
    """The release as it was just before the act; `stored` is None for a new one, `engine` where Helm does not act."""

    stored: StoredRecord | None
    parts: tuple[Part, ...]
    before: Snapshot
    kinds: KindTable
    engine: HelmEngine | None


class Runner:
    """One operation; `changed` is called with every new state of it.

    A cancel asks Helm to stop and then says what is left; during the verdict it only ends the waiting. Cancelling the
    task (the program is closed) stops Helm as well, but leaves no time to look.
    """

    def __init__(self, plan: Plan, operation: Operation, tools: Tools, changed: Callable[[Operation], None]) -> None:
        self._plan = plan
        self._operation = operation
        self._tools = tools
        self._changed = changed
        self._record: Record | None = None
        self._run: HelmRun | None = None
        self._cancelled = asyncio.Event()
        self._redact: Redactor = redactor(())
        self._journal_problem = ""
        self._acted = False
        self._keeping = Keeping(tools.keep, plan.intent.release, operation.id, records=tools.records, clock=tools.clock)

    @property
    def operation(self) -> Operation:
        return self._operation

    async def run(self) -> Operation:
        """Never raises for what goes wrong: the outcome says it. What the journal holds is complete when it returns."""
        try:
            outcome = await self._steps()
        except asyncio.CancelledError:
            await self._end(closed(self._plan, acted=self._acted))
            raise
        except AcpTuiError as error:
            outcome = stumbled(self._plan, error, acted=self._acted)
        except Exception as error:  # noqa: BLE001 - the border of the action runner: an act always ends with an outcome
            # Places only: the text of an error nobody expected may hold anything.
            _LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            outcome = Outcome(
                OutcomeKind.FAILED,
                f"acp-tui failed while it worked on {self._plan.intent.release.name}: {type(error).__name__}",
                advice="Open the history of the release to see what is left, and report this as a bug.",
            )
        await self._end(outcome)
        return self._operation

    async def cancel(self) -> None:
        """Returns when Helm is over; the operation itself ends a little later, after the record was read again."""
        self._cancelled.set()
        if self._run is not None:
            await self._run.cancel()

    async def _steps(self) -> Outcome:
        plan = self._plan
        await self._step("journal", self._open_journal)
        base = await self._step("prepare", self._prepare)
        await self._keeping.revisions()
        if self._cancelled.is_set():
            return cancelled(plan, None, "before Helm was started: nothing was done")
        async with self._listener() as heard:
            result = await self._step("act", lambda: self._act(base))
        history, body = await self._step("record", self._read_back)
        newest = history[0] if history else None
        wrote = newest if newest and self._moved(newest) else None
        await self._keeping.revisions(history)
        await self._keeping.words(heard.words, newest)
        self._set(revision_after=wrote.revision if wrote else None, record_uid=wrote.uid if wrote else "")
        if result.cancelled:
            return cancelled(plan, history, one_line(self._redact(result.message)))
        base = await self._with_new_kinds(base, body)
        aim = self._aim(base, body)
        if not result.ok or not self._recorded(newest):
            judgement = await self._glance(aim, base)
            await self._keeping.words(judgement.words, newest)
            findings = (*hook_findings(heard.words), *judgement.findings)
            return self._failure(history, one_line(self._redact(result.message), limit=500), findings)
        self._set(state=OperationState.VERIFYING)
        judgement = await self._step("verify", lambda: self._verify(aim, base))
        await self._keeping.words(judgement.words, newest)
        return verdict(plan, self._operation, judgement, now=self._tools.clock(), settings=self._tools.settings)

    def _listener(self) -> Listener:
        """Hears the pods of hooks; their logs go with them as soon as a hook is over."""
        hooks = [effect.ref for effect in self._plan.effects if effect.action is EffectAction.RUN]
        heard = hooks if self._tools.keep is not None else ()
        return Listener(self._tools.cluster.transport, heard, redact=lambda: self._redact, clock=self._tools.clock)

    async def _open_journal(self) -> None:
        self._record = await asyncio.to_thread(self._tools.journal.begin, self._operation)

    async def _prepare(self) -> Base:
        """Looks how the release stands now; raises Refused where it is no longer what the plan was made from."""
        plan, tools = self._plan, self._tools
        history = await tools.records.history(plan.intent.release)
        newest = history[0] if history else None
        now = (newest.revision, newest.resource_version) if newest else (0, "")
        if now != (plan.base_revision, plan.base_resource_version):
            seen = f"revision {newest.revision} ({newest.status})" if newest else "no release"
            raise Refused(
                f"{plan.intent.release.name} moved since the plan was made",
                tried=f"planned on revision {plan.base_revision}, now {seen}",
                advice="Look at a new plan.",
            )
        kinds, engine = await tools.kinds(), await tools.engine()
        stored = await tools.records.record(plan.intent.release, newest.revision) if newest else None
        body = shown_body(stored.release, plan.intent.release) if stored else None
        parts = self._parts(body, kinds) if body else ()
        secrets = [*secrets_in_objects(part.body for part in parts), *secrets_in_values(body.values if body else {})]
        if plan.intent.values:
            secrets += secrets_in_values(parse_values(plan.intent.values, origin="values"))
        self._redact = redactor(secrets)
        refs = [effect.ref for effect in plan.effects if effect.action is not EffectAction.RUN]
        everything = [*refs, *(part.ref for part in parts)]
        before = await observe(tools.cluster, everything, kinds=kinds, now=tools.clock())
        return Base(stored=stored, parts=parts, before=before, kinds=kinds, engine=engine)

    async def _act(self, base: Base) -> EngineResult:
        plan, tools = self._plan, self._tools
        hooks = sum(effect.action is EffectAction.RUN for effect in plan.effects)
        if base.engine is None:
            raise EngineError("No Helm engine is found")
        stored = base.stored.release if base.stored else None
        request = engine_request(plan.intent, context=tools.cluster.context, stored=stored, hooks=hooks)
        self._run = await base.engine.begin(structs.replace(request, lock=tools.lock), self._heard)
        self._acted = True
        if self._cancelled.is_set():
            await self._run.cancel()
        try:
            return await self._run.result()
        except asyncio.CancelledError:
            await self._run.cancel()
            raise
        finally:
            self._run = None

    async def _read_back(self) -> tuple[tuple[Revision, ...], ReleaseBody | None]:
        """The record after the act; a server that is away is waited for as long as a verdict would be."""
        clock = self._tools.clock
        deadline = clock() + self._tools.settings.deadline_seconds
        while True:
            try:
                return await self._read_record()
            except (ConnectFailed, ServerFailed, TimedOut, TooManyRequests) as error:
                if self._cancelled.is_set() or clock() >= deadline:
                    raise
                self._note("record", error.title)
            await self._tools.sleep(AWAY_SECONDS)

    async def _read_record(self) -> tuple[tuple[Revision, ...], ReleaseBody | None]:
        ref = self._plan.intent.release
        history = await self._tools.records.history(ref)
        if not history or self._plan.intent.verb is Verb.UNINSTALL:
            return history, None
        return history, await self._tools.records.body(ref, history[0].revision)

    async def _with_new_kinds(self, base: Base, body: ReleaseBody | None) -> Base:
        """A chart may bring definitions of kinds: those that were not served before are asked for again."""
        from acp_tui.clients.kube.discovery import discover

        parts = self._parts(body, base.kinds) if body is not None else ()
        if all(base.kinds.by_gk(part.ref.group, part.ref.kind) for part in parts):
            return base
        return structs.replace(base, kinds=await discover(self._tools.cluster.transport))

    def _aim(self, base: Base, body: ReleaseBody | None) -> Aim:
        """What the record now says must be there; what the old one had and the new one has not must be gone."""
        there = self._parts(body, base.kinds) if body is not None else ()
        wanted = {part.ref.key for part in there}
        gone = tuple(part for part in base.parts if part.ref.key not in wanted and not part.kept)
        return Aim(there=there, gone=gone, residue=self._plan.intent.verb is not Verb.DEPLOY)

    def _moved(self, newest: Revision | None) -> bool:
        return newest is not None and newest.revision > self._plan.base_revision

    def _recorded(self, newest: Revision | None) -> bool:
        """Whether the record shows what was asked for, whatever Helm's exit code was."""
        if self._plan.intent.verb is Verb.UNINSTALL:
            return newest is None or newest.status == "uninstalled"
        return newest is not None and self._moved(newest) and newest.status == "deployed"

    def _failure(self, history: Sequence[Revision], message: str, findings: tuple[Finding, ...]) -> Outcome:
        return engine_failed(self._plan, history, message, findings)

    async def _verify(self, aim: Aim, base: Base) -> Judgement:
        follower = self._follower(aim, base)
        waiting = asyncio.ensure_future(follower.follow(base.before, lambda line: self._note("verify", line)))
        stop = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait({waiting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                return Judgement(OutcomeKind.NOT_PROVEN, "the waiting was ended by hand")
            return waiting.result()
        finally:
            waiting.cancel()
            stop.cancel()

    async def _glance(self, aim: Aim, base: Base) -> Judgement:
        """What is wrong in the cluster after Helm failed, as far as one look shows it."""
        try:
            return await self._follower(aim, base).glance(base.before)
        except AcpTuiError:
            return Judgement(None, "")

    def _follower(self, aim: Aim, base: Base) -> Follower:
        tools = self._tools
        return Follower(
            tools.cluster, aim, kinds=base.kinds, settings=tools.settings, clock=tools.clock, sleep=tools.sleep,
            redact=self._redact,
        )  # fmt: skip

    def _parts(self, body: ReleaseBody, kinds: KindTable) -> tuple[Part, ...]:
        ref = self._plan.intent.release
        origin = f"the stored manifest of {ref.name} revision {body.revision}"
        return release_parts(body.manifest, ref, origin=origin, kinds=kinds)

    def _heard(self, line: str) -> None:
        output = (*self._operation.output, self._redact(line))
        self._set(output=output[-OUTPUT_LINES:])

    async def _step(self, id: str, work: Callable[[], Awaitable[T]]) -> T:
        """One journalled step; a result that says it is not ok marks the step as failed."""
        await self._mark(id, StepState.RUNNING)
        try:
            result = await work()
        except BaseException as error:
            note = error.title if isinstance(error, AcpTuiError) else type(error).__name__
            await self._mark(id, StepState.FAILED, note)
            raise
        failed = getattr(result, "ok", True) is False
        await self._mark(id, StepState.FAILED if failed else StepState.DONE)
        return result

    async def _mark(self, id: str, state: StepState, note: str = "") -> None:
        """Shows the new state of a step and has it on the disk before anything else is done."""
        now = self._tools.clock()
        old = next(step for step in self._operation.steps if step.id == id)
        step = structs.replace(
            old,
            state=state,
            started_at=now if state is StepState.RUNNING else old.started_at,
            ended_at=now if state is not StepState.RUNNING else None,
            note=one_line(self._redact(note)) or old.note,
        )
        self._set(steps=tuple(step if each.id == id else each for each in self._operation.steps))
        if self._record is None:
            return
        try:
            await asyncio.to_thread(self._record.step, step)
        except OSError as error:
            self._journal_problem = error.strerror or str(error)
            if id == "act" and state is StepState.RUNNING:
                raise Refused(
                    f"The journal cannot be written: {self._journal_problem}",
                    tried=f"write {self._tools.journal.folder}",
                    advice="Make room or correct the rights there, then try again.",
                ) from error

    def _note(self, id: str, line: str) -> None:
        steps = tuple(
            structs.replace(step, note=one_line(line)) if step.id == id else step for step in self._operation.steps
        )
        if steps != self._operation.steps:
            self._set(steps=steps)

    async def _end(self, outcome: Outcome) -> None:
        """Writes the verdict; a journal that fails now costs a word in the advice and not the verdict."""
        steps = tuple(
            structs.replace(step, state=StepState.SKIPPED) if step.state is StepState.WAITING else step
            for step in self._operation.steps
        )
        ended = {"state": STATE_OF[outcome.kind], "ended_at": self._tools.clock(), "steps": steps}
        final = structs.replace(self._operation, outcome=outcome, **ended)
        if self._record is not None:
            try:
                await asyncio.to_thread(self._record.end, final)
            except OSError as error:
                self._journal_problem = error.strerror or str(error)
        if self._journal_problem:
            advice = f"{outcome.advice} The journal is not complete: {self._journal_problem}.".strip()
            outcome = structs.replace(outcome, advice=advice)
        self._set(outcome=outcome, **ended)

    def _set(self, **fields: Any) -> None:
        self._operation = structs.replace(self._operation, **fields)
        self._changed(self._operation)
