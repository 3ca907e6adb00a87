"""Two revisions side by side in one text, of one release or of two clusters: what the second has otherwise."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right

from msgspec import structs

from acp_tui.model.health import Tone
from acp_tui.model.release import ReleaseBody, ReleaseRef
from acp_tui.ui.look import Span
from acp_tui.ui.screens.compare_text import compare_lines
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.widgets.tint import Line, plain


class CompareScreen(Reading):
    """`n` and `N` walk the changes while nothing is searched.

    With `other` the second revision is that of another release, most often of the same one in another cluster.
    """

    PLACE = "compare"
    SUFFIX = ".diff"

    def __init__(self, ref: ReleaseRef, *, older: int, newer: int, other: ReleaseRef | None = None) -> None:
        super().__init__()
        self.ref = ref
        self.other = other or ref
        self.older, self.newer = (older, newer) if other is not None else sorted((older, newer))
        self.changes: list[int] = []
        self._here = -1

    def heading(self) -> tuple[Span, ...]:
        ref, other = self.ref, self.other
        place = f"{ref.namespace} · {ref.cluster}"
        if other != ref:
            place += (
                f" → {other.cluster}"
                if (ref.namespace, ref.name) == (other.namespace, other.name)
                else (f" → {other.name} · {other.namespace} · {other.cluster}")
            )
        return (("Compare ", Tone.DIM), (ref.name, Tone.ACCENT), (f" · {place}", Tone.DIM))

    def subject(self) -> str:
        if self.other == self.ref:
            return f"{self.ref.name} {self.older} → {self.newer}"
        return f"{self.ref.name} {self.older} of {self.ref.cluster} → {self.newer} of {self.other.cluster}"

    def state(self) -> tuple[Span, ...]:
        if not self.changes:
            return ()
        count = len(self.changes)
        here = f"{self._here + 1}/{count}" if self._here >= 0 else str(count)
        return ((f"change {here} · " if self._here >= 0 else f"{here} changes · ", Tone.ACCENT),)

    def opened(self) -> None:
        self.ask(self._both(), self._told)

    async def _both(self) -> tuple[list[str | Line], list[int]]:
        inspector = self.backend.inspector
        older, newer = await asyncio.gather(
            inspector.body(self.ref, self.older), inspector.body(self.other, self.newer)
        )
        return await asyncio.to_thread(_compared, older, newer)

    def _told(self, made: tuple[list[str | Line], list[int]]) -> None:
        lines, self.changes = made
        if not self.changes:
            lines = [(("These two revisions are equal in values and manifest.", Tone.OK),), "", *lines]
        self.tell(lines, plain)

    def do_search_next(self) -> None:
        if self.view.term:
            super().do_search_next()
        elif self.changes:
            self._walk(bisect_right(self.changes, self._line) % len(self.changes))

    def do_search_previous(self) -> None:
        if self.view.term:
            super().do_search_previous()
        elif self.changes:
            self._walk((bisect_left(self.changes, self._line) - 1) % len(self.changes))

    @property
    def _line(self) -> int:
        """Where the walk stands: at the change it went to last, else at the top of the view."""
        return self.changes[self._here] if self._here >= 0 else self.view.top_line - 1

    def _walk(self, place: int) -> None:
        self._here = place
        self.view.go_to_line(max(0, self.changes[place] - 1), top=True)
        self.say_state()


def _compared(older: ReleaseBody, newer: ReleaseBody) -> tuple[list[str | Line], list[int]]:
    """Objects of two clusters are the same where kind and name are: the second is read as if it were in the first."""
    from acp_tui.controllers.effects import compare_manifests, compare_values

    here = structs.replace(newer, ref=structs.replace(older.ref, name=newer.ref.name))
    return compare_lines(compare_manifests(older, here), compare_values(older.values, newer.values))
