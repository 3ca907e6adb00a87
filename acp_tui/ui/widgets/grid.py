"""The one widget for every table and tree: rows in a frame that keys and mouse move through."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.message import Message

from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.inorder import RowsInOrder
from acp_tui.ui.widgets.lineup import R


class Grid(RowsInOrder[R]):
    """A table, or a tree after `show_tree`; says by messages what happened, each with the grid and a row's key."""

    class Moved(Message):
        """The cursor is on another row, or on none (key "")."""

        def __init__(self, grid: Grid[Any], key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> Grid[Any]:
            return self.grid

        def can_replace(self, message: Message) -> bool:
            return type(message) is type(self) and isinstance(message, Grid.Moved) and message.grid is self.grid

    class Opened(Moved):
        """Enter or a double click on a row."""

        def can_replace(self, message: Message) -> bool:
            return False

    class Arranged(Moved):
        """Sort, filter or columns changed."""

    class Marked(Moved):
        """Other rows are marked."""

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(self, self.key))

    def rearranged(self) -> None:
        self.post_message(self.Arranged(self, self.key))

    def marks_changed(self) -> None:
        self._sync()
        self.refresh_edge()
        self.post_message(self.Marked(self, self.key))

    # marks

    @property
    def marked(self) -> tuple[R, ...]:
        """The marked rows in their order, also those that a filter or a fold hides."""
        return tuple(row for row in self.rows.everything() if row.key in self.marks) if self.marks else ()

    def title_spans(self) -> tuple[Span, ...]:
        if not self.marks:
            return super().title_spans()
        hidden = sum(self.rows.index(key) is None for key in self.marks)
        text = f"  {self.glyphs.mark} {len(self.marks)} marked" + (f", {hidden} of them hidden" if hidden else "")
        return (*super().title_spans(), (text, Tone.ACCENT))

    # what keys do

    def do_up(self) -> None:
        self.move_to(self.cursor - 1)

    def do_down(self) -> None:
        self.move_to(self.cursor + 1)

    def do_page_up(self) -> None:
        self._page(-max(1, self.page - 1))

    def do_page_down(self) -> None:
        self._page(max(1, self.page - 1))

    def _page(self, lines: int) -> None:
        wanted = max(0, min(self.first + lines, self.total - self.page))
        if wanted != self.first:
            self.first = wanted
            self._faces = []
            self.refresh_body()
        self.move_to(self.cursor + lines)

    def do_top(self) -> None:
        self.move_to(0)

    def do_bottom(self) -> None:
        self.move_to(len(self.rows) - 1)

    def do_left(self) -> None:
        node = self.rows.node(self.cursor) if len(self.rows) else None
        if node is None:
            self._sideways(self.skip - 1)
        elif node.opened:
            self.fold(self.key, opened=False)
        else:
            parent = self.rows.parent(self.cursor)
            if parent is not None:
                self.move_to(parent)

    def do_right(self) -> None:
        node = self.rows.node(self.cursor) if len(self.rows) else None
        if node is None:
            self._sideways(self.skip + 1)
        elif node.opened is False:
            self.fold(self.key, opened=True)
        elif node.opened:
            self.do_down()

    def do_open(self) -> None:
        if self.key:
            self.post_message(self.Opened(self, self.key))

    def do_fold(self) -> None:
        node = self.rows.node(self.cursor) if len(self.rows) else None
        if node is not None and node.opened is not None:
            self.fold(self.key, opened=not node.opened)

    def fold(self, key: str, *, opened: bool) -> None:
        """Close or open a branch of a tree."""
        self._moved_by_hand = True
        self.rows.fold(key, opened)
        self._arrange()

    def do_mark(self) -> None:
        if self.key:
            self.marks.turn(self.key)
            self.marks_changed()

    def do_mark_stretch(self) -> None:
        """From the row marked last to the cursor."""
        if self.key:
            self.marks.stretch([row.key for row in self.rows.shown], self.cursor)
            self.marks_changed()

    def do_mark_all(self) -> None:
        """Every row that is shown now; what a filter hides keeps its mark or its lack of one."""
        self.marks.add(row.key for row in self.rows.shown)
        self.marks_changed()

    def do_unmark(self) -> None:
        self.marks.clear()
        self.marks_changed()

    def do_wide(self) -> None:
        self.wide = not self.wide
        self._columns_changed(skip=0)

    def _sideways(self, skip: int) -> None:
        if 0 <= skip < len(self.view.columns) - 1 and (skip < self.skip or self._layout.hidden):
            self._columns_changed(skip=skip)

    def _columns_changed(self, *, skip: int) -> None:
        self.skip = skip
        self._forget()
        self._sync()
        self.refresh_body()

    def do_sort(self) -> None:
        self._sort_by(1)

    def do_sort_back(self) -> None:
        self._sort_by(-1)

    def do_sort_reverse(self) -> None:
        if self.rows.sort:
            self.set_sort(self.rows.sort, descending=not self.rows.descending)

    def _sort_by(self, step: int) -> None:
        self._lay_out()
        names = ["", *(column.id for column, _ in self._layout.columns)]
        place = names.index(self.rows.sort) if self.rows.sort in names else 0
        self.set_sort(names[(place + step) % len(names)])

    # events

    def on_click(self, event: events.Click) -> None:
        number = event.y - 1 - self.heading_lines
        if event.y == 1:
            column = self._layout.at(event.x - 2)
            if column is not None:
                self.set_sort(column.id, descending=column.id == self.rows.sort and not self.rows.descending)
        elif 0 <= number < len(self._visible()):
            self.move_to(self.first + number)
            if event.ctrl:
                self.do_mark()
            elif event.chain == 2:
                self.do_open()
