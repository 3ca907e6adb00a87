"""What keys do while rows are marked: they are about all marked rows, or say that they take one; none picks one."""

from __future__ import annotations

from typing import Any

from acp_tui.actions import Action
from acp_tui.ui.widgets.grid import Grid

SEVERAL = frozenset({"yaml", "describe", "events", "doctor", "cluster_applications", "cluster_releases"})
"""Actions about rows that take all marked ones."""
AT_ONCE = 20
"""So many rows they take at most: each is a question to a cluster."""


def too_many(action: Action, grid: Grid[Any] | None) -> str:
    """Why an action about rows cannot be done with these marks; empty where it can."""
    if grid is None or not grid.marks or (len(grid.marks) == 1 and grid.key in grid.marks):
        return ""
    count = len(grid.marks)
    if action.id not in SEVERAL:
        return f"one row at a time, and {count} are marked" if count > 1 else "another row is marked"
    return f"{AT_ONCE} rows at most, and {count} are marked" if count > AT_ONCE else ""


def nothing_to_mark(action: Action, grid: Grid[Any] | None) -> str:
    """Why a key about marks does nothing now."""
    if grid is None or (not grid.key and not grid.marks):
        return "there is no row"
    return "nothing is marked" if action.id == "unmark" and not grid.marks else ""
