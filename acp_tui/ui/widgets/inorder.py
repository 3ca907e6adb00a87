"""Rows put in order without holding up the keyboard: few at once, many in slices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from typing import cast

from acp_tui.fleet.columns import View
from acp_tui.model.refs import Clock
from acp_tui.ui.widgets.lineup import SLICE, R
from acp_tui.ui.widgets.rows import Query, Rows, finished
from acp_tui.ui.widgets.rowsview import RowsView

SOON_SECONDS = 10.0
"""A row that comes later than this after it was asked for takes the cursor no more."""
AT_ONCE = 2 * SLICE
"""Rows up to which nobody notices that they are put in order."""


class RowsInOrder(RowsView[R]):
    """Takes rows, filter and order; what is shown stays until many rows are ready to take its place."""

    def __init__(
        self,
        view: View[R],
        *,
        clock: Clock = time.time,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(view, clock=clock, id=id, classes=classes)
        self._wanted: Sequence[R] = ()
        self._next = self.rows
        self._tree = False
        self._wishes = 0
        self._slicing = False
        self._wished_key = ""
        self._wished_at = 0.0

    def show(self, rows: Sequence[R]) -> None:
        """Replace all rows; cells of visible rows whose words changed are marked for a moment."""
        self._now = self.clock()
        if rows is self.rows.all and rows is self._wanted and not self._slicing:
            self._sync()
            return
        self._wanted, self._tree = rows, False
        self._arrange()

    def show_tree(
        self,
        roots: Sequence[R],
        *,
        children: Callable[[R], Sequence[R]],
        opened: Callable[[R], bool] = lambda row: True,
    ) -> None:
        """Show rows as a tree; `opened` says how a branch stands until somebody folds it."""
        self._now = self.clock()
        self._wanted, self._tree = (), True
        self._settle(lambda: self.rows.replace_tree(roots, children=children, opened=opened, now=self._now), mark=True)

    def show_view(self, view: View[R]) -> None:
        """Other columns; rows, filter and sort start over."""
        self._wanted, self._tree = (), False
        self._wished_key = ""
        super().show_view(view)
        self._next = self.rows

    def show_under(self, view: View[R], rows: Sequence[R]) -> None:
        """Other columns with their rows, both at once when the rows are ready; filter, sort and cursor stay."""
        self._now = self.clock()
        following = Rows(view)
        following.query, following.sort, following.descending = self.rows.query, self.rows.sort, self.rows.descending
        self._next, self._wanted, self._tree = following, rows, False
        self._arrange()

    def set_filter(self, text: str) -> None:
        """Show only rows with all these words and none of the `!words`; matches are highlighted."""
        if text == self.rows.query.text:
            return
        self.rows.query = self._next.query = Query.of(text)
        self._brush = None
        self._lines.clear()
        self._arrange()
        self.refresh_body()
        self.rearranged()

    def set_sort(self, column: str, *, descending: bool = False) -> None:
        """Order rows by a column; an empty name gives the view's own order back."""
        if (column, descending) == (self._next.sort, self._next.descending):
            return
        for rows in (self.rows, self._next):
            rows.sort, rows.descending = column, descending
        self._arrange()
        self.refresh_body()
        self.rearranged()

    @property
    def ordering(self) -> bool:
        """Whether many rows are being put in order."""
        return self._slicing

    def select(self, key: str) -> bool:
        """Put the cursor on that row; False where it is not shown yet: then when it comes, if that is soon."""
        place = self.rows.index(key)
        if place is None:
            self._wished_key, self._wished_at = key, self.clock()
            return False
        self.move_to(place)
        return True

    def move_to(self, place: int) -> None:
        self._wished_key = ""
        super().move_to(place)

    def _settle(self, change: Callable[[], None], *, mark: bool = False) -> None:
        super()._settle(change, mark=mark)
        if self._wished_key and self.clock() - self._wished_at <= SOON_SECONDS:
            self.select(self._wished_key)

    def _arrange(self) -> None:
        """Filter and order what is wanted."""
        self._wishes += 1
        if self._slicing or (not self._tree and self._exchanged()):
            return
        if self._tree:
            self._settle(lambda: self.rows.arrange(now=self._now))
        elif len(self._wanted) <= AT_ONCE or not self.is_attached:
            self._take(self._next, finished(self._next.replacing(self._wanted, now=self._now)))
        else:
            self._slicing = True
            self.run_worker(self._in_slices(), group="arrange", exclusive=True)

    def _exchanged(self) -> bool:
        """Whether only some rows were other objects in the same places, and stand there now."""
        if self._wanted is self.rows.all or self._next is not self.rows:
            return False
        exchanged = False

        def change() -> None:
            nonlocal exchanged
            exchanged = self.rows.exchange(self._wanted, now=self._now)

        self._settle(change, mark=True)
        return exchanged

    def _take(self, following: Rows[R], install: Callable[[], None]) -> None:
        if following is self.rows:
            self._settle(install, mark=True)
            return

        def change() -> None:
            install()
            self.view, self.rows, self.skip = following.view, following, 0
            self._forget()

        self._settle(change)
        self.refresh_body()

    async def _in_slices(self) -> None:
        """A wish that comes meanwhile is begun when this one is through, so that each comes to its end."""
        try:
            wishes = -1
            while wishes != self._wishes and not (wishes >= 0 and self._exchanged()):
                following, wishes = self._next, self._wishes
                install = await _unhurried(following.replacing(self._wanted, now=self._now))
                if following is self._next:
                    self._take(following, install)
        finally:
            self._slicing = False
        self.refresh_body()
        self.rearranged()


async def _unhurried(steps: Generator[None, None, Callable[[], None]]) -> Callable[[], None]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Callable[[], None], end.value)
        await asyncio.sleep(0)
