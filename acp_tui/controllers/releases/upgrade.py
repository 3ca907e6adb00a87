"""Upgrading: what the new chart or the new values render to, beside what is stored now."""

from __future__ import annotations

from acp_tui.controllers.checks import check_record, passed, refused
from acp_tui.controllers.effects import hooks_for, with_last_runs
from acp_tui.controllers.ground import Draft, Ground
from acp_tui.controllers.recordroom import grown
from acp_tui.controllers.redact import without_login
from acp_tui.controllers.releases.request import engine_request
from acp_tui.insight.manifest import Part
from acp_tui.model.errors import RecordError
from acp_tui.model.plan import ValuesMode
from acp_tui.model.release import PENDING, ReleaseBody, Revision


async def draft(ground: Ground) -> Draft:
    newest = ground.newest
    if newest is None:
        said = f"no release {ground.ref.name} in {ground.ref.namespace}"
        check = refused("name", "The release exists", said, "Deploy it.")
        return Draft(ground.intent, f"Upgrade {ground.ref.name}", checks=(check,))
    try:
        stored, current = await ground.record(newest.revision)
    except RecordError as error:
        return Draft(
            ground.intent, f"Upgrade {ground.ref.name}", checks=(check_record(error, revision=newest.revision),)
        )
    before = ground.parts_of(current)
    if newest.status in PENDING:
        # Helm renders nothing for a locked release; the check on the lock, which all verbs share, refuses.
        return Draft(ground.intent, f"Upgrade {ground.ref.name}: it is {newest.status}", before=before, after=before)
    if any(ground.kinds.by_api_version(str(part.body["apiVersion"]), part.ref.kind) is None for part in before):
        # Helm builds what it has before it renders; the check on kinds, which all verbs share, names those that went.
        return Draft(ground.intent, f"Upgrade {ground.ref.name}: a kind of it is gone", before=before, after=before)
    request = engine_request(ground.intent, context=ground.cluster.context, stored=stored.release)
    ground.told(f"rendering {ground.intent.chart or 'the chart it has'}")
    rendered = await ground.require_engine().render(request)
    after = ground.parts(rendered.manifest, origin=f"the manifest that {rendered.chart} renders to")
    target = f"{rendered.chart} {rendered.chart_version}".strip()
    return Draft(
        intent=ground.intent,
        headline=f"Upgrade {ground.ref.name} from {_chart(current)} (revision {newest.revision}) "
        f"to {target}{_from(ground)}",
        before=before,
        after=after,
        hooks=()
        if ground.intent.no_hooks
        else hooks_for(with_last_runs(rendered.hooks, current.hooks), "pre-upgrade", "post-upgrade"),
        checks=(check_record(None, revision=newest.revision), passed("chart", "The chart renders", target)),
        undo=f"roll back to {newest.revision}",
        target_chart=target,
        manifest=rendered.manifest,
        original=await _compared(ground, newest, before),
        apply_method=current.apply_method,
        size=rendered.size or (0 if ground.intent.chart else grown(stored, rendered.manifest, ground.ref.store)),
    )


async def _compared(ground: Ground, newest: Revision, before: tuple[Part, ...]) -> tuple[Part, ...]:
    """Helm compares with the deployed revision, which is not the newest where that one failed."""
    if newest.status == "deployed":
        return before
    deployed = next((each for each in ground.history if each.status == "deployed"), None)
    if deployed is None:
        return before
    try:
        return ground.parts_of((await ground.record(deployed.revision))[1])
    except RecordError:
        return before


def _chart(body: ReleaseBody) -> str:
    return f"{body.chart} {body.chart_version}".strip()


def _from(ground: Ground) -> str:
    """Where chart and values come from, because both decide what happens."""
    intent = ground.intent
    source = f" of {without_login(intent.chart)}" if intent.chart else ", the chart it has"
    if intent.values_mode is ValuesMode.REUSE:
        return f"{source}, its values kept{' and yours over them' if intent.values else ''}"
    return f"{source}, with {'your values' if intent.values else 'the values of the chart'}"
