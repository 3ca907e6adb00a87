"""A dialog to choose the clusters of a pane."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.app import ComposeResult

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.ui.screens.base import BaseModal
from acp_tui.ui.widgets.grid import Grid


class _Choice(Struct, frozen=True):
    key: str
    chosen: bool


def _view(tick: str) -> View[_Choice]:
    return View(
        id="choose",
        title="Clusters",
        digit="",
        kind_word="",
        order=lambda row: row.key,
        columns=(
            Column(
                id="chosen",
                title="",
                width=1,
                cell=lambda row, now: Cell(tick if row.chosen else " ", Tone.ACCENT),
                sort=lambda row: not row.chosen,
            ),
            Column(
                id="name",
                title="SPACE CHOOSES, ENTER SHOWS",
                width=26,
                grow=1,
                names=True,
                cell=lambda row, now: Cell(row.key, Tone.PLAIN if row.chosen else Tone.DIM),
                sort=lambda row: row.key,
            ),
        ),
    )


class ChooseClusters(BaseModal[frozenset[str] | None]):
    """Gives the chosen names, or None where it was left; with nothing marked, Enter takes the row under the cursor."""

    PLACE = "choose"
    DEFAULT_CSS = "ChooseClusters Grid { width: 44; height: auto; max-height: 80%; }"

    def __init__(self, names: Sequence[str], chosen: frozenset[str]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._chosen = set(chosen)

    def compose(self) -> ComposeResult:
        yield Grid(_view(self.acp.glyphs.check), clock=self.acp.clock)

    def on_mount(self) -> None:
        grid = self.query_one(Grid)
        grid.styles.height = min(len(self._names) + 3, max(5, self.app.size.height - 6))
        grid.set_title(("Clusters of this pane", Tone.PLAIN))
        grid.focus()
        self._show()

    def _show(self) -> None:
        self.query_one(Grid).show([_Choice(name, name in self._chosen) for name in self._names])

    def do_choose(self) -> None:
        """Mark or unmark the cluster under the cursor."""
        name = self.query_one(Grid).key
        self._chosen ^= {name}
        self._show()

    def do_choose_all(self) -> None:
        """Mark all, or none where all are marked."""
        self._chosen = set() if len(self._chosen) == len(self._names) else set(self._names)
        self._show()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.dismiss(frozenset(self._chosen or {event.key}))

    def do_back(self) -> None:
        self.dismiss(None)
