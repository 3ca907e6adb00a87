"""The line above the hints in which a filter or a place to go to is typed; its library is loaded when first used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input

from acp_tui.model.health import Tone
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.oneline import OneLine


class Bar(Horizontal):
    """Hidden until asked; Enter takes what is typed, Escape takes back what was typed."""

    DEFAULT_CSS = """
    Bar { height: 1; display: none; }
    Bar > Entry { width: 1fr; padding: 0; background: $background; }
    Bar > Entry:focus { background: $background; background-tint: $background 0%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._changed: Callable[[str], None] | None = None
        self._done: Callable[[str], None] | None = None
        self._before = ""
        self._back_to: Widget | None = None

    def compose(self) -> ComposeResult:
        yield OneLine(id="prompt")
        yield Entry(entered=self._entered)

    def ask(
        self,
        *,
        prompt: str,
        text: str,
        done: Callable[[str], None],
        back_to: Widget,
        changed: Callable[[str], None] | None = None,
        words: Sequence[str] = (),
        select: bool = False,
    ) -> None:
        """Show the line with a text to start from; `changed` hears every letter, `done` what was taken.

        With `select` the first letter typed takes the place of the text.
        """
        self._changed = None
        self._done = done
        self._before = text
        self._back_to = back_to
        sign = self.query_one(OneLine)
        sign.styles.width = len(prompt) + 2
        sign.show(((prompt, Tone.ACCENT),))
        line = self.query_one(Entry)
        line.select_on_focus = select
        line.suggester = SuggestFromList(words, case_sensitive=False) if words else None
        with line.prevent(Input.Changed):
            line.value = text
        line.cursor_position = len(text)
        self._changed = changed
        self.display = True
        self.screen.set_focus(line)

    def do_back(self) -> None:
        """Away with it: what the letters changed is as before."""
        if self._changed is not None:
            self._changed(self._before)
        self._close()

    def _close(self) -> None:
        self._changed = self._done = None
        self.display = False
        if self._back_to is not None and self._back_to.is_attached:
            self.screen.set_focus(self._back_to)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._changed is not None:
            self._changed(event.value)

    def _entered(self) -> None:
        done, text = self._done, self.query_one(Entry).value
        self._close()
        if done is not None:
            done(text)
