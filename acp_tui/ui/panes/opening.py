"""Which screen a row opens; screens are loaded when the first of their kind is opened."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from acp_tui.model.application import ApplicationSummary
from acp_tui.model.operation import Operation
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseSummary


def screen_of(row: Any) -> Screen[None] | None:
    """The screen that shows one row in full; None for rows that have none."""
    match row:
        case ApplicationSummary():
            from acp_tui.ui.screens.tree import TreeScreen

            return TreeScreen(row)
        case ReleaseSummary():
            from acp_tui.ui.screens.history import HistoryScreen

            return HistoryScreen(row.ref)
        case Operation():
            from acp_tui.ui.review.run import RunScreen

            return RunScreen(row.id)
        case QuotaSummary():
            return _described(ObjectRef(row.cluster, "", "ResourceQuota", row.namespace, row.name))
    ref = getattr(row, "ref", None)
    return _described(ref) if isinstance(ref, ObjectRef) else None


def _described(ref: ObjectRef) -> Screen[None]:
    from acp_tui.ui.screens.text import TextScreen

    return TextScreen(ref, what="describe")
