"""What is copied, and what is said about it: the clipboard is the terminal's, and neither it nor tmux answers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from acp_tui.fleet.columns import Column
from acp_tui.model.health import Tone

if TYPE_CHECKING:
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.widgets.grid import Grid

LIMIT = 100_000
"""Characters a clipboard escape may carry: terminals drop longer ones without a word."""


def copy(acp: AcpApp, text: str, *, what: str) -> bool:
    """Hand a text to the terminal's clipboard and say so; False where it is too long for that."""
    if len(text) > LIMIT:
        return False
    acp.copy_to_clipboard(text)
    hint = "; tmux passes it on with `set -g set-clipboard on`" if os.environ.get("TMUX") else ""
    acp.toast(f"Copied {what}{hint}", tone=Tone.OK)
    return True


def names_of(grid: Grid[Any], rows: Iterable[Any]) -> str:
    """A name a line, nothing else: made to be handed to another command."""
    columns = grid.view.columns
    name = next((column for column in columns if column.names), columns[0])
    return "\n".join(_text(grid, name, row) for row in rows)


def table_of(grid: Grid[Any], rows: Iterable[Any]) -> str:
    """Titles and rows with all columns, also those there is no room for; columns are parted by tabs."""
    columns = grid.view.columns
    lines = ["\t".join(column.title or column.id.upper() for column in columns)]
    lines += ["\t".join(_text(grid, column, row) for column in columns) for row in rows]
    return "\n".join(lines)


def _text(grid: Grid[Any], column: Column[Any], row: Any) -> str:
    return " ".join(grid.view.cell(column, row, grid.clock()).text.split())
