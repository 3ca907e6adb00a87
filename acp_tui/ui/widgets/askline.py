"""One line at the foot of a screen that asks for an answer and is gone once it has it."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from acp_tui.ui.widgets.entry import Entry


class AskLine(Horizontal):
    """Hidden until `ask`; Enter hands the answer over, Escape takes the question back."""

    DEFAULT_CSS = """
    AskLine { height: 1; width: 1fr; display: none; }
    AskLine.asking { display: block; }
    AskLine Static { width: auto; padding: 0 1; text-style: bold; }
    AskLine Entry { width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._then: Callable[[str], None] | None = None
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)
        yield Entry(entered=self._entered)

    @property
    def asking(self) -> bool:
        return self._then is not None

    def ask(self, question: str, then: Callable[[str], None], *, answer: str = "", example: str = "") -> None:
        """Put the question, with an answer to start from; `then` gets what was typed."""
        self._before = self.screen.focused
        self._then = then
        self.query_one(Static).update(question)
        line = self.query_one(Entry)
        line.placeholder = example
        line.value = answer
        self.add_class("asking")
        self.screen.set_focus(line)

    def do_back(self) -> None:
        """Take the question back, and give the focus back."""
        self._then = None
        self.remove_class("asking")
        if self._before is not None and self._before.is_attached:
            self.screen.set_focus(self._before)

    def _entered(self) -> None:
        then, answer = self._then, self.query_one(Entry).value
        self.do_back()
        if then is not None:
            then(answer)
