"""`acp-tui release`: what is known of one release, and the acts on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from acp_tui.cli.act import deploy, plan, rollback, uninstall, upgrade
from acp_tui.cli.find import VIEWS, find_release, release_options
from acp_tui.cli.history import forget, history, words_document
from acp_tui.cli.marks import adopt, pause, resume, resync
from acp_tui.cli.matrix import matrix
from acp_tui.cli.output import MACHINE, output_option, plain, print_document, print_table, print_text
from acp_tui.cli.recover import doctor, recover
from acp_tui.cli.rollout import rollout
from acp_tui.cli.target import Target, open_fleet, target_options
from acp_tui.model.errors import RecordError, UsageError

if TYPE_CHECKING:
    from acp_tui.model.release import Hook, ReleaseBody


@click.group()
def release() -> None:
    """Reads one release: history, show, diff, forget. Acts on it: plan, deploy, upgrade, rollback, uninstall.

    On a release that Captain keeps also: pause, resume, resync, adopt.
    """


release.add_command(history)
release.add_command(forget)
release.add_command(plan)
release.add_command(deploy)
release.add_command(upgrade)
release.add_command(rollback)
release.add_command(uninstall)
release.add_command(matrix)
release.add_command(rollout)
release.add_command(doctor)
release.add_command(recover)
release.add_command(pause)
release.add_command(resume)
release.add_command(resync)
release.add_command(adopt)


@release.command()
@click.argument("name")
@click.option("--revision", type=int, default=None, help="Revision to show; the newest without it.")
@click.option(
    "--part",
    type=click.Choice(["summary", "values", "all-values", "manifest", "notes", "hooks", "words"]),
    default="summary",
    show_default=True,
    help="What to show of it.",
)
@click.option("--reveal", is_flag=True, help="Print secret values too.")
@release_options
@output_option
@target_options
def show(name: str, revision: int | None, part: str, reveal: bool, namespace: str, output: str, target: Target) -> None:
    """Shows a revision: summary, values, manifest, notes, hooks, or what was heard of its pods.

    Secrets are masked unless --reveal. A revision that the cluster no longer has is shown from what acp-tui kept.
    """
    asyncio.run(_show(name, revision, part, reveal, namespace, output, target))


async def _show(
    name: str, revision: int | None, part: str, reveal: bool, namespace: str, output: str, target: Target
) -> None:
    from acp_tui.controllers.keep import open_keep
    from acp_tui.fleet.inspect import Inspector

    async with open_fleet(target, views=VIEWS) as fleet:
        row = find_release(fleet, name, namespace)
        number = revision or row.revision
        keep = open_keep()
        try:
            body = await Inspector(fleet).body(row.ref, number)
        except RecordError:
            kept = await asyncio.to_thread(keep.body, row.ref, number)
            if kept is None:
                raise
            body = kept
    if part == "words":
        found: object = words_document(keep, body)
    else:
        found = _part(body, part, reveal=reveal)
    if output in MACHINE:
        document = found if isinstance(found, dict) and "kind" in found else _wrapped(body, part, found)
        print_document(document, output)
    elif isinstance(found, str):
        print_text(found or f"Revision {body.revision} of {name} has no {part}.")
    elif part == "summary" and isinstance(found, dict):
        print_table(("FIELD", "VALUE"), ((key, str(plain(value, key))) for key, value in found.items()))
    else:
        print_document(found, "yaml")


def _wrapped(body: ReleaseBody, part: str, found: object) -> dict[str, object]:
    return {"kind": "ReleaseRevision", "name": body.ref.name, "revision": body.revision, _KEY.get(part, part): found}


_KEY = {"all-values": "allValues"}


def _part(body: ReleaseBody, part: str, *, reveal: bool) -> object:
    """The part of a revision that was asked for, as text or as a document; masked, unless revealed."""
    from acp_tui.controllers.effects import mask_manifest
    from acp_tui.insight.mask import mask_values
    from acp_tui.wire.manifest import merge_values

    match part:
        case "values" | "all-values":
            values = body.values if part == "values" else merge_values(body.chart_values, body.values)
            return values if reveal else mask_values(values)
        case "manifest":
            return body.manifest if reveal else mask_manifest(body.manifest)
        case "notes":
            return body.notes
        case "hooks":
            return {"kind": "HookList", "items": [_hook(hook) for hook in body.hooks]}
    return {
        "kind": "ReleaseRevision",
        "cluster": body.ref.cluster,
        "namespace": body.ref.namespace,
        "name": body.ref.name,
        "store": body.ref.store,
        "revision": body.revision,
        "status": body.status,
        "chart": body.chart,
        "chartVersion": body.chart_version,
        "appVersion": body.app_version,
        "description": body.description,
        "hooks": len(body.hooks),
        "recordBytes": body.size,
    }


def _hook(hook: Hook) -> dict[str, object]:
    return {
        "name": hook.name,
        "kind": hook.kind,
        "events": hook.events,
        "weight": hook.weight,
        "lastPhase": hook.last_phase,
    }


@release.command()
@click.argument("name")
@click.argument("old", type=int)
@click.argument("new", type=int)
@click.option("--values", "only_values", is_flag=True, help="Compare the values instead of the manifests.")
@release_options
@output_option
@target_options
def diff(name: str, old: int, new: int, only_values: bool, namespace: str, output: str, target: Target) -> None:
    """Compares two revisions: manifests object by object, or values; secrets stay masked."""
    asyncio.run(_diff(name, old, new, only_values, namespace, output, target))


async def _diff(name: str, old: int, new: int, only_values: bool, namespace: str, output: str, target: Target) -> None:
    from acp_tui.controllers.effects import compare_manifests, compare_values
    from acp_tui.fleet.inspect import Inspector

    if old == new:
        raise UsageError("The two revisions are the same", advice="name two different ones")
    async with open_fleet(target, views=VIEWS) as fleet:
        row = find_release(fleet, name, namespace)
        inspector = Inspector(fleet)
        before, after = await asyncio.gather(inspector.body(row.ref, old), inspector.body(row.ref, new))
    if only_values:
        text = compare_values(before.values, after.values)
        if output in MACHINE:
            print_document({"kind": "ValuesDiff", "old": old, "new": new, "diff": text}, output)
            return
        print_text(text or "The values are the same.")
        return
    effects = compare_manifests(before, after)
    if output in MACHINE:
        print_document({"kind": "ManifestDiff", "old": old, "new": new, "items": effects}, output)
        return
    for effect in effects:
        if effect.diff:
            click.echo(f"# {effect.action.value} {effect.ref.kind} {effect.ref.name}: {effect.summary}")
            print_text(effect.diff)
    if not any(effect.diff for effect in effects):
        click.echo("The manifests are the same.")
