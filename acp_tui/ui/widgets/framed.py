"""A frame drawn line by line: title and state in its upper edge, scroll mark in its right edge, lines inside.

The frame is drawn here and not by CSS, because a new title then repaints one line and not the whole pane.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import Glyphs
from acp_tui.ui.look import Look, Span
from acp_tui.ui.widgets.cells import cut, width_of

WHEEL = 3
"""Lines a turn of the mouse wheel moves."""


class Dressed(Protocol):
    """What these widgets ask of the app: styles and signs."""

    look: Look
    glyphs: Glyphs


def segments(spans: Iterable[Span], look: Look, width: int, *, glyphs: Glyphs) -> tuple[list[Segment], int]:
    """The spans, in the signs of a set, as segments of at most `width` cells, and the cells they take."""
    out: list[Segment] = []
    used = 0
    for text, tone in spans:
        shown = cut(glyphs.say(text), width - used, glyphs.ellipsis)
        if shown:
            out.append(Segment(shown, look.of(tone)))
            used += width_of(shown)
        if used >= width:
            break
    return out, used


class Framed(Widget, can_focus=True, inherit_bindings=False):
    """Base of every framed pane; a subclass says how many lines there are and draws one at a time.

    Override `total`, `line` and, for lines that do not scroll, `heading_lines` with `heading`.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Framed { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.first = 0
        self._title: tuple[Span, ...] = ()
        self._state: tuple[Span, ...] = ()

    # what a subclass gives

    heading_lines = 0

    @property
    def total(self) -> int:
        return 0

    def heading(self, number: int, width: int) -> Iterable[Segment]:
        """Fixed line `number` under the frame's edge, exactly `width` cells."""
        return [Segment(" " * width, self.look.base)]

    def line(self, index: int, width: int) -> Iterable[Segment]:
        """Line `index` of `total`, exactly `width` cells; an index beyond the last is a blank line."""
        return [Segment(" " * width, self.look.base)]

    # the frame

    @property
    def look(self) -> Look:
        return cast(Dressed, self.app).look

    @property
    def glyphs(self) -> Glyphs:
        return cast(Dressed, self.app).glyphs

    def set_title(self, *spans: Span) -> None:
        """What stands left in the upper edge."""
        if spans != self._title:
            self._title = spans
            self.refresh_edge()

    def set_state(self, *spans: Span) -> None:
        """What stands right in the upper edge: age, counts, trouble."""
        if spans != self._state:
            self._state = spans
            self.refresh_edge()

    def title_spans(self) -> tuple[Span, ...]:
        """What stands left in the upper edge; extend it by what a widget itself has to say there."""
        return self._title

    @property
    def title_text(self) -> str:
        return "".join(text for text, _ in self.title_spans())

    @property
    def state_text(self) -> str:
        return "".join(text for text, _ in self._state)

    @property
    def page(self) -> int:
        """How many scrolling lines are visible."""
        return max(0, self.size.height - 2 - self.heading_lines)

    @property
    def inner_width(self) -> int:
        return max(0, self.size.width - 2)

    def refresh_edge(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def refresh_lines(self, indices: Iterable[int]) -> None:
        """Repaint these lines of the text, those of them that are in view."""
        offset = 1 + self.heading_lines - self.first
        regions = [
            Region(0, index + offset, self.size.width, 1)
            for index in indices
            if self.first <= index < self.first + self.page
        ]
        if regions:
            self.refresh(*regions)

    def refresh_body(self) -> None:
        """Repaint the heading and all lines in view, not the upper and lower edge."""
        if self.size.height > 2:
            self.refresh(Region(0, 1, self.size.width, self.size.height - 2))

    def scroll_lines(self, first: int) -> None:
        """Make `first` the first visible line, as far as there are lines."""
        wanted = max(0, min(first, self.total - self.page))
        if wanted != self.first:
            self.first = wanted
            self.refresh_body()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if width < 4 or height < 2:
            return Strip.blank(width, self.look.base)
        if y == 0:
            return self._upper_edge(width)
        if y == height - 1:
            return self._lower_edge(width)
        inner = width - 2
        number = y - 1
        if number < self.heading_lines:
            content = self.heading(number, inner)
        else:
            content = self.line(self.first + number - self.heading_lines, inner)
        side = Segment(self.glyphs.vertical, self.look.frame)
        right = Segment(self.glyphs.thumb, self.look.frame_focus) if self._thumb(number) else side
        return Strip([side, *content, right], width)

    def _upper_edge(self, width: int) -> Strip:
        glyphs, look = self.glyphs, self.look
        frame = look.frame_focus if self.has_focus else look.frame
        title_style = look.title_focus if self.has_focus else look.title
        state, state_width = segments(self._state, look, max(0, width // 2 - 4), glyphs=glyphs)
        room = width - 4 - (state_width + 3 if state else 0)
        title, title_width = self._title_segments(room - 2, title_style)
        parts = [Segment(glyphs.top_left + glyphs.horizontal, frame)]
        used = 2
        if title:
            parts += [Segment(" ", look.base), *title, Segment(" ", look.base)]
            used += title_width + 2
        tail = state_width + 2 if state else 0
        parts.append(Segment(glyphs.horizontal * max(0, width - used - tail - 2), frame))
        if state:
            parts += [Segment(" ", look.base), *state, Segment(" ", look.base)]
        parts.append(Segment(glyphs.horizontal + glyphs.top_right, frame))
        return Strip(parts).adjust_cell_length(width, look.base)

    def _title_segments(self, room: int, style: Style) -> tuple[list[Segment], int]:
        painted, used = segments(self.title_spans(), self.look, room, glyphs=self.glyphs)
        plain = self.look.of(Tone.PLAIN)
        return [Segment(text, style if was == plain else was) for text, was, _ in painted], used

    def _lower_edge(self, width: int) -> Strip:
        glyphs = self.glyphs
        text = glyphs.bottom_left + glyphs.horizontal * (width - 2) + glyphs.bottom_right
        return Strip([Segment(text, self.look.frame)], width)

    def _thumb(self, number: int) -> bool:
        """Whether the scroll mark stands beside that inner line; none where everything is in view."""
        total, page = self.total, self.page
        position = number - self.heading_lines
        if position < 0 or total <= page or page < 2:
            return False
        size = max(1, page * page // total)
        start = round(self.first * (page - size) / max(1, total - page))
        return start <= position < start + size

    # moving

    def do_up(self) -> None:
        self.scroll_lines(self.first - 1)

    def do_down(self) -> None:
        self.scroll_lines(self.first + 1)

    def do_page_up(self) -> None:
        self.scroll_lines(self.first - max(1, self.page - 1))

    def do_page_down(self) -> None:
        self.scroll_lines(self.first + max(1, self.page - 1))

    def do_top(self) -> None:
        self.scroll_lines(0)

    def do_bottom(self) -> None:
        self.scroll_lines(self.total)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(self.first - WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(self.first + WHEEL)

    def on_focus(self) -> None:
        self.refresh_edge()

    def on_blur(self) -> None:
        self.refresh_edge()

    def on_resize(self) -> None:
        self.first = max(0, min(self.first, self.total - self.page))

    def dress(self) -> None:
        """Forget everything painted, because styles or signs changed."""
        self.refresh()


class Lines(Framed):
    """A framed list of ready lines; nothing is repainted but the lines that differ."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: tuple[tuple[Span, ...], ...] = ()

    @property
    def total(self) -> int:
        return len(self.lines)

    def show(self, lines: Sequence[Sequence[Span]]) -> None:
        """Replace the lines; the place in a longer list is kept as far as it exists."""
        before, self.lines = self.lines, tuple(tuple(line) for line in lines)
        longest = max(len(before), len(self.lines))
        differing = [index for index in range(longest) if before[index : index + 1] != self.lines[index : index + 1]]
        if max(0, self.total - self.page) < self.first:
            self.scroll_lines(self.first)
        self.refresh_lines(differing)

    def line(self, index: int, width: int) -> Iterable[Segment]:
        base = self.look.base
        if not 0 <= index < len(self.lines):
            return [Segment(" " * width, base)]
        out, used = segments(self.lines[index], self.look, width - 2, glyphs=self.glyphs)
        return [Segment(" ", base), *out, Segment(" " * (width - used - 1), base)]
