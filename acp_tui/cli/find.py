"""Finds the one release that a name on the command line means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.target import unanswered, unseen
from acp_tui.model.errors import AcpTuiError, ClusterError, UsageError

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.release import ReleaseSummary

VIEWS = ("releases",)
"""What a fleet must show for a release to be found in it."""


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds -n; together with --context it tells releases of the same name apart."""
    return click.option("-n", "--namespace", default="", help="Namespace of the release.")(command)


def find_release(fleet: Fleet, name: str, namespace: str, *, cluster: str = "") -> ReleaseSummary:
    """The only release of that name in the clusters aimed at, or in one of them.

    Raises UsageError where there is none or several, and an error of the cluster where that cannot be said because
    a cluster does not answer or does not let us look.
    """
    rows: list[ReleaseSummary] = [
        row
        for row in fleet.rows("releases")
        if row.ref.name == name
        and (not namespace or row.ref.namespace == namespace)
        and (not cluster or row.ref.cluster == cluster)
    ]
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise _nowhere(fleet, f"{name!r}" + (f" in namespace {namespace}" if namespace else ""))
    places = ", ".join(f"{row.ref.cluster}/{row.ref.namespace} ({row.ref.store})" for row in rows)
    raise UsageError(f"{len(rows)} releases are called {name!r}", tried=places, advice="add --context or -n")


def _nowhere(fleet: Fleet, what: str) -> AcpTuiError:
    silent = unanswered(fleet)
    if len(silent) == len(fleet.names) == 1:
        return next(iter(silent.values()))
    blind = [f"{cluster}: {warning}" for cluster, warnings in unseen(fleet).items() for warning in warnings]
    if silent or blind:
        return ClusterError(
            f"No release {what} where it could be looked for",
            tried="; ".join([*(error.title for error in silent.values()), *blind]),
            advice="acp-tui doctor tells what is missing",
        )
    return UsageError(
        f"There is no release {what}",
        tried=f"looked in {', '.join(fleet.names)}",
        advice="acp-tui get releases lists all",
    )
