"""The least app that one widget needs, and rows to put into it."""

from __future__ import annotations

from msgspec import Struct
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from acp_tui.config.themes import FALLBACK
from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import FULL, Glyphs
from acp_tui.ui.look import Look
from acp_tui.ui.theme import look_of
from acp_tui.ui.widgets.grid import Grid


class Row(Struct, frozen=True):
    key: str
    value: int | None = 0
    tone: Tone = Tone.PLAIN
    born: float = 0.0
    below: tuple[Row, ...] = ()


VIEW: View[Row] = View(
    id="rows",
    title="Rows",
    digit="",
    kind_word="rows",
    order=lambda row: row.key,
    columns=(
        Column(
            id="name", title="NAME", width=10, grow=1, middle=True,
            cell=lambda row, now: Cell(row.key), sort=lambda row: row.key,
        ),
        Column(
            id="health", title="HEALTH", width=8, glyph=True,
            cell=lambda row, now: Cell(row.tone.value, row.tone), sort=lambda row: row.tone.value,
        ),
        Column(
            id="value", title="VALUE", width=6, align="right",
            cell=lambda row, now: Cell("?" if row.value is None else str(row.value)), sort=lambda row: row.value,
        ),
        Column(
            id="age", title="AGE", width=5, align="right", ages=True, priority=1,
            cell=lambda row, now: Cell(f"{int(now - row.born) // 60}m", Tone.DIM), sort=lambda row: row.born,
        ),
        Column(
            id="more", title="MORE", width=20, priority=2,
            cell=lambda row, now: Cell(f"more of {row.key}"), sort=lambda row: row.key,
        ),
    ),
)  # fmt: skip


class Host(App[None]):
    """Shows widgets in a look and collects the messages they post."""

    def __init__(self, *widgets: Widget, glyphs: Glyphs = FULL) -> None:
        super().__init__()
        self.look: Look = look_of(FALLBACK)
        self.glyphs = glyphs
        self._widgets = widgets
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def on_grid_moved(self, event: Grid.Moved) -> None:
        self.heard.append(event)

    def on_grid_opened(self, event: Grid.Opened) -> None:
        self.heard.append(event)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def lines_of(widget: Widget) -> list[str]:
    """What a widget draws, line by line, as text."""
    return [widget.render_line(number).text for number in range(widget.size.height)]
