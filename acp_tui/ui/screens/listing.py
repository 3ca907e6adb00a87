"""A screen around a grid that can be filtered, with what to say while it is empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.asking import Asking, error_lines
from acp_tui.ui.widgets.grid import Grid


class Listing(Asking):
    """Subclasses give the grids; the first of them is the one that errors are said in."""

    def grids(self) -> tuple[Grid[Any], ...]:
        """The grids of the screen, from top to bottom."""
        return ()

    def body(self) -> Iterable[Widget]:
        yield from self.grids()
        yield Bar()

    @property
    def grid(self) -> Grid[Any]:
        """The grid under the fingers."""
        focused = self.focused
        return focused if isinstance(focused, Grid) else self.grids()[0]

    def on_mount(self) -> None:
        for grid in self.grids():
            grid.clock = self.acp.clock
            grid.set_empty((("asking the cluster…", Tone.DIM),))
        self.set_focus(self.grids()[0])
        self.opened()

    def failed(self, error: AcpTuiError) -> None:
        """Rows that are shown stay, with the error beside them; without rows the error takes their place."""
        first = self.grids()[0]
        first.set_empty(*error_lines(error))
        if len(first.rows):
            first.set_state((f"{self.acp.glyphs.of(Tone.STALE)} {error.title}", Tone.STALE))

    def tick(self) -> None:
        super().tick()
        for grid in self.grids():
            grid.tick()

    def do_filter(self) -> None:
        grid = self.grid
        self.query_one(Bar).ask(
            prompt="/", text=grid.rows.query.text, done=grid.set_filter, changed=grid.set_filter, back_to=grid
        )

    def do_back(self) -> None:
        if self.grid.rows.query.text:
            self.grid.set_filter("")
        else:
            super().do_back()
