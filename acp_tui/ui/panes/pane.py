"""One pane: a view of the fleet in a frame, with lines about the row under the cursor below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from acp_tui.fleet.views import View, view
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.health import Health, Tone
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef, ReleaseSummary
from acp_tui.ui.look import Span
from acp_tui.ui.panes.aim import OBJECTS, Aim
from acp_tui.ui.panes.detail import Teller, printed_facts
from acp_tui.ui.panes.look import MIND_SECONDS, Look, Wanted
from acp_tui.ui.panes.scope import Scope
from acp_tui.ui.widgets.folding import folded
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid

if TYPE_CHECKING:
    from acp_tui.fleet.tables import MergedTable
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.backend import Sight
    from acp_tui.ui.screens.workspace import Workspace

OLD_SECONDS = 60.0
"""A table that no watch keeps up to date is old after so long."""
AGE_STEP = 10
"""Seconds between two words about the age of a table: each is sent to the terminal."""
REST_SECONDS = 0.15
"""A cursor that stays on a row for so long is at rest."""
TITLES = {"clusters": "Fleet"}


class Pane(Vertical, can_focus=False, inherit_bindings=False):
    """Shows one `Aim`; where it came from is kept, so that escape leads back."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    Pane > .detail { height: 8; display: none; }
    """

    def __init__(self, aim: Aim) -> None:
        super().__init__()
        self.aim = aim
        self.trail: list[Aim] = []
        self._scope = Scope()
        self._look = Look(self, show=self._show_table, refuse=self.say_where)
        self._bad = 0
        self._release_of: tuple[Any, ReleaseRef | None] | None = None
        self._resting: Timer | None = None
        self._told_late = False

    def compose(self) -> ComposeResult:
        acp = cast("AcpApp", self.app)
        yield Grid(self._view(), clock=acp.clock)
        yield Lines(classes="detail")

    def on_mount(self) -> None:
        self.query_one(".detail", Lines).can_focus = False
        self.set_interval(MIND_SECONDS, self.mind, name="mind")
        self.say_where()

    @property
    def acp(self) -> AcpApp:
        return cast("AcpApp", self.app)

    @property
    def grid(self) -> Grid[Any]:
        return self.query_one(Grid)

    @property
    def row(self) -> Any:
        return self.grid.row

    # where to

    def go(self, aim: Aim, *, remember: bool = True) -> None:
        """Look at something else; `back` leads here again."""
        if remember:
            self.trail.append(self.aim_now())
        changed = (aim.view, aim.kind) != (self.aim.view, self.aim.kind)
        self.aim = aim
        self._look.refused = None
        if changed:
            self._start_over()
        self.grid.set_filter(aim.filter)
        self.grid.set_sort(aim.sort, descending=aim.descending)
        self.update()
        if aim.key:
            self.grid.select(aim.key)

    def _start_over(self) -> None:
        self._look.end()
        self._look.forget()
        self.grid.show_view(self._view())

    def back(self) -> bool:
        """Go where it came from; False at the start of the trail."""
        if not self.trail:
            return False
        self.go(self.trail.pop(), remember=False)
        return True

    def narrow(self, *, clusters: frozenset[str] | None, namespace: str) -> None:
        """Show only these clusters and this namespace from now on."""
        self.go(replace(self.aim_now(), clusters=clusters, namespace=namespace))

    def filter(self, text: str) -> None:
        self.aim = replace(self.aim, filter=text)
        self.grid.set_filter(text)
        self.arranged()

    def aim_now(self) -> Aim:
        """What it looks at, with the order and the row that it has come to."""
        rows = self.grid.rows
        return replace(self.aim, sort=rows.sort, descending=rows.descending, key=self.grid.key)

    # rows

    def update(self) -> None:
        """Take the rows as they are now, and draw what differs."""
        sight = self.acp.sight
        if sight is None:
            self.say_where()
            return
        clusters = sight.fleet.clusters()
        chosen = [each for each in clusters if self.aim.clusters is None or each.name in self.aim.clusters]
        self._scope = Scope.of(chosen)
        if self.aim.clusters is not None:
            for each in chosen:
                if not each.dialled:
                    sight.fleet.look(each.name)
        rows = self._rows(sight)
        if rows is not None:
            self.grid.show(rows)
        self._release_of = None
        self.arranged()
        self.tell()

    def arranged(self) -> None:
        """Other rows are shown than before."""
        table = self._look.table
        if self.grid.rows.all and (self.aim.view != OBJECTS or (table is not None and table.live)):
            self.acp.rows_came.set()
        self._bad = self._failing()
        self.say_where()

    def tick(self) -> None:
        """Let time pass."""
        self.grid.tick()
        self.say_where()
        if self.aim.view == OBJECTS and not self._look.is_on:
            self.update()

    def mind(self) -> None:
        """Let go what nobody has seen for long; it comes back with its filter, its order and its row.

        Rows that somebody marked are waited with.
        """
        in_sight = self.display and cast("Workspace", self.screen).in_sight
        if self._look.left(seen=in_sight or bool(self.grid.marks), now=self.acp.clock()):
            self.aim = aim = self.aim_now()
            self._start_over()
            self.grid.set_filter(aim.filter)
            self.grid.set_sort(aim.sort, descending=aim.descending)
            self.grid.select(aim.key)
            self.say_where()

    def _rows(self, sight: Sight) -> Sequence[Any] | None:
        self._look.at(self._kind_looked_at(), acp=self.acp, inspector=sight.inspector)
        if self.aim.view == OBJECTS:
            return None
        if self.aim.view == "activity":
            rows: Sequence[Any] = self.acp.operations()
        else:
            rows = sight.fleet.rows(self.aim.view, clusters=self.aim.clusters)
        if self.aim.namespace or (self.aim.clusters is not None and self.aim.view == "activity"):
            rows = [row for row in rows if self.aim.shows(row)]
        return rows

    def _kind_looked_at(self) -> Wanted | None:
        aim = self.aim
        return (aim.kind, aim.clusters, aim.namespace) if aim.view == OBJECTS else None

    def _show_table(self, table: MergedTable, before: MergedTable | None) -> None:
        from acp_tui.ui.panes.objects import shape_of, view_of

        if before is None or shape_of(before) != shape_of(table):
            self.grid.show_under(view_of(table), table.rows)
        else:
            self.grid.show(table.rows)
        self.say_where()

    def _view(self) -> View[Any]:
        if self.aim.view != OBJECTS:
            return view(self.aim.view)
        from acp_tui.ui.panes.objects import unanswered

        return unanswered(self.aim.kind)

    # words

    def say_where(self) -> None:
        """Title, state and the words in place of rows."""
        grid, aim = self.grid, self.aim
        shown, total = len(grid.rows), len(grid.rows.all)
        count = f"{shown}" if shown == total else f"{shown}/{total}"
        spans: list[Span] = [(f"{TITLES.get(aim.view, grid.view.title)} {count}", Tone.PLAIN)]
        if self._bad:
            spans.append((f" {self.acp.glyphs.of(Tone.FAIL)} {self._bad}", Tone.FAIL))
        if aim.clusters is not None:
            names = sorted(aim.clusters)
            text = ", ".join(names) if len(names) <= 2 else f"{len(names)} clusters"
            spans.append((f"  {text}", Tone.ACCENT))
        if aim.namespace:
            spans.append((f"  ns:{aim.namespace}", Tone.ACCENT))
        if aim.filter:
            spans.append((f"  /{aim.filter}", Tone.ACCENT))
        grid.set_title(*spans)
        grid.set_state(*self._state())
        if not shown:
            grid.set_empty(*([span] for span in self._empty()))

    def _state(self) -> tuple[Span, ...]:
        now = self.acp.clock()
        if self.aim.view == OBJECTS:
            if self._look.refused is not None:
                return (("no answer", Tone.FAIL),)
            if self._look.answered_at is None:
                return (("loading…", Tone.DIM),)
            missing = len(self._look.table.problems) if self._look.table is not None else 0
            without = f"without {missing} cluster{'' if missing == 1 else 's'}"
            if self._look.table is not None and self._look.table.live:
                return ((without, Tone.STALE),) if missing else (("live", Tone.DIM),)
            old = int(now - self._look.answered_at) // AGE_STEP * AGE_STEP
            if missing:
                return ((f"{without} · {old} s ago", Tone.STALE),)
            return ((f"{old} s ago", Tone.STALE if old > OLD_SECONDS else Tone.DIM),)
        return self._scope.state(now)

    def _failing(self) -> int:
        match self.aim.view:
            case "applications":
                bad = (Health.DEGRADED, Health.MISSING)
                return sum(row.health in bad for row in self.grid.rows.shown)
            case "releases":
                return sum(row.stuck or row.status == "failed" for row in self.grid.rows.shown)
        return 0

    def _empty(self) -> tuple[Span, ...]:
        """Why there are no rows and what to do next; never a blank."""
        if self.acp.sight is None or not self._scope.total:
            return self.acp.workspace.opening()
        waiting = self._scope.waiting
        if self.aim.filter and self.grid.rows.all:
            return ((f"Nothing matches /{self.aim.filter}.", Tone.PLAIN), ("esc takes the filter away.", Tone.DIM))
        if waiting:
            answered = self._scope.total - len(waiting)
            return (
                (f"{answered} of {self._scope.total} clusters answered.", Tone.PLAIN),
                (f"Waiting for {', '.join(waiting)}", Tone.DIM),
            )
        if self._look.refused is not None:
            rest = (self._look.refused.tried, self._look.refused.advice)
            return ((self._look.refused.title, Tone.FAIL), *((text, Tone.DIM) for text in rest if text))
        if self.grid.ordering or (self.aim.view == OBJECTS and self._look.answered_at is None):
            return ((f"Asking for {self.aim.kind or self.aim.view}…", Tone.PLAIN),)
        what = {"activity": "operations yet"}.get(self.aim.view, self.aim.kind or self.aim.view)
        where = f" in namespace {self.aim.namespace}" if self.aim.namespace else ""
        narrowed = self.aim.namespace or self.aim.clusters is not None
        next_step = "0 shows all clusters and namespaces." if narrowed else ": goes to another view."
        return ((f"No {what}{where}.", Tone.PLAIN), (next_step, Tone.DIM))

    def tell_at_rest(self) -> None:
        """Say it at once after a single step, and while the cursor runs only when it comes to rest."""
        if self._resting is None:
            self.tell()
        else:
            self._resting.stop()
            self._told_late = True
        self._resting = self.set_timer(REST_SECONDS, self._rested, name="rest")

    @property
    def at_rest(self) -> bool:
        """Whether what is told below the table is of the row under the cursor."""
        return not self._told_late

    def _rested(self) -> None:
        self._resting = None
        if self._told_late:
            self._told_late = False
            self.tell()

    def tell(self) -> None:
        """Say below the table what is known of the row under the cursor, where there is room for it."""
        lines = self.query_one(".detail", Lines)
        sight, row = self.acp.sight, self.row
        if sight is None or not lines.display:
            return
        glyphs = self.acp.glyphs
        title, told = Teller(sight.fleet, glyphs).tell(row, self.acp.clock())
        if self.aim.view == OBJECTS and self._look.table is not None and row is not None:
            title, told = f"{row.ref.kind} {row.ref.name}", printed_facts(self._look.table, row)
        lines.set_title((title, Tone.PLAIN))
        said = [[(glyphs.say(text), tone) for text, tone in line] for line in told]
        lines.show(folded(said, width=max(1, lines.inner_width - 2), room=lines.page))

    # what the row is

    def selected_object(self) -> ObjectRef | None:
        return self.object_of(self.row)

    def object_of(self, row: Any) -> ObjectRef | None:
        match row:
            case ApplicationSummary(ref=ref):
                return ref if ref.kind else None
            case QuotaSummary() if row.namespace:
                return ObjectRef(row.cluster, "", "ResourceQuota", row.namespace, row.name)
        if self.aim.view == OBJECTS and row is not None:
            return cast(ObjectRef, row.ref)
        return None

    def selected_release(self) -> ReleaseRef | None:
        """The release of the row; of an application, the one that carries its name."""
        row = self.row
        if self._release_of is None or self._release_of[0] is not row:
            self._release_of = (row, self.release_of(row))
        return self._release_of[1]

    def release_of(self, row: Any) -> ReleaseRef | None:
        match row:
            case ReleaseSummary(ref=ref):
                return ref
            case ApplicationSummary(ref=app) if self.acp.sight is not None:
                releases: Sequence[ReleaseSummary] = self.acp.sight.fleet.rows(
                    "releases", clusters=frozenset({app.cluster})
                )
                named = (app.namespace, app.name)
                return next((each.ref for each in releases if (each.ref.namespace, each.ref.name) == named), None)
        return None
