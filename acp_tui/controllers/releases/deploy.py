"""Deploying: a new release of a chart, under a name that is free."""

from __future__ import annotations

from acp_tui.controllers.checks import passed, refused
from acp_tui.controllers.effects import hooks_for
from acp_tui.controllers.ground import Draft, Ground
from acp_tui.controllers.redact import without_login
from acp_tui.controllers.releases.request import engine_request
from acp_tui.model.errors import UsageError

_TITLE = "The name is free"


async def draft(ground: Ground) -> Draft:
    newest = ground.newest
    if not ground.intent.chart:
        raise UsageError("A deploy needs a chart", advice="name a directory, an archive, oci://…, or repository/name")
    if newest is not None:
        way = "Upgrade it instead."
        if newest.status == "uninstalled":
            way = "Its history was kept: roll it back to life, or uninstall it without keeping the history first."
        check = refused("name", _TITLE, f"{ground.ref.name} has revision {newest.revision} ({newest.status})", way)
        return Draft(ground.intent, f"Deploy {ground.ref.name}", checks=(check,))
    request = engine_request(ground.intent, context=ground.cluster.context)
    rendered = await ground.require_engine().render(request)
    target = f"{rendered.chart} {rendered.chart_version}".strip()
    return Draft(
        intent=ground.intent,
        headline=f"Deploy {ground.ref.name} into {ground.ref.namespace} of {ground.ref.cluster}: "
        f"{target} of {without_login(ground.intent.chart)}",
        after=ground.parts(rendered.manifest, origin=f"the manifest that {rendered.chart} renders to"),
        hooks=() if ground.intent.no_hooks else hooks_for(rendered.hooks, "pre-install", "post-install"),
        checks=(passed("name", _TITLE), passed("chart", "The chart renders", target)),
        not_undone=_not_undone(ground),
        undo=f"uninstall {ground.ref.name}",
        target_chart=target,
        manifest=rendered.manifest,
        size=rendered.size,
    )


def _not_undone(ground: Ground) -> tuple[str, ...]:
    lines = ["an uninstall leaves the custom resource definitions of the chart's crds/ folder, if it has one"]
    if ground.intent.create_namespace:
        lines.append(f"namespace {ground.ref.namespace} stays after an uninstall, if it is made now")
    return tuple(lines)
