"""Finds the one release that a name on the command line means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from acp_tui.model.errors import UsageError

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.release import ReleaseSummary


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds -n; together with --context it tells releases of the same name apart."""
    return click.option("-n", "--namespace", default="", help="Namespace of the release.")(command)


def find_release(fleet: Fleet, name: str, namespace: str) -> ReleaseSummary:
    """The only release of that name in the clusters aimed at; raises UsageError where there is none or several."""
    rows: list[ReleaseSummary] = [
        row
        for row in fleet.rows("releases")
        if row.ref.name == name and (not namespace or row.ref.namespace == namespace)
    ]
    if len(rows) == 1:
        return rows[0]
    place = f" in namespace {namespace}" if namespace else ""
    if not rows:
        silent = [cluster.name for cluster in fleet.clusters() if not cluster.reachable]
        raise UsageError(
            f"No release {name!r}{place}",
            tried=f"clusters: {', '.join(fleet.names)}" + (f"; no answer from {', '.join(silent)}" if silent else ""),
            advice="acp-tui get releases lists all",
        )
    places = ", ".join(f"{row.ref.cluster}/{row.ref.namespace} ({row.ref.store})" for row in rows)
    raise UsageError(f"{len(rows)} releases are called {name!r}", tried=places, advice="add --context or -n")
