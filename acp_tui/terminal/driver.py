"""Textual's driver for terminals far away: sends only what changed, when the line is free, and reads anything."""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from asyncio import TimerHandle
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from acp_tui.terminal.attention import RESTORE_TITLE, SAVE_TITLE, title
from acp_tui.terminal.capabilities import multiplexed
from acp_tui.terminal.colours import Depth
from acp_tui.terminal.input import Decoder, Piece
from acp_tui.terminal.link import Link
from acp_tui.terminal.messages import Translator
from acp_tui.terminal.pace import Pace
from acp_tui.terminal.probe import Finding, Probe
from acp_tui.terminal.screen import Screen

assert sys.platform != "win32"  # noqa: S101 - there the console runs on Textual's own driver

if TYPE_CHECKING:
    from textual.app import App

SMALLEST = (40, 10)
"""Columns and lines below which nothing useful can be read."""
LEAVING_SECONDS = 2.0
"""How long a slow line may take to put the terminal back as it was."""
HEARING_SECONDS = 1.0
"""How long the terminal may take for its last answers, so that they do not become the input of a shell."""


class SignsAreWide(Message):
    """The terminal draws signs such as bullets and arrows two cells wide, where the layout counts one."""


class ThriftyDriver(LinuxDriver):
    """Keeps the screen that is wanted and the screen that is shown, and sends the difference whenever the line is free.

    Nothing waits in a queue: while the line is busy, later frames replace earlier ones. Colours are reduced here, so
    Textual is told to paint in true colour. Output happens on the event loop alone. With `paced` the terminal is asked
    how far it has come, because a line may be slow where nobody says so.
    """

    paced = True

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._depth = Depth.NONE if app.no_color else Depth.of(app.console.color_system)
        app.console._color_system = ColorSystem.TRUECOLOR
        self._output = sys.__stderr__.fileno() if sys.__stderr__ is not None else self.fileno
        self._screen = Screen(*self._get_terminal_size(), depth=self._depth, smallest=SMALLEST)
        self._link: Link | None = None
        self._probe = Probe()
        self._pace = Pace()
        self._asked_at = 0.0
        self._scheduled = False
        self._alarm: TimerHandle | None = None
        self._end_of_input: tuple[int, int] | None = None
        self.frames_sent = 0
        self._waits = bool(getattr(app, "screen_stands", False))
        if self._waits:
            self._screen.stands()

    # output

    def write(self, data: str) -> None:
        """Take output of the program; what of it changes the terminal is sent when the loop comes to rest."""
        self._screen.feed(data)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._send)

    def repaint(self) -> None:
        """Send every cell again, because the terminal shows something else than was sent."""
        self._screen.forget()
        self._send()

    def reveal(self) -> None:
        """Send the first frame over the picture that stood on the terminal before us; until then nothing is sent."""
        self._waits = False
        self._send()

    @property
    def bytes_sent(self) -> int:
        return self._link.sent if self._link is not None else 0

    def _send(self) -> None:
        self._scheduled = False
        link = self._link
        if link is None or not link.free or self._waits or not self._screen.pending:
            return
        if not self._pace.free:
            # An answer brings us back, and where none comes the end of patience.
            if self._alarm is None:
                self._alarm = self._loop.call_later(self._pace.patience, self._send_after_all)
            return
        link.send(self._pace.add(self._screen.changes().encode(errors="replace")))
        self.frames_sent += 1

    def _send_after_all(self) -> None:
        self._alarm = None
        self._send()

    # life

    def start_application_mode(self) -> None:
        self._link = Link(self._output, self._loop, on_free=self._send)
        self._pace = Pace()
        self._asked_at = time.monotonic()
        self._end_of_input = os.pipe()
        self._screen.resize(*self._get_terminal_size())
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self._writer_thread.stop()
            self._writer_thread = None
        if self.input_tty:
            self._screen.hand_on(self._probe.question(stops=not multiplexed()))
        self._screen.hand_on(SAVE_TITLE + title(self._app.title))
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._app.exit, None, 128 + number)
        if self._get_terminal_size() != self._screen.size:
            # It changed before we could hear of it.
            self._resized()

    def stop_application_mode(self) -> None:
        self._waits = False
        self._hear_out()
        self._screen.hand_on(self._screen.stops.put_back())
        super().stop_application_mode()
        self._screen.hand_on(RESTORE_TITLE)
        self._drain()

    def close(self) -> None:
        self._drain()
        if self._link is not None:
            self._link.close()
            self._link = None

    def _drain(self) -> None:
        """Everything out, before another program has the terminal."""
        link = self._link
        if link is not None and link.drain(LEAVING_SECONDS) and self._screen.pending:
            link.send(self._screen.changes().encode(errors="replace"))
            link.drain(LEAVING_SECONDS)

    def _hear_out(self) -> None:
        """Wait for what the terminal was asked and has not answered; one that answers nothing is not waited for."""
        if self._link is not None and (self._pace.awaits or self._probe.open):
            self._link.drain(LEAVING_SECONDS)
            now = time.monotonic()
            until = (now if self._pace.awaits else min(now, self._asked_at)) + HEARING_SECONDS
            while (self._pace.awaits or self._probe.open) and time.monotonic() < until:
                time.sleep(0.005)

    def _resized(self) -> None:
        size = self._get_terminal_size()
        same = size == self._screen.size
        self._screen.resize(*size)
        if same:
            # Somebody attached to the session again, and sees nothing yet.
            self._send()
        self._app.post_message(events.Resize(Size(*size), Size(*size)))

    def _get_terminal_size(self) -> tuple[int, int]:
        """What the terminal says, and only where it says nothing what the environment says."""
        try:
            size = os.get_terminal_size(self._output)
        except OSError:
            return super()._get_terminal_size()
        return (size.columns, size.lines) if size.columns and size.lines else super()._get_terminal_size()

    # modes

    def _enable_mouse_support(self) -> None:
        """Buttons, wheel and dragging; a mouse that only moves says nothing."""
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1006l\x1b[?1002l\x1b[?1000l")

    def _query_in_band_window_resize(self) -> None:
        """Not asked: the signal says the same, and the answer would turn reports of every pixel on."""

    # input

    def run_input_thread(self) -> None:
        """Read until told to end; a terminal that is gone ends the program."""
        if self._end_of_input is None:
            return
        end = self._end_of_input[0]
        decoder = Decoder()
        translator = Translator(on_position=self._positioned, on_status=self._told_status)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(end, selectors.EVENT_READ)
            while True:
                patience = decoder.patience
                ready = [key.fd for key, _ in selector.select(patience or None)]
                if end in ready:
                    return
                if ready:
                    data = self._read()
                    if not data:
                        self._loop.call_soon_threadsafe(self._app.exit, None, 128 + signal.SIGHUP)
                        return
                    self._dispatch(translator, decoder.feed(data))
                elif patience:
                    self._dispatch(translator, decoder.rest())

    def disable_input(self) -> None:
        """End the thread that reads; it is woken, and does not look up now and then."""
        ends, self._end_of_input = self._end_of_input, None
        if ends is not None:
            os.close(ends[1])
        super().disable_input()
        if ends is not None:
            os.close(ends[0])

    def send_message(self, message: Message) -> None:
        """Hand a message to the program; a pasted novel is one call a key and not one task a key."""
        self._loop.call_soon_threadsafe(self._app.post_message, message)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _dispatch(self, translator: Translator, pieces: list[Piece]) -> None:
        for piece in pieces:
            try:
                for message in translator.messages(piece):
                    self.process_message(message)
            except Exception:  # noqa: BLE001 - the border of the driver: no input may end the program
                self._app.log.error(f"input that was not understood: {piece!r}")

    def _positioned(self, column: int) -> bool:
        finding = self._probe.answered(column)
        if finding is not None and self.paced:
            self._pace.begin(time.monotonic() - self._asked_at)
        if finding is Finding.REPEATS:
            self._screen.repeats = True
        elif finding is Finding.STOPS:
            self._screen.stops.usable = True
        elif finding is Finding.WIDE_SIGNS:
            self.send_message(SignsAreWide())
        return finding is not None

    def _told_status(self) -> None:
        self._pace.answered()
        self._loop.call_soon_threadsafe(self._send)


class UnpacedDriver(ThriftyDriver):
    """Asks the terminal for nothing but what it can do."""

    paced = False
