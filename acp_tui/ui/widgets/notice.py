"""What just happened, in words above the hint line: results go by themselves, errors stay until a key."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, cast

from rich.segment import Segment
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from acp_tui.model.health import Tone
from acp_tui.ui.widgets.cells import fit
from acp_tui.ui.widgets.framed import Dressed

SECONDS = 4.0
LINES = 8
"""At most so many lines of a message are shown."""


class Notice(Widget, can_focus=False):
    """One message of a screen; it lies over the lines above the hint line and moves nothing."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Notice { layer: notice; dock: bottom; width: 100%; height: 1; margin: 0 0 1 0; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tone = Tone.PLAIN
        self._lines: list[str] = []
        self._timer: Timer | None = None

    @classmethod
    def say(cls, screen: Screen[Any], text: str, tone: Tone, *, stays: bool) -> None:
        """Show a message on a screen, in place of the one before."""
        notice = next(iter(screen.query(Notice)), None)
        if notice is None:
            notice = Notice()
            screen.mount(notice)
        notice.show(text, tone, stays=stays)

    @classmethod
    def dismiss(cls, screen: Screen[Any]) -> None:
        """Take the message away: a key was pressed."""
        for notice in screen.query(Notice):
            notice.hide()

    def show(self, text: str, tone: Tone, *, stays: bool) -> None:
        self.text, self.tone = text, tone
        width = max(20, self.app.size.width - 4)
        self._lines = [line for part in text.splitlines() for line in wrap(part, width)][:LINES]
        self.styles.height = max(1, len(self._lines))
        self.display = True
        self.refresh()
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if stays else self.set_timer(SECONDS, self.hide)

    def hide(self) -> None:
        if self.display:
            self.display = False

    def render_line(self, y: int) -> Strip:
        dressed = cast(Dressed, self.app)
        look = dressed.look
        sign = dressed.glyphs.of(self.tone) if y == 0 else ""
        words = self._lines[y] if y < len(self._lines) else ""
        style = look.of(self.tone if y == 0 else Tone.PLAIN) + look.cursor
        width = self.size.width
        return Strip([Segment(fit(f" {sign or ' '} {words}", width, dressed.glyphs.ellipsis), style)], width)
