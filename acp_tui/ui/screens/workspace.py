"""The first screen: up to four panes on the fleet, each with its own view, clusters and filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widget import Widget

from acp_tui.actions import Action
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.freshness import Age
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef
from acp_tui.terminal.lastscreen import WAITING
from acp_tui.ui.backend import needs_backend
from acp_tui.ui.look import Span
from acp_tui.ui.panes.aim import OBJECTS, Aim, place_of
from acp_tui.ui.panes.opening import screen_of
from acp_tui.ui.panes.pane import TITLES, Pane
from acp_tui.ui.panes.panes import MOST, Panes
from acp_tui.ui.panes.scope import Scope, problems_of
from acp_tui.ui.screens.base import BaseScreen
from acp_tui.ui.widgets.grid import Grid

if TYPE_CHECKING:
    from acp_tui.ui.backend import Backend, Sight

WIDE = 180
"""From so many cells on there are two panes at the start."""
FLUSH_SECONDS = 0.1
"""Changes of the fleet are drawn at most so often."""


class Workspace(BaseScreen):
    """Redraws only views that changed and are visible; everything else waits until somebody looks at it."""

    ABOUT_ROWS = frozenset({"object", "release", "operation", "cluster"})

    def __init__(self) -> None:
        super().__init__()
        self.problem_count = 0
        self._scope = Scope()
        self._error: Exception | None = None
        self._dirty: set[str] = set()
        self._flush_timer: Timer | None = None

    def body(self) -> Iterable[Widget]:
        aims = self.acp.last.aims or [Aim("clusters")]
        if not self.acp.last.aims and self.app.size.width >= WIDE:
            aims.append(Aim("applications"))
        yield Panes(aims)
        yield from self.acp.last.cover()

    def on_mount(self) -> None:
        super().on_mount()
        self.acp.last.chosen(self.panes_box).grid.focus()

    def on_panes_arranged(self) -> None:
        self.call_after_refresh(self.update)

    # state

    @property
    def panes(self) -> list[Pane]:
        """None before they are there, and none again while the program ends."""
        return [pane for child in self.children if isinstance(child, Panes) for pane in child.panes]

    @property
    def pane(self) -> Pane:
        """The pane that keys are about."""
        return self.panes_box.pane

    @property
    def panes_box(self) -> Panes:
        """What lays the panes out."""
        return self.query_one(Panes)

    @property
    def place(self) -> str:
        try:
            return self.pane.aim.place
        except (NoMatches, IndexError):  # keys that come before the panes are there
            return "fleet"

    def heading(self) -> tuple[Span, ...]:
        try:
            aim = self.pane.aim
        except (NoMatches, IndexError):
            return (("acp-tui", Tone.ACCENT),)
        title = TITLES.get(aim.view) or (aim.kind if aim.view == OBJECTS else aim.view.capitalize())
        counts: tuple[Span, ...] = ((self.acp.last.words(), Tone.DIM),)
        if not self.acp.last.covers:
            counts = self._scope.counts(short=self.app.size.width < 100) or counts
        return (
            ("acp-tui  ", Tone.ACCENT),
            (f"{title}   ", Tone.PLAIN),
            *counts,
        )

    def hints(self) -> tuple[Span, ...]:
        return ((WAITING.strip(), Tone.DIM),) if self.acp.last.covers else super().hints()

    def opening(self) -> tuple[Span, ...]:
        """What stands in every pane until there is anything to show: that we connect, or why we cannot."""
        error = self._error
        if error is None:
            return (("Connecting…", Tone.PLAIN), ("The clusters come as they answer.", Tone.DIM))
        sign = self.acp.glyphs.of(Tone.FAIL)
        if isinstance(error, AcpTuiError):
            rest = tuple((text, Tone.DIM) for text in (error.tried, error.advice) if text)
            return ((f"{sign} {error.title}", Tone.FAIL), *rest)
        return ((f"{sign} {type(error).__name__}: {error}", Tone.FAIL),)

    # the fleet

    def sighted(self, sight: Sight) -> None:
        """There is a fleet: show what is there and follow it."""
        sight.fleet.subscribe(self._changed)
        self.update()

    def connected(self, backend: Backend) -> None:
        """Now something can be done, too."""
        backend.controller.subscribe(lambda _: self._changed(frozenset({"activity"})))
        self._changed(frozenset({"activity"}))
        self.refresh_hints()
        self.call_later(self._tell_interrupted, backend)

    def _tell_interrupted(self, backend: Backend) -> None:
        """A rollout that another console left half done is said once, because nothing of it runs by itself."""
        for rollout in backend.rollouts.interrupted():
            left = ", ".join(leg.release.cluster for leg in rollout.legs if leg.state.open)
            self.acp.toast(
                f"{rollout.headline} was interrupted; not done: {left}. Activity leads back to it", tone=Tone.WARN
            )

    def failed(self, error: Exception) -> None:
        """There is nothing to show, and this is why."""
        self._error = error
        for pane in self.panes:
            pane.say_where()

    def _changed(self, views: frozenset[str]) -> None:
        self._dirty |= views
        if self._flush_timer is None and self.in_sight:
            self._flush_timer = self.set_timer(FLUSH_SECONDS, self._flush, name="flush")

    @property
    def changes_wait(self) -> bool:
        """Whether the fleet told changes that are not drawn yet."""
        return self._flush_timer is not None

    def _flush(self) -> None:
        self._flush_timer = None
        dirty, self._dirty = self._dirty, set()
        if not self.in_sight or not self.panes:
            self._dirty = dirty
            return
        self._count()
        for pane in self.panes:
            if pane.display and (pane.aim.view in dirty or "clusters" in dirty):
                pane.update()
        self.refresh_heading()
        self.refresh_hints()

    def update(self) -> None:
        """Take everything visible as it is now."""
        self._count()
        self._dirty.clear()
        for pane in self.panes:
            if pane.display:
                pane.update()
        self.refresh_heading()
        self.refresh_hints()

    def _count(self) -> None:
        if self.acp.sight is not None:
            clusters = self.acp.sight.fleet.clusters()
            self._scope = Scope.of(clusters)
            self.problem_count = problems_of(clusters)

    def tick(self) -> None:
        for pane in self.panes:
            if pane.display:
                pane.tick()

    @property
    def cluster_open(self) -> str:
        return ""

    def clusters_shown(self) -> frozenset[str] | None:
        """Those its panes are narrowed to; None for all."""
        scopes = [pane.aim.clusters for pane in self.panes]
        shown = [scope for scope in scopes if scope is not None]
        return frozenset().union(*shown) if len(shown) == len(scopes) else None

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.panes:
            self.update()

    def on_grid_moved(self, event: Grid.Moved) -> None:
        for pane in self.panes:
            if pane.grid is event.grid:
                pane.tell_at_rest()
        self.refresh_hints()

    def on_grid_arranged(self, event: Grid.Arranged) -> None:
        for pane in self.panes:
            if pane.grid is event.grid:
                pane.arranged()

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        for pane in self.panes:
            pane.tell()

    def on_descendant_focus(self) -> None:
        self.refresh_heading()
        super().on_descendant_focus()

    # what is selected

    def selected_object(self) -> ObjectRef | None:
        return self.pane.selected_object()

    def selected_release(self) -> ReleaseRef | None:
        return self.pane.selected_release()

    def selected_objects(self) -> tuple[ObjectRef, ...]:
        return tuple(ref for row in self.chosen_rows if (ref := self.pane.object_of(row)) is not None)

    def selected_releases(self) -> tuple[ReleaseRef, ...]:
        return tuple(ref for row in self.chosen_rows if (ref := self.pane.release_of(row)) is not None)

    def may_be(self, action: Action) -> bool:
        if action.context == "object":
            return self.pane.aim.view not in ("clusters", "releases") and not action.id.startswith("logs")
        return super().may_be(action)

    def why_not(self, action: Action) -> str:
        if (self.acp.backend is None and needs_backend(action)) or (
            self.acp.sight is None and (action.context == "table" or action.id == "clusters")
        ):
            return "no cluster has answered yet"
        freshness = getattr(self.pane.row, "freshness", None)
        if action.danger and freshness is not None and freshness.state is Age.CACHED:
            return "this row is remembered: wait until its cluster has answered"
        if action.id == "open" and not self.pane.grid.key:
            return "there is no row"
        if action.context == "cluster" and not isinstance(self.pane.row, ClusterSummary):
            return "no cluster under the cursor"
        if action.id == "split" and len(self.panes) >= MOST:
            return f"{MOST} panes are all there can be"
        if action.id in ("close_pane", "zoom", "next_pane", "previous_pane") and len(self.panes) < 2:
            return "there is one pane only"
        if action.name == "operation.rollout":
            row = self.pane.row
            if not isinstance(row, Operation) or not row.group:
                return "this operation belongs to no rollout"
        if action.id == "cancel_operation":
            row = self.pane.row
            if not isinstance(row, Operation) or row.state.over:
                return "no running operation under the cursor"
        return super().why_not(action)

    # views

    def _view(self, view: str) -> None:
        aim = self.pane.aim
        if aim.view != view:
            self._go(replace(aim, view=view, kind="", filter="", sort="", descending=False, key=""))

    def _go(self, aim: Aim) -> None:
        self.pane.go(aim)
        self.refresh_heading()
        self.refresh_hints()

    def do_view_fleet(self) -> None:
        self._view("clusters")

    def do_view_applications(self) -> None:
        self._view("applications")

    def do_view_releases(self) -> None:
        self._view("releases")

    def do_view_quotas(self) -> None:
        self._view("quotas")

    def do_view_activity(self) -> None:
        self._view("activity")

    def do_cluster_applications(self) -> None:
        self._of_cluster("applications")

    def do_cluster_releases(self) -> None:
        self._of_cluster("releases")

    def _of_cluster(self, view: str) -> None:
        self._go(Aim(view, clusters=frozenset(row.name for row in self.chosen_rows)))

    def do_all_clusters(self) -> None:
        self._go(replace(self.pane.aim, clusters=None, namespace=""))

    def _clusters(self) -> list[str]:
        sight = self.acp.sight
        return [cluster.name for cluster in sight.fleet.clusters()] if sight is not None else []

    def do_clusters(self) -> None:
        from acp_tui.ui.screens.choose import ChooseClusters

        pane, names = self.pane, self._clusters()
        chosen = frozenset(names) if pane.aim.clusters is None else pane.aim.clusters

        def narrow(picked: frozenset[str] | None) -> None:
            if picked:
                pane.narrow(clusters=None if picked == frozenset(names) else picked, namespace=pane.aim.namespace)
                self.refresh_heading()

        self.app.push_screen(ChooseClusters(names, chosen), narrow)

    def do_back(self) -> None:
        pane = self.pane
        if pane.aim.filter:
            pane.filter("")
        elif pane.back():
            self.refresh_heading()
            self.refresh_hints()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        self._open(event.grid.row)

    def _open(self, row: Any) -> None:
        if isinstance(row, ClusterSummary):
            self._go(Aim("applications", clusters=frozenset({row.name})))
        elif isinstance(row, QuotaSummary) and not row.namespace:
            self.pane.filter(row.project)
        elif row is not None and self.acp.backend is not None:
            screen = screen_of(row)
            if screen is not None:
                self.app.push_screen(screen)

    def do_deploy(self) -> None:
        from acp_tui.ui.screens.deploy import DeployScreen

        row = self.pane.row
        cluster, namespace = place_of(row) if row is not None else ("", "")
        self.app.push_screen(DeployScreen(cluster=cluster, namespace=namespace or self.pane.aim.namespace))

    async def do_cancel_operation(self) -> None:
        row = self.pane.row
        if isinstance(row, Operation):
            await self.backend.controller.cancel(row.id)

    def do_rollout(self) -> None:
        from acp_tui.ui.screens.rollout import RolloutScreen

        row = self.pane.row
        if isinstance(row, Operation) and row.group:
            self.app.push_screen(RolloutScreen(id=row.group))

    # filter and goto

    async def do_filter(self) -> None:
        pane = self.pane
        self.acp.run_safely(pane.grid.learn_words(), doing="Filter", group="words")
        await self.ask_line(prompt="/", text=pane.aim.filter, changed=pane.filter, done=pane.filter, back_to=pane.grid)

    async def ask_where(self) -> None:
        """Ask for a view, a kind, a namespace or a cluster."""
        from acp_tui.ui.panes.words import completions

        releases = self.acp.sight.fleet.rows("releases") if self.acp.sight is not None else ()
        words = completions(self._clusters(), sorted({row.ref.namespace for row in releases}))
        await self.ask_line(prompt=":", text="", done=self._asked, words=words, back_to=self.pane.grid)

    def _asked(self, text: str) -> None:
        from acp_tui.ui.panes.words import parse

        try:
            asked = parse(text, self.pane.aim, clusters=self._clusters())
        except AcpTuiError as error:
            self.acp.show_error(error, doing="Go to")
            return
        if isinstance(asked, str):
            self.call_later(self.perform_named, asked)
        else:
            self._go(asked)
