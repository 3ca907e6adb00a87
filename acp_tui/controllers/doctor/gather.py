"""Reads what a diagnosis is made of: records, hooks, live objects, our own journal and the HelmRequest above."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.controllers.doctor.requests import request_trouble
from acp_tui.controllers.effects import hooks_for, release_parts
from acp_tui.controllers.observe import Snapshot, bodies_of, observe
from acp_tui.controllers.proofs import proofs_of
from acp_tui.insight.diff import drift
from acp_tui.insight.doctor import Case
from acp_tui.insight.fields import last_written
from acp_tui.insight.life import HookState, Signs
from acp_tui.insight.manifest import Part
from acp_tui.insight.recordsize import stored_bytes
from acp_tui.insight.times import epoch
from acp_tui.model.errors import AcpTuiError, ChartError, RecordError
from acp_tui.model.health import Health
from acp_tui.model.operation import Operation, OperationState, StepState
from acp_tui.model.plan import Verb
from acp_tui.model.release import PENDING, Hook, ReleaseBody, ReleaseRef, Revision
from acp_tui.wire.helm import body as shown_body

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.controllers.seams import Cluster, Clusters, KindTable

_EVENTS = {
    "pending-install": ("pre-install", "post-install"),
    "pending-upgrade": ("pre-upgrade", "post-upgrade"),
    "pending-rollback": ("pre-rollback", "post-rollback"),
    "uninstalling": ("pre-delete", "post-delete"),
}
_VERB = {
    "pending-install": Verb.DEPLOY,
    "pending-upgrade": Verb.UPGRADE,
    "pending-rollback": Verb.ROLLBACK,
    "uninstalling": Verb.UNINSTALL,
}


class Gatherer:
    """Reads one release of one cluster; `past` are our operations, newest first.

    `held`: a process of this machine holds its lock.
    """

    def __init__(
        self,
        clusters: Clusters,
        ref: ReleaseRef,
        *,
        records: ReleaseStore,
        kinds: KindTable,
        past: Sequence[Operation],
        held: bool = False,
    ) -> None:
        self._clusters = clusters
        self._cluster: Cluster = clusters.session(ref.cluster)
        self._ref = ref
        self._records = records
        self._kinds = kinds
        self._past = past
        self._held = held

    async def case(self, *, now: float) -> Case:
        """Raises ClusterError where not even the list of records can be read."""
        ref = self._ref
        history = await self._records.history(ref)
        trouble = await request_trouble(self._clusters, ref)
        ours = self._ours()
        case = Case(
            ref, history, now, proofs=proofs_of(self._past, ref),
            request=trouble.hangs, request_chart=trouble.chart, owner=trouble.owner,
            unreadable={each.revision: each.unreadable for each in history if each.unreadable},
            signs=Signs(now, ours=ours),
        )  # fmt: skip
        if not history:
            return case
        newest = history[0]
        try:
            stored = await self._records.record(ref, newest)
            body = shown_body(stored.release, ref, size=stored.size)
        except RecordError as error:
            return msgspec.structs.replace(case, unreadable={**case.unreadable, newest.revision: error.title})
        case = msgspec.structs.replace(
            case,
            payload=body.status,
            description=body.description,
            record_bytes=stored_bytes(stored.size, ref.store),
            has_chart=bool((stored.release.get("chart") or {}).get("templates")),
        )
        return await self._with_signs(case, newest, body, ours)

    async def _with_signs(self, case: Case, newest: Revision, body: ReleaseBody, ours: str) -> Case:
        """Hooks always; live objects only of a release that is pending, where it matters whether they move."""
        hooks = await self._hooks(_concerned(body))
        if body.status not in PENDING:
            return msgspec.structs.replace(case, signs=Signs(case.now, newest.updated_at, ours, hooks))
        parts = self._parts(body)
        base = await self._deployed(case.history, case.unreadable)
        refs = [part.ref for part in (*parts, *base)]
        live = await observe(self._cluster, refs, kinds=self._kinds, now=case.now)
        moments = [at for each in bodies_of(live) if (at := last_written(each)) is not None]
        rolling = tuple(
            f"{state.ref.kind} {state.ref.name}"
            for state in live.values()
            if state.there and state.verdict.health is Health.PROGRESSING
        )
        ended = "" if ours else self._ended(newest)
        signs = Signs(case.now, newest.updated_at, ours, hooks, max(moments, default=None), rolling, ended)
        return msgspec.structs.replace(case, signs=signs, changed=_changed(base, live) if base else None)

    def _ours(self) -> str:
        running = next((each for each in self._past if each.release == self._ref and not each.state.over), None)
        if running is not None:
            return f"{running.verb.value} {running.id}"
        return "a Helm that is being stopped" if self._held else ""

    def _ended(self, newest: Revision) -> str:
        """The act of ours that made this record and is over, or was killed while its Helm wrote it."""
        last = next((each for each in self._past if each.release == self._ref and each.verb is not Verb.RECOVER), None)
        if last is None or _VERB.get(newest.status) is not last.verb:
            return ""
        acted = next((step.state for step in last.steps if step.id == "act"), StepState.WAITING)
        if last.state is OperationState.LOST and acted is StepState.RUNNING:
            wrote = (last.revision_before or 0) + (0 if last.verb is Verb.UNINSTALL else 1)
            said = "acp-tui made it and was killed, its Helm with it"
            return f"{said}: {last.verb.value} {last.id}" if newest.revision == wrote else ""
        ours = last.record_uid == newest.uid if last.record_uid else newest.revision == last.revision_before
        said = "acp-tui made it, and its Helm is over"
        return f"{said}: {last.verb.value} {last.id}" if ours and acted in (StepState.DONE, StepState.FAILED) else ""

    async def _deployed(self, history: Sequence[Revision], unreadable: dict[int, str]) -> tuple[Part, ...]:
        deployed = next(
            (each for each in history[1:] if each.status == "deployed" and each.revision not in unreadable), None
        )
        if deployed is None:
            return ()
        try:
            return self._parts(await self._records.body(self._ref, deployed.revision))
        except RecordError:
            return ()

    def _parts(self, body: ReleaseBody) -> tuple[Part, ...]:
        try:
            return release_parts(body.manifest, self._ref, origin="the stored manifest", kinds=self._kinds)
        except ChartError:
            return ()

    async def _hooks(self, hooks: Iterable[Hook]) -> tuple[HookState, ...]:
        return tuple(await asyncio.gather(*(self._hook(hook) for hook in hooks)))

    async def _hook(self, hook: Hook) -> HookState:
        plain = HookState(hook.name, hook.events, hook.last_phase, failed=hook.last_phase.lower() == "failed")
        try:
            parts = release_parts(hook.manifest, self._ref, origin=f"hook {hook.name}", kinds=self._kinds)
            kind = self._kinds.by_gk(parts[0].ref.group, parts[0].ref.kind) if parts else None
            if kind is None:
                return plain
            answer = await self._cluster.transport.get(kind.path(parts[0].ref.namespace, parts[0].ref.name))
            found = msgspec.json.decode(answer.body)
        except (AcpTuiError, msgspec.DecodeError, UnicodeError):
            return plain
        return _watched(plain, found, hook.last_started_at)


def _concerned(body: ReleaseBody) -> tuple[Hook, ...]:
    """The hooks of the act that is open; of one that failed, those that say so."""
    events = _EVENTS.get(body.status)
    if events is not None:
        return hooks_for(body.hooks, *events)
    return tuple(hook for hook in body.hooks if hook.last_phase.lower() == "failed") if body.status == "failed" else ()


def _watched(hook: HookState, found: dict[str, Any], began: float | None) -> HookState:
    """A Job or Pod beside what the record says; one from before this run says nothing of it."""
    metadata, status = found.get("metadata") or {}, found.get("status") or {}
    made = epoch(str(metadata.get("creationTimestamp") or ""))
    if began is not None and made is not None and made < began - 1:
        return hook
    conditions = {each.get("type"): each for each in status.get("conditions") or () if each.get("status") == "True"}
    over = conditions.get("Complete") or conditions.get("Failed")
    failed = "Failed" in conditions or status.get("phase") == "Failed"
    ended = epoch(str((over or {}).get("lastTransitionTime") or status.get("completionTime") or ""))
    if over is None and status.get("phase") in ("Succeeded", "Failed"):
        ended = ended or made
    return msgspec.structs.replace(
        hook, there=True, active=ended is None and not failed, failed=failed or hook.failed, ended_at=ended
    )


def _changed(base: Iterable[Part], live: Snapshot) -> int:
    count = 0
    for part in base:
        state = live.get(part.ref.key)
        if state is None or state.body is None or drift(part.body, state.body):
            count += 1
    return count
