"""The terminal is lent to a shell or an editor and comes back: both find it as they expect it."""

from __future__ import annotations

import shlex
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.ptys import PYTHON, SHELLS_TITLE, Terminal
from tests.terminal.test_driver import READY, STAGE, ready

EDITOR = """
import json, os, sys, termios
flags = termios.tcgetattr(0)[3]
print("cooked" if flags & termios.ICANON and flags & termios.ECHO and flags & termios.ISIG else "raw", flush=True)
print("NO_COLOR is", repr(os.environ.get("NO_COLOR")), flush=True)
sys.stdin.readline()
open(sys.argv[1], "a").write("edited: true\\n")
"""
TO_THE_TEXT = (("2", "Applications"), ("\r", "Deployment"), ("jjj", "x2k9p"), ("y", "kind: Pod"))
CLEAN = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1002l", b"\x1b[?1004l", b"\x1b[?2004l", b"\x1b[?7h")


@pytest.fixture
def shell() -> Iterator[Terminal]:
    """A shell with job control."""
    with Terminal(["bash", "--norc", "-i"], env={"PS1": "shell-ready> "}) as terminal:
        terminal.shows("shell-ready>")
        yield terminal


def cooked(terminal: Terminal) -> bool:
    flags = termios.tcgetattr(terminal.descriptor)[3]
    return bool(flags & termios.ICANON and flags & termios.ISIG)


class TestSuspend:
    @pytest.mark.parametrize("how", ["key", "signal"])
    def test_the_shell_gets_its_screen_and_fg_paints_everything_again(self, shell: Terminal, how: str) -> None:
        shell.send(f"NO_COLOR= {shlex.join(STAGE)}\r")
        ready(shell)
        before = shell.cells()
        for _ in range(2):
            begin = len(shell.transcript)
            if how == "key":
                shell.send("\x1a")
            else:
                shell.send_signal_to_foreground(signal.SIGTSTP)
            shell.shows("Stopped")
            assert all(mode in shell.transcript[begin:] for mode in CLEAN)
            assert shell.title == SHELLS_TITLE
            shell.screen.reset()
            shell.send("echo heard-$((40+2))\r")
            shell.shows("heard-42")
            shell.send("fg\r")
            ready(shell)
            assert shell.cells() == before
            assert shell.title == "acp-tui"
            shell.send("?")
            shell.shows("Keys in")
            shell.send("\x1b")
            shell.until(lambda: "Keys in" not in shell.text)
            shell.quiet()

    def test_of_another_size_after_it(self, shell: Terminal) -> None:
        shell.send(f"{shlex.join(STAGE)}\r")
        ready(shell)
        shell.send("\x1a")
        shell.shows("Stopped")
        shell.screen.reset()
        shell.resize(120, 40)
        shell.send("fg\r")
        shell.shows(*READY[:2])
        shell.quiet()
        before = shell.cells()
        shell.screen.reset()
        shell.send("\x0c")
        shell.quiet()
        assert shell.cells() == before


class TestEditor:
    @pytest.mark.parametrize("wish", [{}, {"NO_COLOR": "1"}, {"NO_COLOR": ""}])
    def test_it_gets_a_terminal_as_a_shell_gives_it(self, tmp_path: Path, wish: dict[str, str]) -> None:
        program = tmp_path / "editor.py"
        program.write_text(EDITOR)
        env = {"EDITOR": f"{PYTHON} {program}", "VISUAL": "", **wish}
        with Terminal(STAGE, env=env) as terminal:
            ready(terminal)
            for typed, mark in TO_THE_TEXT:
                terminal.send(typed)
                terminal.shows(mark)
                terminal.quiet(0.2)
            before = terminal.cells()
            begin = len(terminal.transcript)
            terminal.screen.reset()
            terminal.send("e")
            terminal.shows(f"NO_COLOR is {wish.get('NO_COLOR')!r}")
            assert terminal.title == SHELLS_TITLE
            assert "cooked" in terminal.text
            assert all(mode in terminal.transcript[begin:] for mode in CLEAN)
            terminal.pump(0.5)
            assert "Fleet" not in terminal.text
            terminal.send("\r")
            terminal.quiet()
            assert terminal.cells() == before
