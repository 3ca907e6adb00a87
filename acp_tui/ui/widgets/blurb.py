"""A few ready lines without a frame, as tall as they are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.cells import fit
from acp_tui.ui.widgets.framed import Dressed, segments


class Blurb(Widget, can_focus=False):
    """Takes no room while it has nothing to say."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Blurb { width: 1fr; height: 0; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[tuple[Span, ...], ...] = ()

    def show(self, lines: Sequence[Sequence[Span]]) -> None:
        wanted = tuple(tuple(line) for line in lines)
        if wanted == self.lines:
            return
        if len(wanted) != len(self.lines):
            self.styles.height = len(wanted)
        self.lines = wanted
        self.refresh()

    @property
    def text(self) -> str:
        return "\n".join("".join(text for text, _ in line) for line in self.lines)

    def render_line(self, y: int) -> Strip:
        dressed = cast(Dressed, self.app)
        look, width = dressed.look, self.size.width
        if y >= len(self.lines):
            return Strip.blank(width, look.base)
        out, used = segments(self.lines[y], look, width - 2, glyphs=dressed.glyphs)
        return Strip([Segment(" ", look.base), *out, Segment(" " * (width - used - 1), look.base)], width)


class Band(Widget, can_focus=False):
    """The first line of a screen that acts: what, on what, where; reversed from edge to edge, in red on production."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Band { width: 1fr; height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.left = self.right = ""
        self.production = False

    def show(self, left: str, right: str = "", *, production: bool = False) -> None:
        self.left, self.right, self.production = left, right, production
        self.refresh()

    @property
    def text(self) -> str:
        return f"{'PROD ' if self.production else ''}{self.left} {self.right}".strip()

    def render_line(self, y: int) -> Strip:
        dressed = cast(Dressed, self.app)
        width, ellipsis = self.size.width, dressed.glyphs.ellipsis
        tone = Tone.FAIL if self.production else Tone.ACCENT
        style = dressed.look.of(tone) + Style(reverse=True, bold=True)
        mark = " PROD " if self.production else ""
        right = dressed.glyphs.say(f" {self.right} " if self.right else "")
        left = dressed.glyphs.say(f" {self.left}")
        room = max(0, width - len(mark))
        tail = min(len(right), room // 2)
        text = mark + fit(left, room - tail, ellipsis) + fit(right, tail, ellipsis, right=True)
        return Strip([Segment(fit(text, width, ellipsis), style)], width)
