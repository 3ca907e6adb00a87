"""The library's input line for people who type faster than the link: what is typed ahead is not lost or misplaced."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.suggester import Suggester
from textual.widgets import Input


class Entry(Input):
    """One compact line; Enter calls `entered` at once, so that keys already on their way meet the focus it sets.

    The library hands each key to the widget that had the focus when the key arrived, and carries Enter out some
    messages later: a burst of keys over a slow link would all end up in the first field.
    """

    def __init__(self, value: str = "", *, entered: Callable[[], None], suggester: Suggester | None = None) -> None:
        super().__init__(value, compact=True, select_on_focus=True, suggester=suggester)
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
