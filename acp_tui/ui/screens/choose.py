"""A dialog to choose the clusters of a pane."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.app import ComposeResult

from acp_tui.fleet.columns import View, text_column
from acp_tui.model.health import Tone
from acp_tui.ui.screens.base import BaseModal
from acp_tui.ui.widgets.grid import Grid


class _Choice(Struct, frozen=True):
    key: str


CHOICES: View[_Choice] = View(
    id="choose",
    title="Clusters",
    digit="",
    kind_word="clusters",
    order=lambda row: row.key,
    columns=(text_column("name", "SPACE MARKS, ENTER SHOWS", 26, lambda row: row.key, grow=1, names=True),),
)


class ChooseClusters(BaseModal[frozenset[str] | None]):
    """Gives the marked names, or None where it was left; with nothing marked, Enter takes the row under the cursor."""

    PLACE = "choose"
    DEFAULT_CSS = "ChooseClusters Grid { width: 44; height: auto; max-height: 80%; }"

    def __init__(self, names: Sequence[str], chosen: frozenset[str]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        yield Grid(CHOICES, clock=self.acp.clock)

    def on_mount(self) -> None:
        grid = self.query_one(Grid)
        grid.styles.height = min(len(self._names) + 3, max(5, self.app.size.height - 6))
        grid.set_title(("Clusters", Tone.PLAIN))
        grid.focus()
        grid.show([_Choice(name) for name in self._names])
        grid.marks.add(sorted(self._chosen))
        grid.marks_changed()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.dismiss(frozenset(event.grid.marks) or frozenset({event.key}))

    def do_back(self) -> None:
        self.dismiss(None)
