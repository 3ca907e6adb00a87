"""A line-API view of long text: YAML, diffs, logs and values, with search, wrapping and following."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from acp_tui.model.health import Tone
from acp_tui.ui.widgets.textbody import TextBody
from acp_tui.ui.widgets.tint import Line, Tint, cut, plain, split_at


class TextView(ScrollView, can_focus=True):
    """Draws only the rows on screen, so that 50,000 lines open as fast as fifty.

    `follow` keeps the end in sight while lines are appended and lets go as soon as the reader moves up.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"textview--{tone}" for tone in Tone} | {"textview--match", "textview--here"}
    DEFAULT_CSS = """
    TextView {
        height: 1fr;
        scrollbar-size: 1 1;
        & > .textview--dim { color: $text-muted; }
        & > .textview--accent { color: $text-accent; }
        & > .textview--ok { color: $text-success; }
        & > .textview--warn { color: $text-warning; }
        & > .textview--fail { color: $text-error; }
        & > .textview--stale { color: $text-muted; }
        & > .textview--unknown { color: $text-muted; }
        & > .textview--match { text-style: reverse; }
        & > .textview--here { text-style: reverse bold; }
    }
    """

    wrap: reactive[bool] = reactive(False)
    follow: reactive[bool] = reactive(False)

    class Changed(Message):
        """Posted when what the frame says of the view changed: wrapping, following, or the search."""

    def __init__(self, *, wrap: bool = False, limit: int = 100_000, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.body = TextBody(limit=limit)
        self.term = ""
        self.hits: list[int] = []
        self._hit = -1
        self._strips: LRUCache[int, Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self.set_reactive(TextView.wrap, wrap)

    def show(self, lines: Iterable[str | Line], *, tint: Tint = plain, keep_place: bool = False) -> None:
        """Replace the text; the view goes to the top unless told to keep its place."""
        self.body.replace(lines, tint=tint)
        self._lay_out()
        self._search(self.term)
        if not keep_place:
            self.scroll_to(0, 0, animate=False, immediate=True)

    def append(self, lines: Iterable[str | Line]) -> None:
        """Add lines at the end; the rows being read stay where they are unless `follow` is on."""
        first = len(self.body) + self.body.dropped
        gone = self.body.append(lines)
        added = range(first - self.body.dropped, len(self.body))
        if self.term:
            low = self.term.lower() if self.term == self.term.lower() else self.term
            if gone:
                self.hits = self.body.find(self.term)
            else:
                folded = low == self.term.lower()
                texts = self.body.texts
                self.hits += [i for i in added if low in (texts[i].lower() if folded else texts[i])]
        self._lay_out(keep_strips=not gone)
        if self.follow:
            self._to_end()
        elif gone:
            self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, immediate=True)

    @property
    def text(self) -> str:
        return "\n".join(self.body.texts)

    @property
    def match(self) -> tuple[int, int]:
        """Which match is current and how many lines match: (1, 12); (0, 0) for none."""
        return (self._hit + 1, len(self.hits)) if self.hits else (0, 0)

    def search(self, term: str) -> None:
        """Highlight a term and go to its first line at or below the top of the view."""
        self._search(term)
        if self.hits:
            top = self.body.at_row(min(self.scroll_offset.y, self.body.rows - 1))[0]
            self._go(next((place for place, index in enumerate(self.hits) if index >= top), 0))
        self.post_message(self.Changed())

    def next_match(self, step: int = 1) -> None:
        """Go to the next (or, with -1, previous) line that matches, around the ends."""
        if self.hits:
            self._go((self._hit + step) % len(self.hits))
            self.post_message(self.Changed())

    def go_to_line(self, index: int) -> None:
        """Bring a line into view, a third of the height below the top."""
        if not 0 <= index < len(self.body):
            return
        self.follow = False
        row = self.body.row_of_line(index)
        first, last = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        if not first <= row < last:
            self.scroll_to(y=max(0, row - self.size.height // 3), animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        row = y + scroll_y
        base = self.rich_style
        width = self.size.width
        if row >= self.body.rows:
            return Strip.blank(width, base)
        strip = self._strips.get(row)
        if strip is None:
            strip = self._strips[row] = self._draw(row, base)
        return strip.crop_extend(scroll_x, scroll_x + width, base)

    def watch_wrap(self) -> None:
        top = self.body.at_row(self.scroll_offset.y)[0] if self.body.rows > self.scroll_offset.y else 0
        self._lay_out()
        self.scroll_to(0, self.body.row_of_line(top) if len(self.body) else 0, animate=False, immediate=True)
        self.post_message(self.Changed())

    def watch_follow(self, on: bool) -> None:
        if on:
            self._to_end()
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        self._lay_out()
        if self.follow:
            self._to_end()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def action_scroll_up(self) -> None:
        self._move(-1)

    def action_scroll_down(self) -> None:
        self._move(1)

    def action_page_up(self) -> None:
        self._move(1 - self.size.height)

    def action_page_down(self) -> None:
        self._move(self.size.height - 1)

    def action_scroll_home(self) -> None:
        self._move(-self.body.rows)

    def action_scroll_end(self) -> None:
        self._move(self.body.rows)

    def action_scroll_left(self) -> None:
        self.scroll_to(x=max(0, self.scroll_offset.x - self._sideways), animate=False, immediate=True)

    def action_scroll_right(self) -> None:
        self.scroll_to(x=min(self.max_scroll_x, self.scroll_offset.x + self._sideways), animate=False, immediate=True)

    @property
    def _sideways(self) -> int:
        return max(8, self.size.width // 4)

    def _move(self, rows: int) -> None:
        if rows < 0:
            self.follow = False
        wanted = min(max(0, self.scroll_offset.y + rows), self.max_scroll_y)
        self.scroll_to(y=wanted, animate=False, immediate=True)

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def _go(self, hit: int) -> None:
        self._hit = hit
        self.go_to_line(self.hits[hit])
        self._strips.clear()
        self.refresh()

    def _search(self, term: str) -> None:
        self.term = term
        self.hits = self.body.find(term)
        self._hit = 0 if self.hits else -1
        self._strips.clear()
        self.refresh()

    def _lay_out(self, *, keep_strips: bool = False) -> None:
        self.body.wrap(max(1, self.size.width) if self.wrap and self.size.width else 0)
        if not keep_strips:
            self._strips.clear()
        self.virtual_size = Size(self.body.width, self.body.rows)
        self.refresh()

    def _draw(self, row: int, base: Style) -> Strip:
        index, start, end = self.body.at_row(row)
        line = cut(self.body.paint(index), start, end)
        if not self.term:
            return Strip([Segment(text, base + self._style(tone)) for text, tone in line])
        here = self._hit >= 0 and self.hits[self._hit] == index
        match_style = self._style("here" if here else "match")
        marks = [
            (max(first, start) - start, min(last, end) - start)
            for first, last in self.body.marks(index, self.term)
            if first < end and last > start
        ]
        return Strip(
            [
                Segment(text, base + self._style(tone) + (match_style if marked else Style.null()))
                for piece, marked in split_at(line, marks)
                for text, tone in piece
            ]
        )

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"textview--{name}", partial=True)
        return style
