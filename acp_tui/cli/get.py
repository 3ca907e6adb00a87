"""`acp-tui get`: the views of the console as one-shot lists."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from acp_tui.cli.output import output_option, print_list, print_view, warn
from acp_tui.cli.target import Target, open_fleet, target_options
from acp_tui.model.errors import ClusterError
from acp_tui.model.freshness import Age

KINDS = {
    "clusters": "ClusterList",
    "applications": "ApplicationList",
    "releases": "ReleaseList",
    "quotas": "QuotaList",
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
}


@click.command()
@click.argument("what", type=click.Choice([*KINDS, *ALIASES]), metavar="|".join(KINDS))
@click.option("-n", "--namespace", default="", help="Only this namespace.")
@click.option("-l", "--filter", "words", default="", help="Only rows in which this text occurs.")
@output_option
@target_options
def get(what: str, namespace: str, words: str, output: str, target: Target) -> None:
    """Lists clusters, applications, releases or quotas of all clusters, merged.

    Clusters that do not answer are named on standard error; the command fails (4) only when none answers.
    """
    asyncio.run(_get(ALIASES.get(what, what), namespace=namespace, words=words, output=output, target=target))


async def _get(view: str, *, namespace: str, words: str, output: str, target: Target) -> None:
    async with open_fleet(target) as fleet:
        clusters = fleet.clusters()
        rows = [row for row in fleet.rows(view) if _wanted(row, namespace) and _matches(row, words)]
        silent = [cluster for cluster in clusters if cluster.freshness.state is Age.NEVER]
    print_list(KINDS[view], rows, output, lambda: print_view(view, rows, wide=output == "wide"))
    if view != "clusters":
        for cluster in silent:
            warn(f"{cluster.name} did not answer: {cluster.reason or cluster.freshness.reason}")
    if silent and len(silent) == len(clusters):
        raise ClusterError(
            "No cluster answered",
            tried=", ".join(f"{cluster.name}: {cluster.reason or cluster.freshness.reason}" for cluster in silent[:3]),
            advice="acp-tui doctor tells more",
        )


def _namespace_of(row: Any) -> str:
    return str(getattr(row, "namespace", "") or getattr(getattr(row, "ref", None), "namespace", ""))


def _wanted(row: Any, namespace: str) -> bool:
    return not namespace or _namespace_of(row) == namespace


def _matches(row: Any, words: str) -> bool:
    return not words or words.lower() in row.key.lower()
