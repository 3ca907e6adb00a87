"""A line of the screen that is drawn again only when its words differ."""

from __future__ import annotations

from typing import cast

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from acp_tui.ui.look import Span
from acp_tui.ui.widgets.framed import Dressed, segments


class OneLine(Widget, can_focus=False):
    """Spans from the left and from the right of one line; the right ones stay when it gets narrow."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "OneLine { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: tuple[Span, ...] = ()
        self._right: tuple[Span, ...] = ()

    def show(self, left: tuple[Span, ...], right: tuple[Span, ...] = ()) -> None:
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in (*self._left, *self._right))

    def render_line(self, y: int) -> Strip:
        dressed = cast(Dressed, self.app)
        width = self.size.width
        look, glyphs = dressed.look, dressed.glyphs
        if y:
            return Strip.blank(width, look.base)
        right, right_width = segments(self._right, look, width - 2, glyphs=glyphs)
        room = width - 2 - (right_width + 1 if right else 0)
        left, left_width = segments(self._left, look, max(0, room), glyphs=glyphs)
        gap = max(0, width - left_width - right_width - 2)
        blank = look.base
        return Strip([Segment(" ", blank), *left, Segment(" " * gap, blank), *right, Segment(" ", blank)], width)
