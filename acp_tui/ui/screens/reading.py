"""A screen around one long text: search, wrap, copy, save, read it in an editor."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from textual.app import SuspendNotSupported
from textual.widget import Widget

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.asking import Asking, error_lines
from acp_tui.ui.screens.copying import copy
from acp_tui.ui.screens.saving import place_for, save_text
from acp_tui.ui.widgets.textview import TextView
from acp_tui.ui.widgets.tint import Line, Tint


class Reading(Asking):
    """Subclasses say what the text is about (`subject`) and `tell` it once they have it."""

    SUFFIX = ".txt"

    @property
    def wraps(self) -> bool:
        """Whether long lines are folded when it opens."""
        return False

    def body(self) -> Iterable[Widget]:
        yield TextView(id="text", wrap=self.wraps)
        yield Bar()

    @property
    def view(self) -> TextView:
        return self.query_one("#text", TextView)

    def subject(self) -> str:
        """Title of the frame, and the name a file is saved under."""
        return ""

    def state(self) -> tuple[Span, ...]:
        """What stands right in the frame besides the search."""
        return ()

    def on_mount(self) -> None:
        self.view.set_title((self.subject(), Tone.PLAIN))
        self.view.show([(("asking the cluster…", Tone.DIM),)])
        self.view.focus()
        self.opened()

    def tell(self, lines: Iterable[str | Line], tint: Tint, *, keep_place: bool = False) -> None:
        """Show the text, and when it was true."""
        self.view.show(lines, tint=tint, keep_place=keep_place)
        self.say_state()

    def failed(self, error: AcpTuiError) -> None:
        self.view.show(error_lines(error))
        self.view.set_state(("no answer", Tone.FAIL))

    def say_state(self) -> None:
        view = self.view
        parts: list[Span] = []
        if view.term:
            here, of = view.match
            parts.append((f"/{view.term} {here}/{of}  ", Tone.ACCENT if of else Tone.WARN))
        parts += self.state()
        parts.append((f"{len(view.body)} line{'' if len(view.body) == 1 else 's'}", Tone.DIM))
        if view.body.dropped:
            parts.append((f", {view.body.dropped} older ones dropped", Tone.WARN))
        view.set_state(*parts)

    def as_of(self, at: float) -> Span:
        """The moment a text was true, by the clock on the wall."""
        return (f"as of {time.strftime('%H:%M:%S', time.localtime(at))} · ", Tone.DIM)

    def on_text_view_changed(self, event: TextView.Changed) -> None:
        event.stop()
        self.say_state()

    def do_search(self) -> None:
        view = self.view
        self.query_one(Bar).ask(prompt="/", text=view.term, done=view.search, back_to=view, select=True)

    def do_search_next(self) -> None:
        self.view.next_match(1)

    def do_search_previous(self) -> None:
        self.view.next_match(-1)

    def do_back(self) -> None:
        if self.view.term:
            self.view.search("")
        else:
            super().do_back()

    def do_wrap(self) -> None:
        self.view.set_wrap(not self.view.wrap)

    def do_copy(self) -> None:
        if not copy(self.acp, self.view.text, what=f"{len(self.view.body)} lines"):
            self.acp.toast("Copy: too long for a clipboard; save it to a file", tone=Tone.WARN)

    def do_save(self) -> None:
        name = re.sub(r"[^\w.-]+", "-", self.subject()).strip("-") + self.SUFFIX
        self.query_one(Bar).ask(prompt="save to", text=place_for(name), done=self._save, back_to=self.view)

    def _save(self, name: str) -> None:
        self.acp.toast(*save_text(name, self.view.text))

    async def do_editor(self) -> None:
        try:
            await self.acp.edit_text(self.view.text, self.SUFFIX)
        except SuspendNotSupported:
            self.acp.toast("This terminal cannot be lent to an editor; save the text instead", tone=Tone.WARN)
