"""A framed view of long text: YAML, diffs, logs and values, with search, wrapping and following."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.message import Message

from acp_tui.ui.widgets.cells import fit, width_of
from acp_tui.ui.widgets.framed import Framed
from acp_tui.ui.widgets.textbody import TextBody
from acp_tui.ui.widgets.tint import Line, Tint, cut, plain, split_at

HERE = Style(reverse=True, bold=True, underline=True)


class TextView(Framed):
    """Draws only the rows on screen, so that 50,000 lines open as fast as fifty.

    `follow` keeps the end in sight while lines are appended and lets go as soon as the reader moves up.
    """

    class Changed(Message):
        """Posted when what is said about the view changed: wrapping, following, or the search."""

    def __init__(self, *, wrap: bool = False, limit: int = 100_000, id: str | None = None) -> None:
        super().__init__(id=id)
        self.body = TextBody(limit=limit)
        self.wrap = wrap
        self.follow = False
        self.left = 0
        self.term = ""
        self.hits: list[int] = []
        self._hit = -1

    @property
    def total(self) -> int:
        return self.body.rows

    @property
    def text(self) -> str:
        return "\n".join(self.body.texts)

    @property
    def match(self) -> tuple[int, int]:
        """Which match is current and how many lines match: (1, 12); (0, 0) for none."""
        return (self._hit + 1, len(self.hits)) if self.hits else (0, 0)

    def show(self, lines: Iterable[str | Line], *, tint: Tint = plain, keep_place: bool = False) -> None:
        """Replace the text; the view goes to the top unless told to keep its place."""
        self.body.replace(lines, tint=tint)
        if not keep_place:
            self.first = self.left = 0
        self._find(self.term)
        self._settle()

    def append(self, lines: Iterable[str | Line]) -> None:
        """Add lines at the end; the rows being read stay where they are unless `follow` is on."""
        rows_before = self.body.rows
        gone = self.body.append(lines)
        if self.term:
            here = self.hits[self._hit] - self.body.dropped if self._hit >= 0 else -1
            self.hits = self.body.find(self.term)
            self._hit = min(max(here, self._hit), len(self.hits) - 1) if self.hits else -1
        if self.follow:
            self.first = max(0, self.total - self.page)
            self.refresh_body()
        elif gone:
            self.first = max(0, self.first - gone)
            self.refresh_body()
        elif rows_before < self.first + self.page:
            self.refresh_body()

    def set_wrap(self, on: bool) -> None:
        """Fold long lines or leave them whole; the line at the top stays at the top."""
        top = self.body.at_row(self.first).line if self.first < self.body.rows else 0
        self.wrap, self.left = on, 0
        self._lay_out()
        self.first = max(0, min(self.body.row_of_line(top), self.total - self.page)) if len(self.body) else 0
        self.refresh_body()
        self.post_message(self.Changed())

    def set_follow(self, on: bool) -> None:
        self.follow = on
        if on:
            self.scroll_lines(self.total)
        self.post_message(self.Changed())

    def search(self, term: str) -> None:
        """Highlight a term and go to its first line at or below the top of the view."""
        self._find(term)
        if self.hits:
            top = self.body.at_row(min(self.first, self.body.rows - 1)).line
            self._hit = next((place for place, index in enumerate(self.hits) if index >= top), 0)
            self.go_to_line(self.hits[self._hit])
        self.refresh_body()
        self.post_message(self.Changed())

    def next_match(self, step: int = 1) -> None:
        """Go to the next (or, with -1, previous) line that matches, around the ends."""
        if self.hits:
            self._hit = (self._hit + step) % len(self.hits)
            self.go_to_line(self.hits[self._hit])
            self.refresh_body()
            self.post_message(self.Changed())

    def go_to_line(self, index: int, *, top: bool = False) -> None:
        """Bring a line into view: to the top where asked, else no further than it takes plus a third of the page."""
        if not 0 <= index < len(self.body):
            return
        row = self.body.row_of_line(index)
        if top or not self.first <= row < self.first + self.page:
            self.scroll_lines(row if top else row - self.page // 3)

    @property
    def top_line(self) -> int:
        """Index of the line at the top of the view."""
        return self.body.at_row(self.first).line if self.first < self.body.rows else 0

    def scroll_lines(self, first: int) -> None:
        before = self.first
        super().scroll_lines(first)
        if self.first < before and self.follow:
            self.set_follow(False)

    def do_left(self) -> None:
        self._shift(-max(8, self.inner_width // 4))

    def do_right(self) -> None:
        self._shift(max(8, self.inner_width // 4))

    def on_resize(self) -> None:
        self._settle()

    def line(self, index: int, width: int) -> Iterable[Segment]:
        base = self.look.base
        if not 0 <= index < self.body.rows:
            return [Segment(" " * width, base)]
        out = [Segment(" ", base)]
        room = width - 2
        for text, style in self._window(self._styled(index), room):
            out.append(Segment(self.glyphs.in_place(text), style))
        used = sum(width_of(segment.text) for segment in out)
        out.append(Segment(" " * (width - used), base))
        return out

    def _styled(self, row: int) -> Iterable[tuple[str, Style]]:
        index, start, end, indent = self.body.at_row(row)
        line = cut(self.body.paint(index), start, end)
        look = self.look
        if indent:
            yield " " * indent, look.base
        if not self.term:
            yield from ((text, look.of(tone)) for text, tone in line)
            return
        match = look.match + HERE if self._hit >= 0 and self.hits[self._hit] == index else look.match
        marks = [
            (max(first, start) - start, min(last, end) - start)
            for first, last in self.body.marks(index, self.term)
            if first < end and last > start
        ]
        for piece, marked in split_at(line, marks):
            for text, tone in piece:
                yield text, look.of(tone) + match if marked else look.of(tone)

    def _window(self, parts: Iterable[tuple[str, Style]], room: int) -> Iterable[tuple[str, Style]]:
        """What stands in columns `left` to `left + room` of a line."""
        skip, left = self.left, room
        for text, style in parts:
            cells = width_of(text)
            if cells <= skip:
                skip -= cells
                continue
            shown = text
            if skip:
                shown = text[skip:] if text.isascii() else _drop(text, skip)
                skip = 0
            if width_of(shown) > left:
                yield (shown[:left] if shown.isascii() else fit(shown, left, " ")), style
                return
            left -= width_of(shown)
            yield shown, style

    def _shift(self, cells: int) -> None:
        wanted = max(0, min(self.left + cells, self.body.width - self.inner_width + 2))
        if wanted != self.left:
            self.left = wanted
            self.refresh_body()

    def _find(self, term: str) -> None:
        self.term = term
        self.hits = self.body.find(term)
        self._hit = 0 if self.hits else -1

    def _lay_out(self) -> None:
        self.body.wrap(max(1, self.inner_width - 2) if self.wrap and self.inner_width else 0)

    def _settle(self) -> None:
        self._lay_out()
        last = max(0, self.total - self.page)
        self.first = last if self.follow else min(self.first, last)
        self.refresh_body()


def _drop(text: str, cells: int) -> str:
    """The text without its first cells; half of a wide character becomes a blank."""
    for position, character in enumerate(text):
        if cells <= 0:
            return " " * -cells + text[position:]
        cells -= width_of(character)
    return ""
