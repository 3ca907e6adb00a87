"""One look at a kind: it begins when a pane shows it, and ends when nobody has seen it for a minute."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.widget import Widget

from acp_tui.model.errors import AcpTuiError

if TYPE_CHECKING:
    from acp_tui.fleet.tables import MergedTable
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.backend import InspectorPort

Wanted = tuple[str, frozenset[str] | None, str]
"""The word of a kind, the clusters (None for all), the namespace (empty for all)."""
LEAVE_SECONDS = 60.0
MIND_SECONDS = 5.0
"""How often it is asked whether somebody sees it."""
_GROUP = "look"


class Look:
    """Follows one kind at a time, in a worker of the pane, so that it ends with it at the latest.

    `table` is the newest answer, given at `answered_at`, and is shown with the one before it; `refused` is why there
    is none any more.
    """

    def __init__(
        self,
        pane: Widget,
        *,
        show: Callable[[MergedTable, MergedTable | None], None],
        refuse: Callable[[], None],
    ) -> None:
        self.table: MergedTable | None = None
        self.answered_at: float | None = None
        self.refused: AcpTuiError | None = None
        self._pane = pane
        self._show = show
        self._refuse = refuse
        self._wanted: Wanted | None = None
        self._seen_at = 0.0

    @property
    def is_on(self) -> bool:
        return self._wanted is not None

    def at(self, wanted: Wanted | None, *, acp: AcpApp, inspector: InspectorPort) -> None:
        """Follow this from now on, None for nothing; what was refused is not asked for again."""
        if wanted == self._wanted or (wanted is not None and self.refused is not None):
            return
        self.end()
        if wanted is not None:
            self._wanted, self._seen_at = wanted, acp.clock()
            work = self._follow(wanted, acp, inspector)
            acp.run_safely(work, doing=f"List {wanted[0]}", group=_GROUP, of=self._pane)

    def end(self) -> None:
        """Close its requests; what was shown stays."""
        if self._wanted is not None:
            self._wanted = None
            self._pane.workers.cancel_group(self._pane, _GROUP)

    def forget(self) -> None:
        """What is asked for next has nothing to do with what was shown."""
        self.table = self.answered_at = self.refused = None

    def left(self, *, seen: bool, now: float) -> bool:
        """Whether it goes on although nobody has seen it for too long."""
        if seen or not self.is_on:
            self._seen_at = now
        return self.is_on and now - self._seen_at >= LEAVE_SECONDS

    async def _follow(self, wanted: Wanted, acp: AcpApp, inspector: InspectorPort) -> None:
        kind, clusters, namespace = wanted
        try:
            async with aclosing(inspector.rows_first(kind, clusters=clusters, namespace=namespace)) as tables:
                async for table in tables:
                    self.answered_at = acp.clock()
                    before, self.table = self.table, table
                    self._show(table, before)
        except AcpTuiError as error:
            self._wanted, self.refused = None, error
            self._refuse()
            raise
