"""`acp-tui release history` and `forget`: the revisions of a release, with those that only acp-tui still has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from acp_tui.cli.find import VIEWS, find_release, release_options
from acp_tui.cli.output import MACHINE, output_option, print_document, print_list, print_table
from acp_tui.cli.target import Target, open_fleet, target_options
from acp_tui.model.errors import UsageError

if TYPE_CHECKING:
    from acp_tui.controllers.keep import Keep
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision


@click.command()
@click.argument("name")
@release_options
@output_option
@target_options
def history(name: str, namespace: str, output: str, target: Target) -> None:
    """Lists the revisions of a release, newest first: also those that acp-tui kept and the cluster no longer has."""
    asyncio.run(_history(name, namespace, output, target))


async def _history(name: str, namespace: str, output: str, target: Target) -> None:
    from acp_tui.controllers.keep import open_keep, whole_history
    from acp_tui.fleet.inspect import MOST_DESCRIBED, Inspector

    keep = open_keep()
    async with open_fleet(target, views=VIEWS) as fleet:
        ref, there = await asyncio.to_thread(_found, fleet, keep, name, namespace)
        listed = await Inspector(fleet).history(ref, described=MOST_DESCRIBED) if there else ()
    revisions = whole_history(listed, await asyncio.to_thread(keep.revisions, ref))
    print_list("RevisionList", revisions, output, lambda: _print_history(revisions))


def _found(fleet: Fleet, keep: Keep, name: str, namespace: str) -> tuple[ReleaseRef, bool]:
    """The release, and whether a cluster still has it; one that is gone is found by what was kept of it."""
    try:
        return find_release(fleet, name, namespace).ref, True
    except UsageError:
        gone = [
            ref
            for ref in keep.releases()
            if ref.name == name and ref.cluster in fleet.names and namespace in ("", ref.namespace)
        ]
        if len(gone) != 1:
            raise
        return gone[0], False


def _print_history(revisions: tuple[Revision, ...]) -> None:
    import time

    from acp_tui.fleet.cells import age
    from acp_tui.insight.recordsize import amount

    now = time.time()
    print_table(
        ("REVISION", "STATUS", "CHART", "APP VERSION", "UPDATED", "SIZE", "NOTE", "DESCRIPTION"),
        (
            (
                str(revision.revision),
                revision.status,
                f"{revision.chart}-{revision.chart_version}" if revision.chart else "-",
                revision.app_version or "-",
                age(revision.updated_at, now),
                amount(revision.size) if revision.size else "-",
                note(revision),
                revision.unreadable or revision.description,
            )
            for revision in revisions
        ),
        right=frozenset({0, 4, 5}),
    )


def note(revision: Revision) -> str:
    """What retention makes of it."""
    if revision.kept_at is not None:
        return "kept here"
    return "goes next" if revision.leaves else "-"


def words_document(keep: Keep, body: ReleaseBody) -> dict[str, object]:
    """What was heard of a revision's hooks and failing pods while acp-tui acted on it."""
    heard = [each for each in keep.words(body.ref) if each.revision == body.revision]
    return {"kind": "WordsList", "name": body.ref.name, "revision": body.revision, "items": heard}


@click.command()
@click.argument("name")
@click.option("--cluster", default="", help="Cluster of the release, where several are kept under that name.")
@release_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def forget(name: str, cluster: str, namespace: str, yes: bool, output: str) -> None:
    """Deletes what acp-tui kept of a release on this machine; the cluster is not touched."""
    from acp_tui.controllers.keep import open_keep

    keep = open_keep()
    found = [
        ref
        for ref in keep.releases()
        if ref.name == name and cluster in ("", ref.cluster) and namespace in ("", ref.namespace)
    ]
    if len(found) != 1:
        places = ", ".join(f"{ref.cluster}/{ref.namespace}" for ref in found)
        raise UsageError(
            f"{len(found) or 'No'} releases called {name!r} are kept here", tried=places or str(keep.folder),
            advice="add --cluster or -n" if found else "",
        )  # fmt: skip
    ref = found[0]
    if not yes:
        click.confirm(f"Delete what is kept of {ref.name} ({ref.namespace}, {ref.cluster})?", abort=True)
    count = keep.forget(ref)
    if output in MACHINE:
        print_document({"kind": "Forgotten", "release": ref, "files": count}, output)
    else:
        click.echo(f"{count} file{'' if count == 1 else 's'} of {ref.name} deleted")
