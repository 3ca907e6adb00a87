"""Every key that works on the screen it was called from, grouped, with the reason where one does nothing now."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from textual.app import ComposeResult

from acp_tui.actions import CONTEXTS, PLACES, Action, actions_of
from acp_tui.config.keys import shown_key
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.screens.base import Acting, BaseModal
from acp_tui.ui.widgets.cells import fit
from acp_tui.ui.widgets.framed import Lines

WIDTH, HEIGHT = 76, 20
"""A box with room for sentences, small enough to come and go over a slow line."""
KEYS, TITLE = 11, 21
"""Cells of the first two columns."""


class HelpScreen(BaseModal[None]):
    """Made from the registry and the keymap in use; nothing in it is written by hand."""

    PLACE = "help"
    DEFAULT_CSS = f"HelpScreen Lines {{ width: {WIDTH}; max-width: 100%; height: {HEIGHT}; max-height: 100%; }}"

    def __init__(self, asked_on: Acting[Any]) -> None:
        super().__init__()
        self._place = asked_on.place
        self._reasons = {
            action.name: asked_on.why_not(action) if asked_on.has(action) else "not here"
            for context in PLACES[self._place]
            for action in actions_of(context)
        }

    def compose(self) -> ComposeResult:
        yield Lines(id="keys")

    def on_mount(self) -> None:
        lines = self.query_one("#keys", Lines)
        lines.set_title((f"Keys in {self._place}", Tone.PLAIN))
        lines.set_state((f"keymap {self.acp.keymap.name} · esc back", Tone.DIM))
        lines.show(list(self._told()))
        lines.focus()

    def _told(self) -> Iterable[tuple[Span, ...]]:
        for number, context in enumerate(PLACES[self._place]):
            actions = actions_of(context)
            if not actions:
                continue
            if number:
                yield ()
            yield ((CONTEXTS[context], Tone.ACCENT),)
            for action in actions:
                yield from self._lines(action)

    def _lines(self, action: Action) -> Iterable[tuple[Span, ...]]:
        """Keys, title and sentence; what does not fit beside the title goes on below itself."""
        reason = self._reasons[action.name]
        say, room = self.acp.glyphs.say, min(WIDTH, self.app.size.width) - KEYS - TITLE - 4
        keys = " ".join(map(shown_key, self.acp.keymap.keys_of(action.name))) or "-"
        told = [(say(line), Tone.DIM) for line in wrap(action.help, room)]
        told += [(say(line), Tone.STALE) for line in wrap(f"({reason})", room) if reason]
        head: tuple[Span, ...] = (
            (fit(f" {keys} ", KEYS, self.acp.glyphs.ellipsis), Tone.DIM if reason else Tone.ACCENT),
            (fit(action.title, TITLE), Tone.DIM if reason else Tone.PLAIN),
        )
        for place, line in enumerate(told):
            yield (*head, line) if not place else ((" " * (KEYS + TITLE), Tone.DIM), line)
