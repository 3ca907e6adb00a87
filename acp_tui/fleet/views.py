"""The one registry of panes, from which screens and `acp-tui get` both print.

Neither can then say what the other does not. Nothing here needs a connection to be imported.
"""

from __future__ import annotations

from typing import Any

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import GAP, Column, View
from acp_tui.fleet.panes.activity import ACTIVITY
from acp_tui.fleet.panes.applications import APPLICATIONS
from acp_tui.fleet.panes.clusters import CLUSTERS
from acp_tui.fleet.panes.quotas import QUOTAS
from acp_tui.fleet.panes.releases import RELEASES

__all__ = [
    "ACTIVITY",
    "APPLICATIONS",
    "CLUSTERS",
    "GAP",
    "QUOTAS",
    "RELEASES",
    "VIEWS",
    "Cell",
    "Column",
    "View",
    "view",
]

VIEWS: tuple[View[Any], ...] = (CLUSTERS, APPLICATIONS, RELEASES, QUOTAS, ACTIVITY)


def view(id: str) -> View[Any]:
    """The view of that id; KeyError for a word no pane has."""
    for each in VIEWS:
        if each.id == id:
            return each
    raise KeyError(id)
