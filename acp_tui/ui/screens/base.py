"""What every screen shares: keys become actions, actions run inside one border, and one line says which keys work."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from acp_tui.actions import Action, find
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.copying import copy, names_of, table_of
from acp_tui.ui.screens.hints import hints_of, typed_hints
from acp_tui.ui.screens.marking import nothing_to_mark, too_many
from acp_tui.ui.screens.saving import place_for, save_text
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.framed import Framed
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.notice import Notice
from acp_tui.ui.widgets.oneline import OneLine

if TYPE_CHECKING:
    from acp_tui.model.refs import ObjectRef
    from acp_tui.model.release import ReleaseRef
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.backend import Backend

T = TypeVar("T")


class Acting(Screen[T], inherit_bindings=False):
    """A screen whose keys come from the registry of actions.

    PLACE names the contexts that are alive (`acp_tui.actions.PLACES`). An action runs as `do_<id>` of the focused
    widget, of what contains it, of the screen, or of the app, whichever has it first. `why_not` says why one cannot
    be done now: it stays in the help with that reason, and its key shows the reason instead of acting.
    """

    PLACE = "text"
    ABOUT_ROWS: frozenset[str] = frozenset()
    """Contexts whose actions are about rows of the grid under the fingers."""

    @property
    def place(self) -> str:
        return self.PLACE

    @property
    def acp(self) -> AcpApp:
        return cast("AcpApp", self.app)

    @property
    def backend(self) -> Backend:
        """The rooms below; screens that open from rows exist only once it is there."""
        backend = self.acp.backend
        if backend is None:
            raise RuntimeError("no backend yet")
        return backend

    def post_message(self, message: Message) -> bool:
        """A size that is not the terminal's any more is not heard.

        A screen tells itself each size it has laid out. Told late, after the terminal changed, the old and the new
        size would be laid out in turn for ever.
        """
        if isinstance(message, events.Resize) and message.size != self.app.size:
            return False
        return super().post_message(message)

    def _screen_resized(self, size: Size) -> None:
        """What it tells itself need not be laid out again."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    # what a screen may say about itself

    def why_not(self, action: Action) -> str:
        """Why an action cannot be done now, in a few words; empty where it can. Extend by `super().why_not(action)`."""
        if action.danger and self.acp.settings.read_only:
            return "read-only: acp-tui was started without the right to change anything"
        if action.id == "suspend" and not self.acp.has_a_shell:
            return "this terminal has no shell to go back to"
        if action.context in self.ABOUT_ROWS and (reason := too_many(action, self.grid_in_hand)):
            return reason
        if action.context == "marks":
            return nothing_to_mark(action, self.grid_in_hand)
        if action.context == "release" and self.selected_release() is None:
            return "no release under the cursor"
        if action.context == "object":
            ref = self.selected_object()
            if ref is None:
                return "no object under the cursor"
            if action.id.startswith("logs") and ref.kind != "Pod":
                return f"a {ref.kind} has no logs: open it and choose a pod"
        return ""

    def may_be(self, action: Action) -> bool:
        """Whether it could be done here with another row under the cursor."""
        return action.id != "unmark"

    @property
    def grid_in_hand(self) -> Grid[Any] | None:
        """The grid under the fingers."""
        return self.focused if isinstance(self.focused, Grid) else None

    @property
    def marking(self) -> bool:
        """Whether rows are marked in it."""
        grid = self.grid_in_hand
        return grid is not None and bool(grid.marks)

    @property
    def chosen_rows(self) -> tuple[Any, ...]:
        """What a key is about: the marked rows, and without marks the one under the cursor."""
        grid = self.grid_in_hand
        if grid is None:
            return ()
        return grid.marked or (() if grid.row is None else (grid.row,))

    def selected_objects(self) -> tuple[ObjectRef, ...]:
        """The objects that YAML, describe and events are about, where they may be several."""
        ref = self.selected_object()
        return () if ref is None else (ref,)

    def selected_releases(self) -> tuple[ReleaseRef, ...]:
        """The releases that the doctor is about."""
        ref = self.selected_release()
        return () if ref is None else (ref,)

    def selected_object(self) -> ObjectRef | None:
        """The object that YAML, describe and logs are about."""
        return None

    def selected_release(self) -> ReleaseRef | None:
        """The release that history, rollback, upgrade and uninstall are about."""
        return None

    @property
    def in_sight(self) -> bool:
        """Whether it is on the terminal, be it behind a dialog."""
        stack = self.app.screen_stack
        return self in stack and all(isinstance(above, BaseModal) for above in stack[stack.index(self) + 1 :])

    @property
    def cluster_open(self) -> str:
        """The cluster of which more than a row is read here; empty for none."""
        ref = self.selected_object() or self.selected_release()
        return "" if ref is None else ref.cluster

    # keys and actions

    def tick(self) -> None:
        """A second went by; extend it where ages are shown."""

    async def on_key(self, event: events.Key) -> None:
        Notice.dismiss(self)
        if self.acp.last.keeps(event):
            event.stop()
            return
        focused = self.focused
        if isinstance(focused, Entry) and (event.is_printable or event.key == "enter"):
            event.stop()  # an entry keeps such keys: this one was typed before it had the focus
            focused.post_message(events.Key(event.key, event.character))
            return
        if focused is not None and not isinstance(focused, Framed) and event.key in self.active_bindings:
            return
        action = self.acp.keymap.action(self.place, event.key)
        if action is None:
            return
        event.stop()
        event.prevent_default()
        if self.acp.last.keeps_act(event, action):
            return
        if action.danger and event.time < self.acp.last.live_at:
            self.acp.toast(f"{action.title}: typed before anything was live, press it again", tone=Tone.WARN)
            return
        await self.perform(action)

    async def perform(self, action: Action) -> None:
        """Do it, or say why not; whatever it raises becomes a message and never the end of the program."""
        doer = self._doer(action.id)
        reason = self.why_not(action) if doer is not None else "not here"
        if doer is None or reason:
            self.acp.toast(f"{action.title}: {reason}", tone=Tone.WARN)
            return
        try:
            result = doer()
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - the border of the action runner
            self.acp.show_error(error, doing=action.title)

    async def perform_named(self, name: str | None) -> None:
        """Do the action of a full name such as `object.yaml`; nothing for None."""
        action = find(name) if name else None
        if action is not None:
            await self.perform(action)

    def _doer(self, id_: str) -> Callable[[], Awaitable[None] | None] | None:
        start: DOMNode = self.focused if self.focused is not None else self
        for node in start.ancestors_with_self:
            doer = getattr(node, f"do_{id_}", None)
            if doer is not None:
                return cast(Callable[[], Awaitable[None] | None], doer)
        return None

    def has(self, action: Action) -> bool:
        """Whether anything here does it at all."""
        return self._doer(action.id) is not None

    # the hint line

    typing_hints: tuple[tuple[str, str], ...] = (("enter", "take it"), ("esc", "leave it"))
    """The keys while a line is typed: all the others are letters then."""

    @property
    def typing(self) -> bool:
        """Whether keys go into the line that is asked for at the bottom."""
        focused = self.focused
        return isinstance(focused, Entry) and isinstance(focused.parent, Bar)

    def refresh_hints(self) -> None:
        """Say again which keys work; cheap when nothing changed."""
        for line in self.query("#hints").results(OneLine):
            line.show(self.hints())

    def hints(self) -> tuple[Span, ...]:
        return typed_hints(self.typing_hints) if self.typing else hints_of(self)

    # actions that many screens share

    def do_back(self) -> None:
        self.dismiss()

    def do_yaml(self) -> None:
        self._open_text("yaml")

    def do_describe(self) -> None:
        self._open_text("describe")

    def _open_text(self, what: str) -> None:
        refs = self.selected_objects()
        if refs:
            from acp_tui.ui.screens.text import TextScreen

            self.app.push_screen(TextScreen(*refs, what=what))

    def do_events(self) -> None:
        self._open_text("events")

    def do_logs(self) -> None:
        self._open_logs(previous=False)

    def do_logs_previous(self) -> None:
        self._open_logs(previous=True)

    def _open_logs(self, *, previous: bool) -> None:
        ref = self.selected_object()
        if ref is not None:
            from acp_tui.ui.screens.logs import LogsScreen

            self.app.push_screen(LogsScreen(ref, previous=previous))

    def do_history(self) -> None:
        ref = self.selected_release()
        if ref is not None:
            from acp_tui.ui.screens.history import HistoryScreen

            self.app.push_screen(HistoryScreen(ref))

    def do_values(self) -> None:
        ref = self.selected_release()
        if ref is not None:
            from acp_tui.ui.screens.revision import RevisionScreen

            self.app.push_screen(RevisionScreen(ref))

    def do_matrix(self) -> None:
        from acp_tui.ui.screens.matrix import MatrixScreen

        self.app.push_screen(MatrixScreen(self.selected_release()))

    def do_doctor(self) -> None:
        refs = self.selected_releases()
        if refs:
            from acp_tui.ui.screens.doctor import DoctorScreen

            self.app.push_screen(DoctorScreen(*refs))

    def do_rollback(self) -> None:
        self._act("rollback")

    def do_upgrade(self) -> None:
        self._act("upgrade")

    def do_uninstall(self) -> None:
        self._act("uninstall")

    def _act(self, verb: str) -> None:
        ref = self.selected_release()
        if ref is not None:
            from acp_tui.model.plan import Verb
            from acp_tui.ui.review.begin import begin

            begin(self.acp, Verb(verb), ref)


