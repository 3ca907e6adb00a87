"""Uninstalling: what goes, what stays, and whether anything leads back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acp_tui.controllers.checks import check_record, refused, warned
from acp_tui.controllers.effects import hooks_for
from acp_tui.controllers.ground import Draft, Ground
from acp_tui.insight.manifest import Part
from acp_tui.model.errors import RecordError
from acp_tui.model.plan import Check
from acp_tui.model.release import ReleaseBody


async def draft(ground: Ground) -> Draft:
    newest = ground.newest
    headline = f"Uninstall {ground.ref.name} from {ground.ref.namespace} of {ground.ref.cluster}"
    if newest is None:
        check = refused("revision", "The release exists", f"no release {ground.ref.name} in {ground.ref.namespace}")
        return Draft(ground.intent, headline, checks=(check,))
    try:
        _, current = await ground.record(newest.revision)
    except RecordError as error:
        return Draft(ground.intent, headline, checks=(check_record(error, revision=newest.revision),))
    before = ground.parts_of(current)
    chart = f"{current.chart} {current.chart_version}".strip()
    return Draft(
        intent=ground.intent,
        headline=f"{headline}: {chart}, revision {newest.revision} ({newest.status})",
        before=before,
        hooks=() if ground.intent.no_hooks else hooks_for(current.hooks, "pre-delete", "post-delete"),
        checks=(check_record(None, revision=newest.revision), *_own_checks(ground, current)),
        not_undone=tuple(_not_undone(before)),
        undo=_undo(ground, current),
        target_chart=chart,
    )


def _own_checks(ground: Ground, current: ReleaseBody) -> Iterable[Check]:
    if current.status == "uninstalled" and ground.intent.keep_history:
        yield refused("revision", "There is something to uninstall", "it is uninstalled, its history kept")
    failed = [hook.name for hook in hooks_for(current.hooks, "pre-delete") if hook.last_phase.lower() == "failed"]
    if failed and not ground.intent.no_hooks:
        yield warned(
            "hooks", "Its hooks let it go", f"failed last time: {', '.join(failed)}",
            "A failing pre-delete hook leaves it uninstalling: correct it, or go without hooks.",
        )  # fmt: skip


def _not_undone(before: Sequence[Part]) -> Iterable[str]:
    claims = sorted(part.ref.name for part in before if part.ref.kind == "PersistentVolumeClaim" and not part.kept)
    if claims:
        yield f"data in the volumes of {', '.join(claims)} (gone, unless their reclaim policy keeps it)"
    kept = sorted(f"{part.ref.kind} {part.ref.name}" for part in before if part.kept)
    if kept:
        yield f"kept objects stay: {', '.join(kept)}"
    if any(part.ref.kind == "StatefulSet" for part in before):
        yield "volume claims that its StatefulSets made stay"


def _undo(ground: Ground, current: ReleaseBody) -> str:
    if ground.intent.keep_history:
        return f"roll back to {current.revision}"
    return f"deploy {current.chart} {current.chart_version} again; its values and history go with it".replace("  ", " ")
