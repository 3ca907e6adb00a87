"""Find an action by its name: a line to type in and the few actions that match."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from acp_tui.actions import actions_at
from acp_tui.config.keys import shown_key
from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.ui.screens.base import Acting, BaseModal
from acp_tui.ui.widgets.grid import Grid


class _Entry(Struct, frozen=True):
    key: str
    title: str
    help: str
    keys: str
    reason: str
    place: int
    rank: int = 0


_VIEW: View[_Entry] = View(
    id="palette",
    title="Actions",
    digit="",
    kind_word="",
    order=lambda row: (bool(row.reason), row.rank, row.place),
    columns=(
        Column(
            id="title",
            title="ACTION",
            width=20,
            cell=lambda row, now: Cell(row.title, Tone.DIM if row.reason else Tone.PLAIN),
            sort=lambda row: row.title,
        ),
        Column(
            id="keys",
            title="KEYS",
            width=8,
            cell=lambda row, now: Cell(row.keys, Tone.ACCENT),
            sort=lambda row: row.keys,
        ),
        Column(
            id="help",
            title="",
            width=30,
            grow=1,
            cell=lambda row, now: Cell(row.reason or row.help, Tone.STALE if row.reason else Tone.DIM),
            sort=lambda row: row.help,
        ),
    ),
)


def _rank(entry: _Entry, typed: str) -> int:
    """How well a title fits what was typed: its beginning, inside it, or only in its explanation."""
    title = entry.title.lower()
    if title.startswith(typed):
        return 0
    return 1 if typed in title else 2


class Palette(BaseModal[str | None]):
    """Gives the full name of the chosen action, or None."""

    PLACE = "palette"
    DEFAULT_CSS = """
    Palette Vertical { width: 76; max-width: 100%; height: 15; background: $background; }
    Palette Input { height: 1; border: none; background: $raised; }
    Palette Input:focus { border: none; }
    """

    def __init__(self, asked_on: Acting[Any]) -> None:
        super().__init__()
        self._asked_on = asked_on
        self._entries: list[_Entry] = []

    def compose(self) -> ComposeResult:
        line = Input(placeholder="What do you want to do?")
        line.cursor_blink = False
        with Vertical():
            yield line
            yield Grid(_VIEW, clock=self.acp.clock)

    def on_mount(self) -> None:
        screen = self._asked_on
        grid = self._grid
        grid.can_focus = False
        grid.lit = True
        grid.set_title(("Actions", Tone.PLAIN))
        grid.set_empty((("No action of that name works here.", Tone.DIM),))
        self._entries = [
            _Entry(
                action.name,
                action.title,
                action.help,
                " ".join(map(shown_key, screen.acp.keymap.keys_of(action.name))),
                screen.why_not(action) if screen.has(action) else "not here",
                place,
            )
            for place, action in enumerate(actions_at(screen.place))
            if action.context != "scroll"
        ]
        grid.show(self._entries)
        self.query_one(Input).focus()

    @property
    def _grid(self) -> Grid[_Entry]:
        return self.query_one(Grid)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        typed = event.value.lower().strip()
        grid = self._grid
        grid.set_filter(event.value)
        grid.show([structs.replace(entry, rank=_rank(entry, typed)) for entry in self._entries])
        grid.move_to(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(self._grid.key or None)

    def on_grid_opened(self, event: Grid.Opened) -> None:
        event.stop()
        self.dismiss(event.key)

    def do_up(self) -> None:
        self._grid.do_up()

    def do_down(self) -> None:
        self._grid.do_down()

    def do_back(self) -> None:
        self.dismiss(None)