class BaseScreen(Acting[None]):
    """A whole screen: a heading, what `body` gives, and the hint line."""

    DEFAULT_CSS = "BaseScreen { layout: vertical; }"

    def body(self) -> Iterable[Widget]:
        """The widgets between heading and hint line."""
        return ()

    def heading(self) -> tuple[Span, ...]:
        """What this screen is about, left in its first line."""
        return ()

    def compose(self) -> ComposeResult:
        self._fit()
        yield OneLine(id="heading")
        yield from self.body()
        yield OneLine(id="hints")

    def _fit(self) -> None:
        """Has the classes of this size from the beginning: given after the first layout, they lead to another."""
        width, height = self.app.size
        self.add_class(*self._get_breakpoint_classes(width, self.app.HORIZONTAL_BREAKPOINTS or []))
        self.add_class(*self._get_breakpoint_classes(height, self.app.VERTICAL_BREAKPOINTS or []))

    def on_mount(self) -> None:
        self.refresh_heading()
        self.refresh_hints()

    def on_screen_resume(self) -> None:
        self.refresh_heading()
        self.refresh_hints()

    def on_descendant_focus(self) -> None:
        self.refresh_hints()

    def on_grid_marked(self) -> None:
        self.refresh_hints()

    async def do_copy_names(self) -> None:
        await self._copy(names_of, "name", ".txt")

    async def do_copy_rows(self) -> None:
        await self._copy(table_of, "row", ".tsv")

    async def _copy(self, told: Callable[[Grid[Any], tuple[Any, ...]], str], what: str, suffix: str) -> None:
        """Copy the chosen rows; more than a clipboard takes go to a file."""
        grid, rows = self.grid_in_hand, self.chosen_rows
        if grid is None or not rows:
            return
        text = told(grid, rows)
        if copy(self.acp, text, what=f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"):
            return
        await self.ask_line(
            prompt=f"{len(rows)} {what}s are too long for a clipboard; save to",
            text=place_for(grid.view.kind_word + suffix),
            done=lambda name: self.acp.toast(*save_text(name, text)),
            back_to=grid,
        )

    async def ask_line(self, **question: Any) -> None:
        """Ask for a line at the bottom (`Bar.ask`)."""
        bars = self.query(Bar)
        bar = bars.first() if bars else Bar()
        if not bars:
            await self.mount(bar, before="#hints")
        bar.ask(**question)

    def refresh_heading(self) -> None:
        """Say again where we are; the right side is the same on every screen: problems, what runs, the time."""
        for line in self.query("#heading").results(OneLine):
            line.show(self.heading(), self.acp.status_spans())


class BaseModal(Acting[T], ModalScreen[T]):
    """A dialog over a screen that stays as bright as it was, and as live: dimming would send the whole screen again."""

    DEFAULT_CSS = "BaseModal { background: transparent; align: center middle; }"

    def tick(self) -> None:
        stack = self.app.screen_stack
        below = stack[stack.index(self) - 1]
        if isinstance(below, Acting):
            below.tick()
