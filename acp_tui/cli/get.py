"""`acp-tui get`: the views of the console as one-shot lists."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.output import MACHINE, error_document, output_option, print_list, print_view, warn
from acp_tui.cli.target import Target, open_fleet, target_options, unanswered, unseen
from acp_tui.model.errors import AcpTuiError, ClusterError

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.release import ReleaseSummary

READ = 20
"""Records that a list reads in each cluster at most; the others keep a dash for what only their record tells."""

KINDS = {
    "clusters": "ClusterList",
    "applications": "ApplicationList",
    "releases": "ReleaseList",
    "quotas": "QuotaList",
    "activity": "OperationList",
}
ALIASES = {
    "cluster": "clusters",
    "fleet": "clusters",
    "application": "applications",
    "app": "applications",
    "apps": "applications",
    "release": "releases",
    "rel": "releases",
    "helm": "releases",
    "quota": "quotas",
    "operations": "activity",
}


@click.command()
@click.argument("what", type=click.Choice([*KINDS, *ALIASES]), metavar="|".join(KINDS))
@click.option("-n", "--namespace", default="", help="Only this namespace.")
@click.option("-l", "--filter", "words", default="", help="Only rows whose cluster, namespace or name holds this text.")
@output_option
@target_options
def get(what: str, namespace: str, words: str, output: str, target: Target) -> None:
    """Lists clusters, applications, releases or quotas of all clusters, merged; or what was done from here (activity).

    What could not be read is named on standard error, with -o json in `incomplete`; the command fails only when no
    cluster answers.
    """
    view = ALIASES.get(what, what)
    if view == "activity":
        _activity(words, namespace=namespace, output=output)
        return
    asyncio.run(_get(view, namespace=namespace, words=words, output=output, target=target))


async def _get(view: str, *, namespace: str, words: str, output: str, target: Target) -> None:
    async with open_fleet(target, views=(view,)) as fleet:
        if view == "releases":
            await _name(fleet, _chosen(fleet.rows(view), view, namespace, words))
        rows = _chosen(fleet.rows(view), view, namespace, words)
        silent, blind = unanswered(fleet), unseen(fleet)
        dead = len(silent) == len(fleet.names)
    if not dead or view == "clusters":
        table = functools.partial(_print, view, rows, wide=output == "wide")
        print_list(KINDS[view], rows, output, table, incomplete=_incomplete(silent, blind))
    if output not in MACHINE and not (dead and len(silent) == 1):
        for line in (*map(str, silent.values()), *(f"{name}: {each}" for name in blind for each in blind[name])):
            warn(line)
    if dead:
        raise _nobody(silent)


async def _name(fleet: Fleet, rows: list[ReleaseSummary]) -> None:
    """Reads the records of failed releases for their reasons, and of those whose chart no label names."""
    room: dict[str, int] = {}
    wanted = []
    for row in rows:
        if (not row.chart or (row.status == "failed" and not row.reason)) and room.setdefault(
            row.ref.cluster, READ
        ) > 0:
            room[row.ref.cluster] -= 1
            wanted.append(row)
    await asyncio.gather(*(_read(fleet, row) for row in wanted))


async def _read(fleet: Fleet, row: ReleaseSummary) -> None:
    try:
        await fleet.session(row.ref.cluster).read_body(row.ref, row.revision)
    except AcpTuiError as error:
        warn(f"{row.ref.cluster}: release {row.ref.name} revision {row.revision}: {error.title}")


def _incomplete(silent: dict[str, AcpTuiError], blind: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """What is missing in a list, as scripts read it."""
    return [
        *(error_document(error, cluster=name) for name, error in silent.items()),
        *({"cluster": name, "slug": "not-readable", "title": each} for name in blind for each in blind[name]),
    ]


def _nobody(silent: dict[str, AcpTuiError]) -> AcpTuiError:
    """A list with nothing behind it is no answer; of a single cluster its own error is the best one to give."""
    if len(silent) == 1:
        return next(iter(silent.values()))
    return ClusterError(
        "No cluster answered",
        tried="; ".join(error.title for error in silent.values()),
        advice="acp-tui doctor tells more",
    )


def _activity(words: str, *, namespace: str, output: str) -> None:
    from acp_tui.config.paths import state_dir
    from acp_tui.controllers.journal import Journal

    rows = _chosen(Journal(state_dir() / "journal").past(), "activity", namespace, words)
    print_list(KINDS["activity"], rows, output, lambda: _print("activity", rows, wide=output == "wide"))


def _chosen(rows: Any, view: str, namespace: str, words: str) -> list[Any]:
    from acp_tui.fleet.views import view as view_of

    chosen = [row for row in rows if _wanted(row, namespace) and words.lower() in _key(row).lower()]
    return sorted(chosen, key=view_of(view).order)


def _print(view: str, rows: list[Any], *, wide: bool) -> None:
    from acp_tui.fleet.views import view as view_of

    print_view(view_of(view), rows, wide=wide)


def _namespace_of(row: Any) -> str:
    for owner in (row, getattr(row, "ref", None), getattr(row, "release", None)):
        if found := getattr(owner, "namespace", ""):
            return str(found)
    return ""


def _wanted(row: Any, namespace: str) -> bool:
    return not namespace or _namespace_of(row) == namespace


def _key(row: Any) -> str:
    release = getattr(row, "release", None)
    return f"{row.key} {release.key}" if release is not None else str(row.key)
