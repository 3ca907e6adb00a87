"""What each verb makes of a release that Captain keeps: target, effects as objects, and what does not come back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from acp_tui.clients.acp.charts import Catalog
from acp_tui.clients.acp.helmrequests import HelmRequest, values_of
from acp_tui.clients.helm.engine import EngineRequest, Rendered
from acp_tui.clients.helm.workspace import Workspace
from acp_tui.controllers.captain.change import values_after
from acp_tui.controllers.checks import UNRENDERED, check_record, passed, refused, unknown, warned
from acp_tui.controllers.effects import hooks_for
from acp_tui.controllers.ground import Draft, Ground
from acp_tui.controllers.releases.rollback import default_target
from acp_tui.insight.times import span
from acp_tui.model.errors import AcpTuiError, RecordError
from acp_tui.model.plan import Check, Verb
from acp_tui.model.release import ReleaseBody, Revision
from acp_tui.wire.manifest import merge_values

if TYPE_CHECKING:
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.controllers.captain.seat import Seat

_TITLE = "The revision exists"
_GOOD = ("deployed", "superseded")


class Sketch(Struct, frozen=True):
    """A draft, the version Captain will be asked for, and the record whose values go with it (a rollback's)."""

    draft: Draft
    version: str = ""
    target: ReleaseBody | None = None
    running: str = ""


async def sketch(ground: Ground, seat: Seat, kinds: Kinds) -> Sketch:
    """`kinds` are those of the global cluster. Raises ClusterError."""
    current, trouble = await _current(ground)
    if trouble is not None:
        return Sketch(Draft(ground.intent, f"{ground.intent.verb.value} {ground.ref.name}", checks=(trouble,)))
    match ground.intent.verb:
        case Verb.ROLLBACK:
            return await _rollback(ground, seat, current)
        case Verb.UPGRADE:
            return await _upgrade(ground, seat, kinds, current)
        case Verb.UNINSTALL:
            return _uninstall(ground, seat, current)
        case Verb.DEPLOY:
            check = refused("name", "The release is new", f"{ground.ref.name} is there", "Upgrade it instead.")
            return Sketch(Draft(ground.intent, f"Deploy {ground.ref.name}", checks=(check,)))
        case _:
            return _mark(ground, seat, current)


async def _current(ground: Ground) -> tuple[ReleaseBody | None, Check | None]:
    """What runs: the newest deployed record, else the newest; none at all is no trouble."""
    running = next((each for each in ground.history if each.status == "deployed"), ground.newest)
    if running is None:
        return None, None
    try:
        return (await ground.record(running.revision))[1], None
    except RecordError as error:
        return None, check_record(error, revision=running.revision)


async def _rollback(ground: Ground, seat: Seat, current: ReleaseBody | None) -> Sketch:
    wanted = ground.intent.revision or best_target(ground.history, seat.request)
    target = ground.revision(wanted) if wanted is not None else None
    if target is None:
        held = ", ".join(str(each.revision) for each in ground.history) or "none"
        said = f"there is no revision {wanted}" if wanted else "no earlier revision was ever deployed"
        check = refused("revision", _TITLE, said, f"Captain keeps {held}.")
        return Sketch(Draft(ground.intent, f"Roll back {ground.ref.name}", checks=(check,)))
    try:
        _, body = await ground.record(target.revision)
    except RecordError as error:
        check = check_record(error, revision=target.revision)
        return Sketch(Draft(ground.intent, f"Roll back {ground.ref.name} to {target.revision}", checks=(check,)))
    newest = ground.newest or target
    hooks = hooks_for(body.hooks, "pre-upgrade", "post-upgrade")
    draft = Draft(
        intent=structs.replace(ground.intent, revision=target.revision),
        headline=f"Roll back {ground.ref.name} from {newest.revision} ({newest.status}) to {target.revision} "
        f"({_chart(body)}) through {_name(seat)}: {_why(ground, seat, target)}",
        before=ground.parts_of(current) if current else (),
        after=ground.parts_of(body),
        hooks=hooks,
        checks=(check_record(None, revision=target.revision), _check_target(seat, newest, target)),
        not_undone=tuple(_not_undone(current, body)),
        undo=_undo(seat),
        target_chart=_chart(body),
        manifest=body.manifest,
    )
    return Sketch(draft, body.chart_version, body, current.chart_version if current else "")


def best_target(history: Sequence[Revision], request: HelmRequest) -> int | None:
    """Where the request failed, what runs is what is gone back to; else the newest earlier one that was deployed."""
    running = next((each for each in history if each.status == "deployed" and not each.unreadable), None)
    if request.phase == "Failed" and running is not None:
        return running.revision
    return default_target(history, "")


async def _upgrade(ground: Ground, seat: Seat, kinds: Kinds, current: ReleaseBody | None) -> Sketch:
    request, intent = seat.request, ground.intent
    version = intent.version or request.version
    before = ground.parts_of(current) if current else ()
    running = _chart(current) if current else "nothing"
    target = f"{request.chart.rpartition('/')[2]} {version or '(newest)'}".strip()
    words = f"Upgrade {ground.ref.name} from {running} to {target} through {_name(seat)}, {_values(ground)}"
    try:
        rendered = await _render(ground, seat, kinds, version)
    except AcpTuiError as error:
        said = f"{error.title}" + (f" ({error.tried})" if error.tried else "")
        check = unknown(UNRENDERED, "What it renders to", said, "Captain will render it; what changes is not known.")
        blind = Draft(
            intent, words, before=before, after=before, checks=(check,), undo=_undo(seat), target_chart=target
        )
        return Sketch(blind, version, running=current.chart_version if current else "")
    draft = Draft(
        intent=intent,
        headline=words,
        before=before,
        after=ground.parts(rendered.manifest, origin=f"the manifest that {rendered.chart} renders to"),
        hooks=hooks_for(rendered.hooks, "pre-upgrade", "post-upgrade"),
        checks=(passed(UNRENDERED, "The chart renders", target),),
        undo=_undo(seat),
        target_chart=f"{rendered.chart} {rendered.chart_version}".strip(),
        manifest=rendered.manifest,
    )
    return Sketch(draft, version, running=current.chart_version if current else "")


async def _render(ground: Ground, seat: Seat, kinds: Kinds, version: str) -> Rendered:
    """The chart Captain would take, with the values it would use. Raises AcpTuiError."""
    values = values_after(seat.request, ground.intent)
    spec = {**seat.request.spec, "version": version, "values": values}
    wanted = HelmRequest({**seat.request.body, "spec": spec})
    place = await Catalog(seat.main.transport, kinds).find(wanted)
    merged = await values_of(seat.main.transport, wanted)
    with Workspace(os.environ) as workspace:
        return await ground.require_engine().render(
            EngineRequest(
                verb=Verb.DEPLOY,
                release=ground.ref,
                context=ground.cluster.context,
                chart=await place.bring(workspace.folder),
                version=place.version,
                values=msgspec.json.encode(merged).decode(),
                unchecked=True,
            )
        )


def _uninstall(ground: Ground, seat: Seat, current: ReleaseBody | None) -> Sketch:
    keeps = seat.request.keeps_resources
    before = ground.parts_of(current) if current else ()
    hooks = () if keeps or current is None else hooks_for(current.hooks, "pre-delete", "post-delete")
    checks = []
    failed = [hook.name for hook in hooks if hook.last_phase.lower() == "failed"]
    if failed:
        checks.append(
            warned("hooks", "Its hooks let it go", f"failed last time: {', '.join(failed)}",
                   "A failing hook keeps the HelmRequest, and Captain goes on trying: correct its cause first.")
        )  # fmt: skip
    kept = "its objects stay (captain-keep-resources)" if keeps else ""
    draft = Draft(
        intent=ground.intent,
        headline=f"Uninstall {ground.ref.name} by deleting {_name(seat)}" + (f": {kept}" if kept else ""),
        before=before,
        after=before if keeps else (),
        hooks=hooks,
        checks=tuple(checks),
        not_undone=tuple(_lost(current)),
        undo="create the HelmRequest again: its spec, values and history go with it",
        target_chart=_chart(current) if current else "",
    )
    return Sketch(draft)


def _mark(ground: Ground, seat: Seat, current: ReleaseBody | None) -> Sketch:
    before = ground.parts_of(current) if current else ()
    what, undo = {
        Verb.PAUSE: ("Pause", "resume it"),
        Verb.RESUME: ("Resume", "pause it again"),
        Verb.RESYNC: ("Sync again", ""),
        Verb.ADOPT: ("Let it adopt what is there", "take annotation captain-force-adopt-resources off"),
    }.get(ground.intent.verb, ("Change", ""))
    draft = Draft(
        ground.intent, f"{what}: {ground.ref.name} through {_name(seat)}", before=before, after=before, undo=undo,
        target_chart=_chart(current) if current else "",
        checks=() if ground.intent.verb is Verb.PAUSE or _runs(current, seat.request) else (_blind(),),
    )  # fmt: skip
    return Sketch(draft)


def _runs(current: ReleaseBody | None, request: HelmRequest) -> bool:
    """Whether what the request asks for is what runs, so that another sync of it changes nothing."""
    if current is None or request.source_names or not request.version:
        return False
    same = request.version.removeprefix("v") == current.chart_version.removeprefix("v")
    return same and merge_values({}, request.values) == merge_values({}, current.values)


def _blind() -> Check:
    said = "the HelmRequest asks for something else than runs, or takes values from elsewhere"
    return unknown(UNRENDERED, "What it renders to", said, "Captain will render it; what changes is not known.")


def _check_target(seat: Seat, newest: Revision, target: Revision) -> Check:
    if target.status not in _GOOD:
        return warned("revision", _TITLE, f"{target.revision} is {target.status}: it never became the deployed one")
    if target.revision == newest.revision and seat.request.phase != "Failed":
        return warned("revision", _TITLE, f"{target.revision} is what runs: only what changed live is set back")
    return passed("revision", _TITLE, f"{target.revision} is {target.status}")


def _why(ground: Ground, seat: Seat, target: Revision) -> str:
    age = f", {span(ground.now - target.updated_at)} old" if target.updated_at is not None else ""
    if ground.intent.revision is not None:
        return f"chosen, {target.status}{age}"
    if target.status == "deployed" and seat.request.phase == "Failed":
        return f"its request failed, and this is what runs{age}"
    return f"the newest earlier revision that was deployed{age}"


def _not_undone(current: ReleaseBody | None, body: ReleaseBody) -> Iterable[str]:
    ran = [hook.name for hook in current.hooks if hook.last_phase] if current else []
    if ran:
        yield f"what hooks did: {', '.join(sorted(ran))}"
    skipped = [hook.name for hook in hooks_for(body.hooks, "pre-rollback", "post-rollback")]
    if skipped:
        yield f"rollback hooks do not run, because Captain upgrades: {', '.join(sorted(skipped))}"
    yield "the chart is rendered anew: what it looks up in the cluster may differ from then"


def _lost(current: ReleaseBody | None) -> Iterable[str]:
    yield "the HelmRequest, its values and every release record"
    if current and any(part in current.manifest for part in ("PersistentVolumeClaim", "StatefulSet")):
        yield "data in volumes, as far as their reclaim policy lets it go"


def _undo(seat: Seat) -> str:
    request = seat.request
    version = f" with version {request.version}" if request.version else ""
    return f"write the old spec{version} back: annotation last-spec of {_name(seat)} keeps it"


def _name(seat: Seat) -> str:
    return f"HelmRequest {seat.request.name} ({seat.cluster.context.name})"


def _chart(body: ReleaseBody) -> str:
    return f"{body.chart} {body.chart_version}".strip()


def _values(ground: Ground) -> str:
    from acp_tui.model.plan import ValuesMode

    if ground.intent.values_mode is ValuesMode.REUSE:
        return f"its values kept{' and yours over them' if ground.intent.values.strip() else ''}"
    return "with your values" if ground.intent.values.strip() else "with the values of the chart"
