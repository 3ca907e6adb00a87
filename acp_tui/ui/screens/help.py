"""Every key that works on the screen it was called from, grouped, with the reason where one does nothing now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from acp_tui.actions import CONTEXTS, PLACES, actions_of
from acp_tui.config.keys import shown_key
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.screens.base import Acting, BaseScreen
from acp_tui.ui.widgets.cells import fit
from acp_tui.ui.widgets.framed import Lines


class HelpScreen(BaseScreen):
    """Made from the registry and the keymap in use; nothing in it is written by hand."""

    PLACE = "help"

    def __init__(self, asked_on: Acting[Any]) -> None:
        super().__init__()
        self._place = asked_on.place
        self._reasons = {
            action.name: asked_on.why_not(action) if asked_on.has(action) else "not here"
            for context in PLACES[self._place]
            for action in actions_of(context)
        }

    def heading(self) -> tuple[Span, ...]:
        return (("acp-tui  ", Tone.ACCENT), (f"Keys in {self._place}   ", Tone.PLAIN), ("esc back", Tone.DIM))

    def body(self) -> Iterable[Widget]:
        yield Lines(id="keys")

    def on_mount(self) -> None:
        super().on_mount()
        lines = self.query_one("#keys", Lines)
        lines.set_title((f"Keys in {self._place}", Tone.PLAIN))
        lines.set_state((f"keymap {self.acp.keymap.name}", Tone.DIM))
        lines.show(list(self._told()))
        lines.focus()

    def _told(self) -> Iterable[tuple[Span, ...]]:
        say = self.acp.glyphs.say
        for number, context in enumerate(PLACES[self._place]):
            actions = actions_of(context)
            if not actions:
                continue
            if number:
                yield ()
            yield ((CONTEXTS[context], Tone.ACCENT),)
            for action in actions:
                keys = " ".join(map(shown_key, self.acp.keymap.keys_of(action.name))) or "-"
                reason = self._reasons[action.name]
                quiet = Tone.DIM if reason else Tone.PLAIN
                words: list[Span] = [(fit(f"  {keys}", 16), Tone.DIM if reason else Tone.ACCENT)]
                words += [(fit(action.title, 22), quiet), (say(action.help), Tone.DIM)]
                if reason:
                    words.append((say(f"  ({reason})"), Tone.STALE))
                yield tuple(words)
