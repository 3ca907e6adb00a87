"""The plan of an act on a HelmRequest: the same effects and verdict as for Helm, other checks and steps."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.controllers import checks as shared
from acp_tui.controllers.captain import checks
from acp_tui.controllers.captain.draft import Sketch, sketch
from acp_tui.controllers.captain.seat import KindsOf, Seat, find_seat
from acp_tui.controllers.cockpit import look_ahead
from acp_tui.controllers.effects import effects_between, hook_effects, mask_manifest
from acp_tui.controllers.observe import observe
from acp_tui.model.errors import Refused
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, Intent, Plan, Step, Verb
from acp_tui.model.release import Owner, OwnerKind

if TYPE_CHECKING:
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.controllers.ground import Ground
    from acp_tui.controllers.seams import Clusters

_FORESEEN = frozenset({Verb.ROLLBACK, Verb.UPGRADE, Verb.UNINSTALL})
_WORDS = {
    Verb.UNINSTALL: "Delete",
    Verb.PAUSE: "Mark as paused",
    Verb.RESUME: "Take the pause off",
    Verb.RESYNC: "Ask for a sync of",
    Verb.ADOPT: "Allow adoption to",
}


async def plan_through_request(ground: Ground, clusters: Clusters, *, kinds: KindsOf, read_only: bool) -> Plan:
    """Raises ClusterError where release or HelmRequest cannot be read; one that is not found is a refused plan."""
    intent = ground.intent
    asked = (
        shared.check_read_only(ground.ref.cluster, read_only=read_only),
        shared.check_freshness(ground.cluster, now=ground.now),
    )
    try:
        seat = await find_seat(clusters, ground.ref, kinds=kinds)
    except Refused as error:
        check = shared.refused("owner", "Its HelmRequest is found", f"{error.title}: {error.tried}", error.advice)
        words = f"{intent.verb.value.capitalize()} {ground.ref.name}"
        return _plan(ground, intent, words, owner=Owner(OwnerKind.HELMREQUEST), checks=(*asked, check))
    served: Kinds = await kinds(seat.main)  # type: ignore[assignment]
    sketched = await sketch(ground, seat, served)
    draft = sketched.draft
    live = await observe(
        ground.cluster, [part.ref for part in (*draft.before, *draft.after)], now=ground.now, kinds=ground.kinds,
        planning=True,
    )  # fmt: skip
    effects = (
        *effects_between(draft.before, draft.after, live),
        *hook_effects(draft.hooks, ground.ref, now=ground.now),
    )
    found = (*asked, *await _checks(ground, seat, sketched, served))
    if intent.verb in _FORESEEN and not draft.refused:
        seen = await look_ahead(ground, draft, effects, live, transport=ground.cluster.transport)
        effects, found = seen.effects, (*found, *(_with_our_rights(check, seen.effects) for check in seen.checks))
    production = ground.cluster.store.production
    running = next((each for each in ground.history if each.status == "deployed"), ground.newest)
    return _plan(
        ground,
        draft.intent,
        draft.headline,
        production=production,
        owner=seat.owner,
        effects=effects,
        checks=found,
        steps=_steps(intent.verb, seat),
        not_undone=draft.not_undone,
        undo=draft.undo,
        confirm=ground.ref.name if production or intent.verb is Verb.UNINSTALL else "",
        base_revision=running.revision if running else 0,
        base_resource_version=seat.pin,
        target_chart=draft.target_chart,
        manifest=mask_manifest(draft.manifest) if draft.manifest else "",
    )


async def _checks(ground: Ground, seat: Seat, sketched: Sketch, kinds: Kinds) -> tuple[Check, ...]:
    intent, draft = ground.intent, sketched.draft
    speaks = intent.verb in (Verb.ROLLBACK, Verb.UPGRADE) and not draft.refused
    rights, version = await asyncio.gather(
        checks.check_rights(seat, intent.verb),
        checks.check_version(seat, kinds, sketched.version, sketched.running) if speaks else _nothing(),
    )
    served = shared.check_kinds(ground.kinds, draft.after or draft.before, intent.verb)
    asked = (
        checks.check_seat(seat),
        *checks.check_state(seat, intent),
        *checks.check_words(intent, seat.request),
        *draft.checks,
        version,
        checks.check_sources(seat.request, sketched.target) if speaks else None,
        checks.check_reach(seat.request, ground.ref.cluster),
        checks.check_resync(seat, intent),
        checks.check_busy(ground.newest),
        served if speaks or intent.verb is Verb.UNINSTALL else None,
        rights,
    )
    return tuple(check for check in asked if check is not None)


def _with_our_rights(check: Check, effects: Sequence[Effect]) -> Check:
    """A dry run is made as this user, and Captain acts as itself: a right we miss says nothing of Captain's."""
    ours = any(effect.server is not None and effect.server.answer is Answer.FORBIDDEN for effect in effects)
    if check.id != "server" or check.result is not CheckResult.REFUSE or not ours:
        return check
    advice = "Asked with your rights, which are not Captain's: what it would be told is not known."
    return structs.replace(check, result=CheckResult.UNKNOWN, advice=advice)


async def _nothing() -> None:
    return None


def _plan(ground: Ground, intent: Intent, headline: str, **fields: object) -> Plan:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(ground.now))
    return Plan(
        id=f"{stamp}-{secrets.token_hex(3)}",
        intent=intent,
        made_at=ground.now,
        engine="Captain",
        headline=headline,
        **fields,  # type: ignore[arg-type]
    )


def _steps(verb: Verb, seat: Seat) -> tuple[Step, ...]:
    name = f"HelmRequest {seat.request.name}"
    return (
        Step("journal", "Write the journal"),
        Step("prepare", "Look again before acting"),
        Step("act", f"{_WORDS.get(verb, 'Change')} {name}, and hear Captain"),
        Step("record", "Read the record again"),
        Step("verify", "Follow the workloads"),
    )
