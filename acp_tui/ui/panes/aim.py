"""What a pane looks at: the view, the clusters and namespace it is narrowed to, the filter and the order."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acp_tui.model.application import ApplicationSummary
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.operation import Operation
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.release import ReleaseSummary

OBJECTS = "objects"
"""View id of a table of any kind."""


class Aim(Struct, frozen=True):
    """One thing to look at; `clusters` None means all of them, an empty namespace means every one.

    `kind` is the word of a kind where the view is `objects`; `key` is the row the cursor was on when it was left.
    """

    view: str
    clusters: frozenset[str] | None = None
    namespace: str = ""
    filter: str = ""
    kind: str = ""
    sort: str = ""
    descending: bool = False
    key: str = ""

    @property
    def place(self) -> str:
        """The place of the action registry that this view is."""
        return "fleet" if self.view == "clusters" else self.view

    def shows(self, row: Any) -> bool:
        """Whether a row lies in the namespace and clusters."""
        cluster, namespace = place_of(row)
        if self.clusters is not None and cluster and cluster not in self.clusters:
            return False
        return not self.namespace or not namespace or namespace == self.namespace


def place_of(row: Any) -> tuple[str, str]:
    """Cluster and namespace of a row, each empty where it has none."""
    match row:
        case ClusterSummary():
            return row.name, ""
        case ApplicationSummary() | ReleaseSummary():
            return row.ref.cluster, row.ref.namespace
        case QuotaSummary():
            return row.cluster, row.namespace
        case Operation():
            return row.release.cluster, row.release.namespace
    ref = getattr(row, "ref", None)
    return ("", "") if ref is None else (ref.cluster, ref.namespace)
