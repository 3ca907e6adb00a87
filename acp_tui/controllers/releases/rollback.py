"""Rolling back: the target revision, why that one, and what going back does not bring back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import structs

from acp_tui.controllers.checks import check_record, passed, refused, unknown, warned
from acp_tui.controllers.effects import hooks_for, with_last_runs
from acp_tui.controllers.ground import Draft, Ground
from acp_tui.insight.lastgood import GOOD, best_target, standing_of
from acp_tui.insight.manifest import Part
from acp_tui.insight.times import span
from acp_tui.model.errors import RecordError
from acp_tui.model.plan import Check
from acp_tui.model.release import ReleaseBody, Revision

_BACK_TO = re.compile(r"^Rollback to (\d+)$")
_TITLE = "The revision exists"


async def draft(ground: Ground) -> Draft:
    newest = ground.newest
    if newest is None:
        return _refused(ground, refused("revision", _TITLE, f"no release {ground.ref.name} in {ground.ref.namespace}"))
    try:
        _, current = await ground.record(newest.revision)
    except RecordError as error:
        return _refused(ground, check_record(error, revision=newest.revision))
    wanted = ground.intent.revision or _best(ground, current.description)
    if wanted is None:
        return _refused(
            ground,
            refused(
                "revision", _TITLE, "no earlier revision was ever deployed", "Upgrade to a good chart, or uninstall."
            ),
        )
    target = ground.revision(wanted)
    if target is None:
        held = ", ".join(str(each.revision) for each in ground.history)
        return _refused(
            ground,
            refused("revision", _TITLE, f"there is no revision {wanted} (any more)", f"Choose one of {held}."),
            revision=wanted,
        )
    try:
        body = current if target is newest else (await ground.record(wanted))[1]
    except RecordError as error:
        return _refused(ground, check_record(error, revision=wanted), revision=wanted)
    return _draft(ground, newest, target, current, body)


def _best(ground: Ground, description: str) -> int | None:
    return best_target(ground.history, ground.proofs, now=ground.now, passed_over=_went_to(description))


def default_target(history: Sequence[Revision], description: str) -> int | None:
    """The newest earlier revision that was deployed once; `description` is that of the newest one.

    Where the newest is itself a rollback, the revision it went back to is passed over, because going there again
    changes nothing.
    """
    same = _went_to(description)
    earlier = (each for each in history[1:] if each.status in GOOD and each.revision != same and not each.unreadable)
    return next((each.revision for each in earlier), None)


def _went_to(description: str) -> int | None:
    found = _BACK_TO.match(description)
    return int(found[1]) if found else None


def _draft(ground: Ground, newest: Revision, target: Revision, current: ReleaseBody, body: ReleaseBody) -> Draft:
    before, after = ground.parts_of(current), ground.parts_of(body)
    hooks = hooks_for(with_last_runs(body.hooks, current.hooks), "pre-rollback", "post-rollback")
    return Draft(
        intent=structs.replace(ground.intent, revision=target.revision),
        headline=f"Roll back {ground.ref.name} from {newest.revision} ({newest.status}) to {target.revision}: "
        f"{_why(ground, target)}",
        before=before,
        after=after,
        hooks=() if ground.intent.no_hooks else hooks,
        checks=(
            check_record(None, revision=target.revision),
            _check_target(newest, target),
            *_check_standing(ground, newest, target),
        ),
        not_undone=tuple(_not_undone(ground, current, before, after)),
        undo=f"roll back to {newest.revision}"
        if newest.status in GOOD
        else f"roll back to {newest.revision}, which is {newest.status}: no good revision stands behind this act",
        target_chart=f"{body.chart} {body.chart_version}".strip(),
        manifest=body.manifest,
        apply_method=body.apply_method,
        size=body.size,
    )


def _why(ground: Ground, target: Revision) -> str:
    """Why this revision, in words; a revision a person chose needs no reason, but its state is said."""
    age = f", {span(ground.now - target.updated_at)} old" if target.updated_at is not None else ""
    if ground.intent.revision is not None:
        return f"chosen, {target.status}{age}"
    standing = standing_of(ground.history, target.revision, ground.proofs, now=ground.now)
    return f"the newest earlier revision that was deployed ({target.status}{age}): {standing.words}"


def _check_target(newest: Revision, target: Revision) -> Check:
    if target.revision == newest.revision:
        return warned("revision", _TITLE, f"{target.revision} is the newest one: only what changed live is set back")
    if target.status not in GOOD:
        return warned(
            "revision", _TITLE, f"{target.revision} is {target.status}: it never became the deployed one",
            "Choose a revision that was deployed, unless you know why this one failed.",
        )  # fmt: skip
    return passed("revision", _TITLE, f"{target.revision} is {target.status}")


def _check_standing(ground: Ground, newest: Revision, target: Revision) -> Iterable[Check]:
    """Whether it was ever really healthy; Helm's word deployed does not say so."""
    if target.status not in GOOD or target.revision == newest.revision:
        return
    title = "The revision was healthy once"
    standing = standing_of(ground.history, target.revision, ground.proofs, now=ground.now)
    if standing.good:
        yield passed("standing", title, standing.words)
        return
    better = best_target(ground.history, ground.proofs, now=ground.now)
    advice = f"Revision {better} is the newest that was." if better not in (None, target.revision) else ""
    found = warned if standing.good is False else unknown
    yield found("standing", title, standing.words, advice)


def _not_undone(ground: Ground, current: ReleaseBody, before: Sequence[Part], after: Sequence[Part]) -> Iterable[str]:
    """What a rollback leaves as it is, only as far as this release has it."""
    ran = [hook.name for hook in current.hooks if hook.last_phase]
    if ran:
        yield f"what the hooks of revision {current.revision} did: {', '.join(sorted(ran))}"
    if any(part.ref.kind == "CustomResourceDefinition" for part in (*before, *after)) or any(
        "." in part.ref.group and not part.ref.group.endswith(".k8s.io") for part in (*before, *after)
    ):
        yield "custom resource definitions: Helm never takes back those of a chart's crds/ folder"
    volumes = sorted({part.ref.name for part in before if part.ref.kind in ("PersistentVolumeClaim", "StatefulSet")})
    if volumes:
        yield f"data in volumes: {', '.join(volumes)}"
    kept = sorted(part.ref.name for part in before if part.kept)
    if kept:
        yield f"objects with resource-policy keep: {', '.join(kept)}"
    if ground.intent.no_hooks:
        yield "whatever the skipped rollback hooks would have taken back"


def _refused(ground: Ground, check: Check, *, revision: int | None = None) -> Draft:
    to = f" to {revision}" if revision else ""
    return Draft(intent=ground.intent, headline=f"Roll back {ground.ref.name}{to}", checks=(check,))
