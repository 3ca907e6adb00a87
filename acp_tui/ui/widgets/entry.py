"""The library's input line for people who type faster than the link: what is typed ahead is not lost or misplaced."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.suggester import Suggester
from textual.widgets import Input


class Entry(Input):
    """One compact line; Enter and editing keys act at once, so that letters behind them find what they meant to find.

    The library hands each key to the widget that had the focus when the key arrived, writes letters at once, and
    carries bindings out some messages later: in a burst of keys over a slow link letters would overtake them.
    """

    def __init__(self, value: str = "", *, entered: Callable[[], None], suggester: Suggester | None = None) -> None:
        super().__init__(value, compact=True, suggester=suggester)
        self.cursor_blink = False
        self._entered = entered

    async def _on_key(self, event: events.Key) -> None:
        focused = self.screen.focused
        if focused is not None and focused is not self:
            event.stop()
            event.prevent_default()
            focused.post_message(events.Key(event.key, event.character))
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            self._entered()
        elif not event.is_printable and event.key in self._bindings.key_to_bindings:
            event.stop()
            event.prevent_default()
            await self.run_action(self._bindings.get_bindings_for_key(event.key)[0].action)
