"""Runs a plan on a HelmRequest: write it once, hear Captain, then judge the cluster as after any act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from acp_tui.clients.errors import Conflict, NotFound
from acp_tui.clients.helm.engine import EngineResult
from acp_tui.clients.kube.apply import delete, replace
from acp_tui.controllers.captain.attempts import Attempts
from acp_tui.controllers.captain.change import Change, change_of
from acp_tui.controllers.captain.draft import best_target
from acp_tui.controllers.captain.follow import Answer, Followed
from acp_tui.controllers.captain.seat import KindsOf, Seat, find_seat
from acp_tui.controllers.observe import observe
from acp_tui.controllers.outcome import engine_failed
from acp_tui.controllers.redact import redactor, secrets_in_objects, secrets_in_values
from acp_tui.controllers.runner import Base, Runner, Tools
from acp_tui.controllers.verify import Aim
from acp_tui.model.errors import RecordError, Refused
from acp_tui.model.finding import Finding
from acp_tui.model.operation import Operation, Outcome
from acp_tui.model.plan import EffectAction, Plan, Verb
from acp_tui.model.release import ReleaseBody, Revision
from acp_tui.wire.helm import body as shown_body
from acp_tui.wire.manifest import values as parse_values
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Clusters

_TRIES = 5
"""Captain writes its status at any moment: a conflict with that is no change of what people wrote."""


class RequestRunner(Runner):
    """One operation on a HelmRequest; what Captain deletes from its history stays in the outcome."""

    def __init__(
        self,
        plan: Plan,
        operation: Operation,
        tools: Tools,
        changed: Callable[[Operation], None],
        *,
        clusters: Clusters,
        kinds: KindsOf,
    ) -> None:
        super().__init__(plan, operation, tools, changed)
        self._clusters = clusters
        self._kinds_of = kinds
        self._seat: Seat | None = None
        self._history: tuple[Revision, ...] = ()
        self._attempts: tuple[str, ...] = ()

    async def _prepare(self) -> Base:
        """Raises Refused where the HelmRequest is no longer what the plan was made from."""
        plan, tools = self._plan, self._tools
        ref = plan.intent.release
        seat = self._seat = await find_seat(self._clusters, ref, kinds=self._kinds_of)
        if seat.pin != plan.base_resource_version:
            raise Refused(
                f"HelmRequest {seat.request.name} was changed since the plan was made",
                tried="compared its spec and annotations",
                advice="Look at a new plan.",
            )
        self._history = await tools.records.history(ref)
        running = next((each for each in self._history if each.status == "deployed"), None)
        running = running or next(iter(self._history), None)
        kinds = await tools.kinds()
        stored = await tools.records.record(ref, running.revision) if running else None
        body = shown_body(stored.release, ref) if stored else None
        parts = self._parts(body, kinds) if body else ()
        secrets = [*secrets_in_objects(part.body for part in parts), *secrets_in_values(body.values if body else {})]
        secrets += secrets_in_values(seat.request.values)
        if plan.intent.values:
            secrets += secrets_in_values(parse_values(plan.intent.values, origin="values"))
        self._redact = redactor(secrets)
        refs = [effect.ref for effect in plan.effects if effect.action is not EffectAction.RUN]
        before = await observe(tools.cluster, [*refs, *(part.ref for part in parts)], kinds=kinds, now=tools.clock())
        return Base(stored=stored, parts=parts, before=before, kinds=kinds, engine=None)

    async def _act(self, base: Base) -> EngineResult:
        plan, tools, seat = self._plan, self._tools, self._found()
        followed = Followed(
            seat, plan.intent.release, tools.records, clock=tools.clock, sleep=tools.sleep, stop=self._cancelled
        )
        before = await followed.before()
        timeout = float(plan.intent.timeout_seconds)
        ref, keep = plan.intent.release, self._keeping.attempt
        async with Attempts(tools.cluster.transport, ref, hear=self._heard, keep=keep) as attempts:
            if plan.intent.verb is Verb.UNINSTALL:
                await self._delete()
                answer = await followed.deletion(timeout=timeout, hear=self._heard, note=self._hint)
            else:
                change = await self._write()
                answer = Answer(ok=True)
                if change.awaited:
                    answer = await followed.sync(before, change, timeout=timeout, hear=self._heard, note=self._hint)
            self._attempts = attempts.told
        return EngineResult(ok=answer.ok, message=answer.said, cancelled=answer.stopped)

    async def _write(self) -> Change:
        """Writes the whole object under its resourceVersion; only a conflict with Captain's status is tried again."""
        seat, intent = self._found(), self._plan.intent
        target = None
        if intent.verb is Verb.ROLLBACK and intent.revision is not None:
            target = await self._tools.records.body(intent.release, intent.revision)
        for attempt in range(_TRIES):
            change = change_of(seat.request, intent, target, now=self._tools.clock())
            try:
                await replace(seat.cluster.transport, seat.path, msgspec.json.encode(change.body))
            except Conflict:
                seat = await seat.again()
                if seat.pin != self._plan.base_resource_version or attempt == _TRIES - 1:
                    raise
                continue
            break
        self._acted = True
        said = f"spec.version {seat.request.version or '(newest)'} → {change.chart_version or '(newest)'}"
        what = said if change.chart_version else f"annotation for {intent.verb.value}"
        self._heard(f"HelmRequest {seat.request.name} written: {what}")
        return change

    async def _delete(self) -> None:
        """Deletes this very object in the state the plan saw; what Captain writes of its status does not matter."""
        seat = self._found()
        for attempt in range(_TRIES):
            try:
                await delete(
                    seat.cluster.transport, seat.path, uid=seat.request.uid,
                    resource_version=seat.request.resource_version,
                )  # fmt: skip
            except Conflict:
                seat = await seat.again()
                if seat.pin != self._plan.base_resource_version or attempt == _TRIES - 1:
                    raise
                continue
            except NotFound:
                break
            break
        self._acted = True
        self._heard(f"HelmRequest {seat.request.name} deleted: Captain uninstalls {self._plan.intent.release.name}")

    async def _read_record(self) -> tuple[tuple[Revision, ...], ReleaseBody | None]:
        """What runs is what the verdict follows: Captain may be making, or taking away, a failed revision meanwhile."""
        ref, tools = self._plan.intent.release, self._tools
        for attempt in range(_TRIES):
            history = await tools.records.history(ref)
            if not history or self._plan.intent.verb is Verb.UNINSTALL:
                return history, None
            running = next((each for each in history if each.status == "deployed"), history[0])
            try:
                return history, await tools.records.body(ref, running)
            except RecordError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _aim(self, base: Base, body: ReleaseBody | None) -> Aim:
        if self._plan.intent.verb is Verb.UNINSTALL and self._found().request.keeps_resources:
            return Aim(there=base.parts, gone=(), residue=False)
        return super()._aim(base, body)

    def _moved(self, newest: Revision | None) -> bool:
        """By uid, because Captain gives the number of a failed revision it deleted to the next one."""
        return newest is not None and newest.uid not in {each.uid for each in self._history}

    def _recorded(self, newest: Revision | None) -> bool:
        verb = self._plan.intent.verb
        if verb is Verb.UNINSTALL:
            return newest is None
        if verb is Verb.PAUSE:
            return True
        return newest is not None and newest.status == "deployed"

    def _failure(self, history: Sequence[Revision], message: str, findings: tuple[Finding, ...]) -> Outcome:
        """What failed revisions said is kept here: their records are gone with Captain's next try."""
        plan, request = self._plan, self._found().request
        outcome = engine_failed(plan, history, message, findings)
        attempts = tuple(one_line(self._redact(each), limit=500) for each in self._attempts)
        if plan.intent.verb is Verb.UNINSTALL:
            advice = (
                f"HelmRequest {request.name} stays as long as Captain fails, and it goes on trying: "
                "correct what the hook needs, then it ends by itself."
            )
        else:
            failed = structs.replace(request, body={**request.body, "status": {"phase": "Failed"}})
            good = best_target(history, failed)
            back = f"roll back to {good}, which runs" if good is not None else "change its spec"
            advice = f"Captain goes on trying what HelmRequest {request.name} says: {back}."
        return structs.replace(outcome, evidence=(*outcome.evidence, *attempts), advice=advice)

    def _hint(self, line: str) -> None:
        self._note("act", self._redact(line))

    def _found(self) -> Seat:
        if self._seat is None:
            raise Refused("The HelmRequest was not looked for")
        return self._seat
