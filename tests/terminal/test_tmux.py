"""A real multiplexer between the console and the emulator: left, resized, taken up again, copied from."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.terminal.ptys import Cell, Emulator, Stream, Terminal, seen
from tests.terminal.test_driver import STAGE

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")
SIZE = (160, 45)


class Multiplexer:
    """A server of its own, with no configuration but these lines."""

    def __init__(self, folder: Path, *lines: str) -> None:
        (folder / "tmux.conf").write_text("\n".join(lines) + "\n")
        self._command = ["tmux", "-S", str(folder / "socket"), "-f", str(folder / "tmux.conf")]

    def begin(self, *, unknown: bool = False) -> Terminal:
        """With the console in it; `unknown` to the console, which then does all that it does on a terminal."""
        stage = ["env", "-u", "TMUX", "TERM=xterm-256color", *STAGE] if unknown else STAGE
        return Terminal([*self._command, "new-session", "-s", "console", f"exec {shlex.join(stage)}"], size=SIZE)

    def attach(self, size: tuple[int, int] = SIZE) -> Terminal:
        return Terminal([*self._command, "attach-session"], size=size)

    def say(self, *words: str) -> str:
        return subprocess.run([*self._command, *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def lines() -> Sequence[str]:
    return ()


@pytest.fixture
def tmux(tmp_path: Path, lines: Sequence[str]) -> Iterator[Multiplexer]:
    server = Multiplexer(tmp_path, *lines)
    yield server
    subprocess.run([*server._command, "kill-server"], check=False, capture_output=True)


def ready(terminal: Terminal) -> Terminal:
    terminal.shows("Fleet 6", "prod-east")
    terminal.quiet(1.2)  # the heading finds its words within a second
    return terminal


def to_a_text(terminal: Terminal) -> None:
    for typed, mark in (("2", "Applications"), ("\r", "Deployment"), ("jjj", "x2k9p"), ("y", "kind: Pod")):
        terminal.send(typed)
        terminal.shows(mark)
        terminal.quiet(0.2)


class TestLeftAndTakenUp:
    def test_it_shows_the_same(self, tmux: Multiplexer) -> None:
        with tmux.begin() as first:
            before = ready(first).lines[:44]
            tmux.say("detach-client")
            assert first.wait() == 0
        with tmux.attach() as second:
            assert ready(second).lines[:44] == before
            second.send("?")
            second.shows("Keys in")

    def test_on_a_terminal_of_another_size_it_is_laid_out_anew(self, tmux: Multiplexer) -> None:
        with tmux.begin() as first:
            ready(first)
            tmux.say("detach-client")
            assert first.wait() == 0
        with tmux.attach((100, 30)) as second:
            narrow = ready(second).lines[:29]
            assert len(narrow[0]) in range(90, 101)
            second.send("\x0c")
            second.quiet()
            assert second.lines[:29] == narrow
            tmux.say("detach-client")
        with tmux.attach() as third:
            third.until(lambda: len(third.lines[0]) > 150)
            assert "Fleet 6" in third.text

    def test_resized_while_nobody_looks_it_is_right_for_who_looks_then(self, tmux: Multiplexer) -> None:
        with tmux.begin() as first:
            ready(first)
            tmux.say("detach-client")
            assert first.wait() == 0
        for columns, rows in ((60, 20), (200, 60), (100, 30)):
            tmux.say("resize-window", "-t", "console", "-x", str(columns), "-y", str(rows))
        tmux.say("set-option", "-w", "-t", "console", "window-size", "latest")
        with tmux.attach() as second:
            second.until(lambda: "Fleet 6" in second.text and len(second.lines[0]) > 150)
            painted = ready(second).lines[:44]
            second.send("\x0c")
            second.quiet()
            assert second.lines[:44] == painted


class TestShortWays:
    @pytest.mark.parametrize("unknown", [False, True], ids=["as tmux", "as any terminal"])
    def test_pages_and_scrolled_lines_look_as_painted_anew(self, tmux: Multiplexer, unknown: bool) -> None:
        with tmux.begin(unknown=unknown) as terminal:
            ready(terminal)
            for typed in ("2\x1b[6~", "s3"):
                terminal.send(typed)
                assert looks_as_painted_anew(tmux, terminal), typed
            to_a_text(terminal)
            for typed in ("jjjjj", "kk\x1b[6~k"):
                terminal.send(typed)
                assert looks_as_painted_anew(tmux, terminal), typed


def looks_as_painted_anew(tmux: Multiplexer, terminal: Terminal) -> bool:
    """Whether what tmux holds, colours and all, is what the console means to show."""
    terminal.quiet()
    before = tmux.say("capture-pane", "-p", "-e", "-N", "-t", "console")
    terminal.send("\x0c")
    terminal.quiet()
    return drawn(before) == drawn(tmux.say("capture-pane", "-p", "-e", "-N", "-t", "console"))


def drawn(capture: str) -> list[list[Cell]]:
    emulator = Emulator(*SIZE)
    Stream(emulator).feed("\r\n".join(capture.splitlines()).encode())
    return seen(emulator)


class TestTitle:
    def test_the_pane_has_our_name(self, tmux: Multiplexer) -> None:
        with tmux.begin() as terminal:
            ready(terminal)
            assert tmux.say("display-message", "-p", "#{pane_title}").strip() == "acp-tui"


class TestCopy:
    @pytest.mark.parametrize("lines", [("set -g set-clipboard on",)])
    def test_where_tmux_is_asked_to_it_passes_a_copy_on(self, tmux: Multiplexer) -> None:
        with tmux.begin() as terminal:
            ready(terminal)
            to_a_text(terminal)
            terminal.send("y")
            terminal.until(
                lambda: b"\x1b]52;" in terminal.transcript and terminal.transcript.endswith((b"\\", b"m", b"H"))
            )
            code = terminal.transcript.split(b"\x1b]52;", 1)[1].split(b";", 1)[1]
            text = code.split(b"\x07")[0].split(b"\x1b")[0]
            assert base64.b64decode(text).startswith(b"apiVersion: v1")

    @pytest.mark.parametrize("lines", [("set -g set-clipboard external",)])
    def test_where_it_keeps_it_the_message_says_what_to_set(self, tmux: Multiplexer) -> None:
        with tmux.begin() as terminal:
            ready(terminal)
            to_a_text(terminal)
            terminal.send("y")
            terminal.shows("Copied", "set-clipboard on")
            assert b"\x1b]52;" not in terminal.transcript


class TestFocus:
    @pytest.mark.parametrize("lines", [("set -g focus-events on",)])
    def test_an_act_that_ends_while_nobody_looks_rings(self, tmux: Multiplexer) -> None:
        with tmux.begin() as terminal:
            ready(terminal)
            tmux.say("set-option", "-g", "monitor-bell", "on")
            terminal.send("\x1b[O")
            terminal.quiet()
            assert b"\x07" not in terminal.transcript[-200:]
            os.kill(int(tmux.say("display-message", "-p", "#{pane_pid}")), signal.SIGRTMIN + 1)
            terminal.until(lambda: b"\x07" in terminal.transcript[-400:])
