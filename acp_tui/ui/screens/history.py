"""The revisions of a release, newest first: open one, compare two, go back to one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from acp_tui.actions import Action
from acp_tui.controllers.keep import whole_history
from acp_tui.model.health import Tone
from acp_tui.model.release import ReleaseRef, Revision
from acp_tui.ui.look import Span
from acp_tui.ui.screens.columns import HISTORY, HistoryRow, history_rows
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.widgets.grid import Grid

ON_SCREEN = 20
"""Revisions whose record is read for the table; Helm and Captain keep ten."""


class HistoryList(Listing):
    """What a screen with a history in it can do with the revision under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.history = Grid[HistoryRow](HISTORY, id="history")
        self.revisions: Sequence[Revision] = ()

    @property
    def release(self) -> ReleaseRef | None:
        """The release whose history it is; None while that is not known."""
        return None

    @property
    def revision(self) -> Revision | None:
        """The revision under the cursor of the history, where that is the list under the fingers."""
        row = self.history.row
        return row.revision if row is not None and self.grid is self.history else None

    def selected_release(self) -> ReleaseRef | None:
        return self.release

    def show_history(self, revisions: Sequence[Revision]) -> None:
        """Show revisions in any order."""
        self.revisions = revisions
        self.history.set_empty((("This release has no records.", Tone.DIM),))
        self.history.show(history_rows(revisions))
        self.history.set_title((f"History {len(revisions)}", Tone.PLAIN))
        self.refresh_hints()

    def why_not(self, action: Action) -> str:
        if action.context == "history":
            if self.revision is None:
                return "no revision under the cursor"
            if action.id == "compare" and len(self.revisions) < 2:
                return "there is only one revision"
            if action.id == "compare" and len(self.history.marks) > 2:
                return f"two are compared, and {len(self.history.marks)} are marked"
            if action.id == "compare" and any(
                each.kept_at is not None for each in (self.revision, *(row.revision for row in self.history.marked))
            ):
                return "a kept copy is read, not compared"
        kept = self.revision is not None and self.revision.kept_at is not None
        if action.name == "release.rollback" and kept:
            return "the cluster no longer has this revision"
        return super().why_not(action)

    def do_compare(self) -> None:
        """The marked two; this one with the marked one, or with the one before, the oldest with the one after it."""
        from acp_tui.ui.screens.compare import CompareScreen

        revision, ref = self.revision, self.release
        if revision is None or ref is None:
            return
        marked = [row.revision for row in self.history.marked]
        if len(marked) < 2:
            others = [each for each in marked if each.key != revision.key]
            marked = [revision, *(others or [self._neighbour(revision)])]
        one, other = marked
        self.app.push_screen(CompareScreen(ref, older=one.revision, newer=other.revision))

    def do_rollback(self) -> None:
        """To the revision under the cursor, unless that is the newest: then the plan chooses."""
        from acp_tui.model.plan import Verb
        from acp_tui.ui.review.begin import begin

        ref, revision = self.release, self.revision
        if ref is None:
            return
        newest = max((each.revision for each in self.revisions if each.kept_at is None), default=0)
        chosen = revision.revision if revision is not None and revision.revision != newest else None
        begin(self.acp, Verb.ROLLBACK, ref, revision=chosen)

    def open_revision(self) -> None:
        from acp_tui.ui.screens.revision import RevisionScreen

        revision, ref = self.revision, self.release
        if revision is not None and ref is not None:
            kept = revision.uid if revision.kept_at is not None else ""
            self.app.push_screen(RevisionScreen(ref, revision.revision, kept=kept))

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if event.grid is self.history:
            self.refresh_hints()

    async def whole(self, ref: ReleaseRef, *, described: int = 0) -> tuple[Revision, ...]:
        """The cluster's history and what was kept of it here; `described` revisions are read for chart and size."""
        inspector = self.backend.inspector
        listed = await (inspector.history(ref, described=described) if described else inspector.history(ref))
        kept = await asyncio.to_thread(self.backend.controller.keep.revisions, ref)
        return whole_history(listed, kept)

    def ask_history(self, ref: ReleaseRef) -> None:
        """First what one list and three records tell, then chart and size of the others that are on the screen."""

        def first(revisions: Sequence[Revision]) -> None:
            self.show_history(revisions)
            if any(not each.size and not each.unreadable for each in revisions if each.kept_at is None):
                self.ask(self.whole(ref, described=ON_SCREEN), self.show_history, group="history")

        self.ask(self.whole(ref), first, group="history")

    def _neighbour(self, revision: Revision) -> Revision:
        ordered = sorted((each for each in self.revisions if each.kept_at is None), key=lambda each: each.revision)
        place = ordered.index(revision)
        return ordered[place - 1] if place else ordered[1]


class HistoryScreen(HistoryList):
    """Asked again whenever the release changed in the live picture.

    With `pick` it is a question: Enter hands the revision over and closes the screen.
    """

    PLACE = "history"

    def __init__(self, ref: ReleaseRef, *, pick: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.ref = ref
        self.pick = pick
        self._seen: object = None
        self._leave = _nothing

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.history,)

    @property
    def release(self) -> ReleaseRef | None:
        return self.ref

    def heading(self) -> tuple[Span, ...]:
        ref = self.ref
        what = "Choose a revision of " if self.pick is not None else "Release "
        return ((what, Tone.DIM), (ref.name, Tone.ACCENT), (f" · {ref.namespace} · {ref.cluster}", Tone.DIM))

    def why_not(self, action: Action) -> str:
        if action.name == "release.history":
            return "this is the history"
        if self.pick is not None and action.danger:
            return "choose a revision with enter first"
        return super().why_not(action)

    def opened(self) -> None:
        self.history.set_title(("History", Tone.PLAIN))
        self._seen = self._row()
        self._leave = self.backend.fleet.subscribe(self._changed)
        self._ask()

    def on_unmount(self) -> None:
        self._leave()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        revision = self.revision
        if self.pick is None or revision is None:
            self.open_revision()
            return
        self.dismiss()
        self.pick(revision.revision)

    def _ask(self) -> None:
        self.ask_history(self.ref)

    def _changed(self, views: frozenset[str]) -> None:
        if "releases" in views and (row := self._row()) is not self._seen:
            self._seen = row
            self._ask()

    def _row(self) -> object:
        rows = self.backend.fleet.rows("releases", clusters=frozenset({self.ref.cluster}))
        return next((row for row in rows if row.key == self.ref.key), None)


def _nothing() -> None:
    """Stands where a subscription will."""
