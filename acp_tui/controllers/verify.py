"""The verdict after an act, from the cluster and not from an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from acp_tui.controllers.lastwords import last_words, quoted
from acp_tui.controllers.observe import ObjectState, Snapshot, observe, pods_ready
from acp_tui.controllers.redact import Redactor, without_login
from acp_tui.insight.diff import drift, drift_summary
from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.manifest import Part
from acp_tui.model.finding import Finding
from acp_tui.model.health import Health
from acp_tui.model.kept import Words
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.refs import Clock

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster, KindTable

MAX_FINDINGS = 10
_JUDGED_EARLY = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job"})
_GOOD = (Health.HEALTHY, Health.SUSPENDED)


class Verify(Struct, frozen=True):
    """How patient the verdict is, in seconds; healthy must hold for `steady_seconds` to count."""

    deadline_seconds: float = 300.0
    poll_seconds: float = 1.0
    slowest_poll_seconds: float = 5.0
    steady_seconds: float = 3.0


class Aim(Struct, frozen=True):
    """What an act should leave: objects that are there and well, objects that are gone.

    `residue` asks for fields that stayed as somebody else set them; objects just made have none.
    """

    there: tuple[Part, ...] = ()
    gone: tuple[Part, ...] = ()
    residue: bool = True


class Judgement(Struct, frozen=True):
    """What one look says; `kind` is None while it is too early to tell, `line` is the progress in words.

    `words` are what the pods behind the findings said last.
    """

    kind: OutcomeKind | None
    line: str
    evidence: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    words: tuple[Words, ...] = ()


class Follower:
    """Looks again and again until a verdict is sure or the deadline is over."""

    def __init__(
        self,
        cluster: Cluster,
        aim: Aim,
        *,
        kinds: KindTable,
        settings: Verify,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        redact: Redactor | None = None,
    ) -> None:
        self._cluster = cluster
        self._aim = aim
        self._kinds = kinds
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._redact = redact or without_login

    async def look(self) -> Snapshot:
        refs = [part.ref for part in (*self._aim.there, *self._aim.gone)]
        return await observe(self._cluster, refs, kinds=self._kinds, now=self._clock())

    async def glance(self, before: Snapshot) -> Judgement:
        """What one look shows, with everything that is not well as a finding."""
        snapshot = await self.look()
        return await self._quoting(judge_late(self._aim, before, snapshot), snapshot)

    async def follow(self, before: Snapshot, progress: Callable[[str], None]) -> Judgement:
        """`before` is what stood before the act; a verdict of `regressed` needs something that got worse since."""
        deadline = self._clock() + self._settings.deadline_seconds
        pause = self._settings.poll_seconds
        well_since: float | None = None
        calm: dict[str, int] = {}
        while True:
            snapshot = await self.look()
            now = self._clock()
            judgement = judge(self._aim, before, snapshot)
            if judgement.kind is OutcomeKind.REGRESSED:
                return await self._quoting(judgement, snapshot)
            restarts = _restarts(self._aim, snapshot)
            if judgement.kind is None or (well_since is not None and restarts != calm):
                well_since = None
            if judgement.kind is not None:
                well_since, calm = (now, restarts) if well_since is None else (well_since, calm)
                if not self._aim.there or now - well_since >= self._settings.steady_seconds:
                    return judgement
            progress(judgement.line)
            if now >= deadline:
                return await self._quoting(_unsteady(judge_late(self._aim, before, snapshot)), snapshot)
            await self._sleep(min(pause, max(deadline - now, 0.05)))
            pause = min(pause * 1.5, self._settings.slowest_poll_seconds)

    async def _quoting(self, judgement: Judgement, snapshot: Snapshot) -> Judgement:
        """The judgement with the last line of each pod it names."""
        suspects = [
            (finding.ref.namespace, pod)
            for finding in judgement.findings
            if finding.ref is not None and (state := snapshot.get(finding.ref.key)) is not None
            for pod in state.pods
            if finding.evidence == f"pod {pod.name}"
        ]
        words = await last_words(self._cluster.transport, suspects, redact=self._redact, now=self._clock())
        said = {f"pod {each.pod}": quoted(each) for each in words}
        findings = tuple(
            structs.replace(finding, evidence=f"{finding.evidence} · {line}")
            if (line := said.get(finding.evidence))
            else finding
            for finding in judgement.findings
        )
        return structs.replace(judgement, findings=findings, words=words)


def judge(aim: Aim, before: Snapshot, after: Snapshot) -> Judgement:
    """HEALTHY, RESIDUE or REGRESSED where that is sure already, else no kind."""
    worse = _worse(aim, before, after, late=False)
    waiting = [state for part in aim.there if not _well(state := after[part.ref.key])]
    lingering = [state for part in aim.gone if _remains(state := after[part.ref.key])]
    line = _line(aim, after, waiting, lingering)
    if worse:
        return Judgement(OutcomeKind.REGRESSED, line, _evidence(aim, after), tuple(worse[:MAX_FINDINGS]))
    if waiting or lingering:
        return Judgement(None, line)
    residue = _residue(aim, after)
    kind = OutcomeKind.RESIDUE if residue else OutcomeKind.HEALTHY
    return Judgement(kind, line, _evidence(aim, after), tuple(residue[:MAX_FINDINGS]))


def judge_late(aim: Aim, before: Snapshot, after: Snapshot) -> Judgement:
    """The verdict when time is over: regressed where anything got worse, residue where only leftovers remain."""
    sure = judge(aim, before, after)
    worse = _worse(aim, before, after, late=True)
    waiting = [state for part in aim.there if not _well(state := after[part.ref.key])]
    lingering = [state for part in aim.gone if _remains(state := after[part.ref.key])]
    findings = [_finding(state) for state in waiting] + [_leftover(state) for state in lingering]
    if worse:
        kind, findings = OutcomeKind.REGRESSED, worse
    elif sure.kind is not None or any(state.problem for state in (*waiting, *lingering)) or waiting:
        kind = OutcomeKind.NOT_PROVEN
    else:
        kind = OutcomeKind.RESIDUE
    return Judgement(kind, sure.line, _evidence(aim, after), tuple(findings[:MAX_FINDINGS]))


def _unsteady(late: Judgement) -> Judgement:
    """Nothing is wrong, and yet it never held: that is said."""
    if late.kind is not OutcomeKind.NOT_PROVEN or late.findings:
        return late
    only = Finding("it was well only for a moment before the deadline", health=Health.PROGRESSING)
    return structs.replace(late, findings=(only,))


def _well(state: ObjectState) -> bool:
    """There, and healthy or without a rule that could say otherwise."""
    if not state.there or state.deleting:
        return False
    return state.verdict.health in _GOOD or state.verdict.reason == NO_RULE


def _remains(state: ObjectState) -> bool:
    return state.there or bool(state.problem)


def _worse(aim: Aim, before: Snapshot, after: Snapshot, *, late: bool) -> list[Finding]:
    """What is bad now and was not before; early only what does not heal by waiting."""
    found: list[Finding] = []
    for part in aim.there:
        state = after[part.ref.key]
        old = before.get(part.ref.key, ObjectState(part.ref))
        bad_before = {pod.uid for pod in old.pods if pod.verdict.health is Health.DEGRADED}
        hopeless = [pod for pod in state.pods if pod.hopeless and pod.uid not in bad_before]
        if hopeless:
            found.extend(
                Finding(pod.verdict.reason, part.ref, evidence=f"pod {pod.name}", since=pod.verdict.since)
                for pod in hopeless
            )
            continue
        sure = part.ref.kind in _JUDGED_EARLY and state.own.health is Health.DEGRADED
        was_bad = Health.DEGRADED in (old.verdict.health, old.own.health)
        if not was_bad and (sure or (late and state.verdict.health is Health.DEGRADED)):
            found.append(_finding(state))
    return found


def _finding(state: ObjectState) -> Finding:
    bad = next((pod for pod in state.pods if pod.verdict.health is Health.DEGRADED), None)
    bad = bad or next((pod for pod in state.pods if pod.verdict.health not in _GOOD), None)
    evidence = f"pod {bad.name}" if bad is not None else state.problem
    what = state.verdict.reason or state.verdict.health.value
    return Finding(what, state.ref, evidence=evidence, since=state.verdict.since, health=state.verdict.health)


def _leftover(state: ObjectState) -> Finding:
    if state.problem:
        return Finding(f"not known whether it is gone: {state.problem}", state.ref, health=Health.UNKNOWN)
    metadata = state.body.get("metadata") if state.body else None
    finalizers = metadata.get("finalizers") if isinstance(metadata, dict) else None
    if not state.deleting:
        return Finding("still there, nobody deletes it", state.ref)
    held = f"held by {', '.join(map(str, finalizers))}" if finalizers else "its deletion is not confirmed"
    return Finding(f"still being deleted: {held}", state.ref, health=Health.PROGRESSING)


def _residue(aim: Aim, after: Snapshot) -> list[Finding]:
    """Fields of the manifest that are otherwise in the cluster although the act is over."""
    if not aim.residue:
        return []
    scaled = {
        (str(target.get("kind")), str(target.get("name")))
        for part in aim.there
        if part.ref.kind == "HorizontalPodAutoscaler"
        and isinstance(target := (part.body.get("spec") or {}).get("scaleTargetRef"), dict)
    }
    found = []
    for part in aim.there:
        live = after[part.ref.key].body or {}
        wanted = part.body
        if (part.ref.kind, part.ref.name) in scaled and isinstance(wanted.get("spec"), dict):
            wanted = {**wanted, "spec": {key: value for key, value in wanted["spec"].items() if key != "replicas"}}
        if drift(wanted, live):
            found.append(Finding(f"stayed: {drift_summary(wanted, live)}", part.ref, health=Health.HEALTHY))
    return found


def _restarts(aim: Aim, snapshot: Snapshot) -> dict[str, int]:
    return {pod.uid: pod.restarts for part in aim.there for pod in snapshot[part.ref.key].pods}


def _evidence(aim: Aim, after: Snapshot) -> tuple[str, ...]:
    """Short facts in favour, in the order people ask for them."""
    states = [after[part.ref.key] for part in aim.there]
    lines = []
    if any(state.wanted for state in states):
        ready, wanted = pods_ready(states)
        restarts = sum(pod.restarts for state in states for pod in state.pods)
        lines.append(f"{ready}/{wanted} pods ready")
        lines.append(f"{restarts} restart{'' if restarts == 1 else 's'}")
    if states:
        lines.append(f"{sum(state.there for state in states)}/{len(states)} objects there")
    if not states and not aim.gone:
        lines.append("it has no objects")
    if aim.gone:
        left = sum(_remains(after[part.ref.key]) for part in aim.gone)
        lines.append(f"{len(aim.gone) - left}/{len(aim.gone)} objects gone")
    return tuple(lines)


def _line(aim: Aim, after: Snapshot, waiting: list[ObjectState], lingering: list[ObjectState]) -> str:
    words = list(_evidence(aim, after)[:1]) if aim.there else []
    first = next(iter(waiting), None)
    if first is not None:
        words.append(f"{first.ref.kind} {first.ref.name}: {first.verdict.reason or first.verdict.health.value}")
    if lingering:
        words.append(f"{len(lingering)} of {len(aim.gone)} objects still there")
    return " · ".join(words) or "everything there and well"
