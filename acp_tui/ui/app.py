"""The application: paints first, opens the clusters behind the first paint, and carries what every screen shares."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.screen import Screen

from acp_tui.config.keymaps import chosen_keymap
from acp_tui.config.settings import Settings
from acp_tui.config.themes import FALLBACK, ThemeFile, chosen_theme
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.refs import Clock
from acp_tui.terminal.attention import call
from acp_tui.terminal.capabilities import driver_for, repaint, reveal, without_empty_wishes
from acp_tui.terminal.colours import Depth
from acp_tui.terminal.glyphs import ASCII, Glyphs, choose
from acp_tui.terminal.lastscreen import LastScreen
from acp_tui.ui.crash import Sturdy
from acp_tui.ui.last import Keep, Last
from acp_tui.ui.look import Look, Span, colourless
from acp_tui.ui.panes.panes import LAYOUT_CSS
from acp_tui.ui.screens.base import Acting, BaseScreen
from acp_tui.ui.screens.workspace import Workspace
from acp_tui.ui.theme import css_variables, look_of, textual_theme
from acp_tui.ui.widgets.framed import Framed
from acp_tui.ui.widgets.notice import Notice
from acp_tui.ui.widgets.oneline import OneLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from acp_tui.model.operation import Operation
    from acp_tui.ui.backend import Backend, Sight
    from acp_tui.ui.panes.aim import Aim

Opener = Callable[[], Awaitable["Backend"]]
LEAVE_SECONDS = 5.0
"""A second press within this time says that the first one was meant."""
TICK_SECONDS = 1.0
"""How often ages are looked at; a line is drawn again only when its words differ."""


class AcpApp(Sturdy, inherit_bindings=False):
    """Everything visible; what it knows of clusters comes through the Backend that `open_backend` gives later."""

    TITLE = "acp-tui"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (180, "-wide")]  # noqa: RUF012 - the base declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012
    CSS = f"""
    {LAYOUT_CSS}
    Screen {{ background: $background; color: $foreground; layers: default notice; }}
    BaseModal {{ background: transparent; }}
    .framed {{ border: round $frame; border-title-color: $frame-focus; }}
    .-ascii .framed {{ border: ascii $frame; }}
    .-ascii FieldRow .help {{ text-overflow: clip; }}
    """

    def __init__(
        self,
        open_backend: Opener,
        *,
        settings: Settings | None = None,
        problems: Sequence[str] = (),
        close_backend: Callable[[], Awaitable[object]] | None = None,
        clock: Clock = time.time,
        env: Mapping[str, str] = os.environ,
        last: LastScreen | None = None,
        keep: Keep | None = None,
        asked: Aim | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.no_colours = bool(env.get("NO_COLOR"))
        with without_empty_wishes():
            driver = driver_for(env, paced=self.settings.pacing)
            super().__init__(driver_class=driver, ansi_color=True if self.no_colours else None)
        self.animation_level = "none"
        # We say things in our own words; what Textual would mount into each screen for its own takes time.
        self._disable_notifications = self._disable_tooltips = True
        self.depth = Depth.NONE if self.no_colours else Depth.of(self.console.color_system)
        self.clock = clock
        self.last = Last(self, last or LastScreen(), keep, asked)
        self._quit_asked_at = 0.0
        self.rows_came = asyncio.Event()
        self.sight: Sight | None = None
        self.backend: Backend | None = None
        self.draw_with(choose(self.settings.glyphs, env=env, encoding=sys.stdout.encoding or ""))
        theme, theme_problem = chosen_theme(self.settings.theme, sixteen=self.console.color_system == "standard")
        self.keymap, keymap_problem = chosen_keymap(self.settings.keymap)
        self.problems = [*problems, *filter(None, (theme_problem, keymap_problem))]
        self.look: Look = colourless()
        self._open_backend = open_backend
        self._close_backend = close_backend
        self.dress(theme)

    # how it looks

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return css_variables(FALLBACK)

    def dress(self, theme: ThemeFile) -> None:
        """Paint everything in a theme; with NO_COLOR only weight and reversal are left of any of them."""
        self.register_theme(textual_theme(theme))
        self.look = colourless() if self.no_colours else look_of(theme)
        self.theme = theme.name
        self._paint_again()

    def draw_with(self, glyphs: Glyphs) -> None:
        """Draw everything with the signs of a set."""
        self.glyphs = glyphs
        self.set_class(glyphs.name == ASCII.name, "-ascii")
        self._paint_again()

    def on_signs_are_wide(self) -> None:
        """The terminal draws our signs two cells wide; where nobody chose a set, the narrow one is right."""
        if self.settings.glyphs == "auto":
            self.draw_with(ASCII)

    def _paint_again(self) -> None:
        if self._running:
            for screen in self.screen_stack:
                for framed in screen.query(Framed):
                    framed.dress()
                for line in screen.query(OneLine):
                    line.refresh()

    # life

    def get_default_screen(self) -> Screen[None]:
        return Workspace()

    @property
    def screen_stands(self) -> bool:
        """Whether the terminal shows a picture already, which the first frame replaces."""
        return self.last.stands

    def on_mount(self) -> None:
        self.last.mounted()
        self.set_interval(TICK_SECONDS, self._tick, name="tick")
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        reveal(self._driver)
        if self.problems:
            self.toast("\n".join(self.problems), tone=Tone.WARN, stays=True)
        self.run_worker(self._connect(), name="open", exit_on_error=False)

    async def _connect(self) -> None:
        try:
            backend = await self._open_backend()
        except Exception as error:  # noqa: BLE001 - the border of this worker
            self.last.lift()
            self.workspace.failed(error)
            self.show_error(error, doing="Connect")
            return
        self.look_at(backend)
        self.backend = backend
        self.backend.controller.subscribe(self._operated)
        self.workspace.connected(self.backend)
        self.last.type_kept()
        self.refresh_status()

    def look_at(self, sight: Sight) -> None:
        """Show rows from now on; whoever opens the backend may say so before anything can be done about them."""
        if self.sight is None:
            self.sight = sight
            self.workspace.sighted(sight)
            self.last.opened()

    async def rows_are_there(self, *, within: float) -> None:
        """Waits until a pane has all of its rows, but no longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.rows_came.wait()

    def _operated(self, operation: Operation) -> None:
        self.refresh_status()
        if operation.state.over and not self.app_focus and self._driver is not None:
            self._driver.write(call(f"{operation.headline}: {operation.state.value}"))

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """Leave, with the screen kept as it is."""
        self.last.take()
        super().exit(result, return_code, message)

    async def on_unmount(self) -> None:
        if self._close_backend is not None:
            await self._close_backend()

    @property
    def workspace(self) -> Workspace:
        return next(screen for screen in self.screen_stack if isinstance(screen, Workspace))

    def _tick(self) -> None:
        if not self.is_running:  # a last tick of the timer, while screens lose their parts
            return
        screen = self.screen
        if isinstance(screen, Acting):
            screen.tick()
        self.last.tick()
        self._attend()
        self.refresh_status()

    def _attend(self) -> None:
        """Say which clusters are on the screen, and which of them lie open over the workspace."""
        if self.sight is not None and self.workspace.panes:
            over = [screen.cluster_open for screen in reversed(self.screen_stack) if isinstance(screen, Acting)]
            self.sight.fleet.attend(self.workspace.clusters_shown(), opened=list(filter(None, over)))

    def frames(self) -> tuple[int, int]:
        """Frames sent to the terminal, and their bytes; zeros where the driver does not count."""
        return getattr(self._driver, "frames_sent", 0), getattr(self._driver, "bytes_sent", 0)

    def refresh_status(self) -> None:
        """Say again, where it changed, how many problems there are, what runs and what time it is."""
        if isinstance(self.screen, BaseScreen):
            self.screen.refresh_heading()

    def status_spans(self) -> tuple[Span, ...]:
        """The right end of each heading: problems, running acts, the minute."""
        spans: list[Span] = []
        if self.sight is not None:
            problems = self.workspace.problem_count
            if problems:
                word = "problem" if problems == 1 else "problems"
                spans.append((f"{self.glyphs.of(Tone.FAIL)} {problems} {word}  ", Tone.FAIL))
            running = len(self.running())
            if running:
                spans.append((f"{self.glyphs.running} {running} running  ", Tone.ACCENT))
        if self.settings.read_only:
            spans.append(("read-only  ", Tone.ACCENT))
        spans.append((time.strftime("%H:%M", time.localtime(self.clock())), Tone.DIM))
        return tuple(spans)

    def operations(self) -> Sequence[Operation]:
        """All of them; none before it is known."""
        return () if self.backend is None else self.backend.controller.operations()

    def running(self) -> list[Operation]:
        """Operations that are not over."""
        return [operation for operation in self.operations() if not operation.state.over]

    # saying things

    def toast(self, text: str, tone: Tone = Tone.OK, *, stays: bool = False) -> None:
        """Say a result above the hint line for a few seconds; with `stays`, until a key is pressed."""
        Notice.say(self.screen, self.glyphs.say(text), tone, stays=stays or tone is Tone.FAIL)

    def show_error(self, error: BaseException, doing: str = "") -> None:
        """Say an error until a key is pressed: what happened, what was tried, what to do next."""
        if isinstance(error, AcpTuiError):
            text = "\n".join(part for part in (error.title, error.tried, error.advice) if part)
        else:
            text = f"{doing or 'An action'} failed unexpectedly: {type(error).__name__}: {error}"
            self.log.error(text)
        self.toast(text, Tone.FAIL)

    def run_safely(
        self, work: Coroutine[Any, Any, object], *, doing: str, group: str = "", of: Widget | None = None
    ) -> None:
        """Run in the background; whatever it raises becomes a message. A new one of a group ends the one before.

        It ends with the widget it is of, the screen that is shown now where none is named.
        """

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - the border of the worker wrapper
                self.show_error(error, doing=doing)

        owner = of or self.screen
        owner.run_worker(guarded(), group=group or "safely", exclusive=bool(group), exit_on_error=False)

    async def edit_text(self, text: str, suffix: str = ".yaml") -> str | None:
        """The text as $EDITOR left it; the terminal is the editor's meanwhile. None where it was left as it was."""
        from acp_tui.clients.editor import edit

        with self.batch_update(), self.suspend():  # nothing may be painted over the editor
            edited = await asyncio.to_thread(edit, text, suffix=suffix)
        return None if edited == text else edited

    # what can be done everywhere

    def do_help(self) -> None:
        from acp_tui.ui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, Acting) and not isinstance(screen, HelpScreen):
            self.push_screen(HelpScreen(screen))

    def do_palette(self) -> None:
        from acp_tui.ui.palette import Palette

        screen = self.screen
        if isinstance(screen, Acting) and not isinstance(screen, Palette):
            self.push_screen(Palette(screen), screen.perform_named)

    async def do_goto(self) -> None:
        workspace = self.workspace
        while self.screen is not workspace and len(self.screen_stack) > 1:
            self.pop_screen()
        await workspace.ask_where()

    def do_costs(self) -> None:
        from acp_tui.ui.screens.costs import CostsScreen

        if self.backend is not None and not isinstance(self.screen, CostsScreen):
            self.push_screen(CostsScreen())

    def do_redraw(self) -> None:
        self.screen.refresh(layout=True)
        repaint(self._driver)

    def do_quit(self) -> None:
        """Acts in processes of their own go on: what the shell shows then says how to see them again.

        Others end with the console: then the first press says so, and a second one leaves.
        """
        bound = self.backend.controller.bound() if self.backend is not None else ()
        now = self.clock()
        if bound and now - self._quit_asked_at > LEAVE_SECONDS:
            self._quit_asked_at = now
            self.toast(f"Press again to leave; that ends what runs in this console: {bound[0].headline}", Tone.WARN)
            return
        running = [f"{each.headline} goes on: acp-tui journal follow {each.id}" for each in self.running()]
        self.exit(message=Text("\n".join(running)) if running else None)

    @property
    def has_a_shell(self) -> bool:
        """Whether the terminal can be given back to a shell for a while; a browser has none, Windows stops nothing."""
        return sys.platform != "win32" and self._driver is not None and self._driver.can_suspend

    def do_suspend(self) -> None:
        self.action_suspend_process()

    def do_theme(self) -> None:
        from acp_tui.config.themes import load_themes

        themes = load_themes().found
        names = sorted(themes)
        place = names.index(self.theme) if self.theme in names else -1
        chosen = themes[names[(place + 1) % len(names)]]
        self.dress(chosen)
        self.toast(f"Theme: {chosen.title}")
