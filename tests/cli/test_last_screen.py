"""The console takes over from the screen it was left with: no flash, no key lost, nothing done before it is live."""

from __future__ import annotations

import stat
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from acp_tui.clients.box import Box
from acp_tui.terminal import lastscreen
from acp_tui.terminal.capabilities import DRIVER_VARIABLE
from tests.terminal.ptys import PYTHON, Terminal

SIZE = (120, 40)
CLEARING = (b"\x1b[2J", b"\x1b[J", b"\x1b[0J", b"\x1b[3J", b"\x1bc", b"\x1b[H\x1b[J")


def console(
    box: Box, home: Path, *words: str, env: dict[str, str] | None = None, size: tuple[int, int] = SIZE
) -> Terminal:
    argv = [PYTHON, "-m", "acp_tui", "--kubeconfig", str(box.kubeconfig), *words]
    return Terminal(argv, size=size, env={"HOME": str(home), **(env or {})})


def left(box: Box, home: Path, keys: Sequence[str] = (), *words: str) -> str:
    """One run that ends with its picture kept; the file's text."""
    with console(box, home, *words) as terminal:
        terminal.shows("2 live", "payments-api")
        for key in keys:
            terminal.send(key)
            terminal.quiet()
        terminal.send("q")
        assert terminal.wait() == 0
    (path,) = (home / "acp-tui" / lastscreen.FOLDER).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


def test_the_picture_holds_names_and_verdicts_and_quotes_nothing(box: Box, home: Path) -> None:
    kept = left(box, home, ["3"])

    assert "payments-api" in kept
    assert "failed" in kept
    assert "deadline exceeded" not in kept, "it is quoted from a record"


def test_tables_of_other_kinds_are_not_kept(box: Box, home: Path) -> None:
    kept = left(box, home, [":secrets\r"])

    assert "secrets" in kept
    assert "sh.helm.release" not in kept


@pytest.mark.parametrize("driver", ["", "stock"])
def test_the_live_screen_takes_over_without_a_flash(driver: str, box: Box, home: Path) -> None:
    left(box, home)
    with console(box, home, env={DRIVER_VARIABLE: driver}) as terminal:
        terminal.shows("prod-east", "as of", "Keys are kept")
        lines: list[str] = []
        at = terminal.received
        while not any("2 live" in line for line in lines):
            terminal.until(lambda at=at: terminal.received > at)  # type: ignore[misc]
            at = terminal.received
            lines = terminal.lines
            assert driver or any("prod-east" in line for line in lines), "\n".join(lines)
        sent = bytes(terminal.transcript)
        terminal.send("q")
        assert terminal.wait() == 0
        sent_in_all = bytes(terminal.transcript)

    assert not any(each in sent for each in CLEARING)
    if not driver:
        assert sent_in_all.count(b"\x1b[?1049h") == 1
    assert sent_in_all.count(b"\x1b[?1049l") == 1


def test_keys_typed_meanwhile_are_neither_echoed_nor_lost(box: Box, home: Path) -> None:
    left(box, home)
    with console(box, home) as terminal:
        terminal.shows("as of")
        terminal.send("3/payments\r")
        terminal.shows("Releases 2/", "/payments", "payments-api", "2 live")

        assert "3/payments" not in terminal.text


def test_it_opens_where_it_was_left(box: Box, home: Path) -> None:
    left(box, home, ["3", "/payments\r"])
    with console(box, home) as terminal:
        terminal.shows("as of", "payments-api", "Releases 2/")
        terminal.shows("2 live", "Releases 2/", "/payments")


def test_no_act_begins_with_a_key_typed_before_anything_was_live(box: Box, home: Path) -> None:
    left(box, home, ["3", "/payments\r"])
    with console(box, home) as terminal:
        terminal.shows("as of")
        terminal.send("b")
        terminal.shows("Roll back: typed before anything was live")


def test_the_terminal_is_given_back_as_it_was_before_the_picture(box: Box, home: Path) -> None:
    import termios

    left(box, home)
    with console(box, home) as terminal:
        terminal.shows("as of")
        terminal.shows("2 live")
        terminal.send("q")
        assert terminal.wait() == 0
        lines = termios.tcgetattr(terminal.descriptor)

    assert lines[3] & termios.ECHO
    assert lines[3] & termios.ICANON
    assert lines[0] & termios.ICRNL


def test_a_kubeconfig_that_is_gone_is_said_on_the_live_screen(box: Box, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "kubeconfig"
    copy.write_bytes(box.kubeconfig.read_bytes())
    gone = Box(kubeconfig=copy, viewer=box.viewer, process=box.process)
    left(gone, home)
    copy.unlink()
    with console(gone, home) as terminal:
        terminal.shows("as of", "prod-east")
        terminal.until(lambda: "as of" not in terminal.text)
        terminal.shows("✖", "kubeconfig")


def test_a_session_that_is_killed_has_left_one_too(box: Box, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with console(box, home) as terminal:
        terminal.shows("2 live")
        folder = home / "acp-tui" / lastscreen.FOLDER
        until = time.monotonic() + 30
        while not folder.exists() and time.monotonic() < until:
            terminal.pump(0.2)
        terminal.signal(9)
        terminal.wait()
    with console(box, home) as terminal:
        terminal.shows("as of", "prod-east")


def test_another_size_looks_sane(box: Box, home: Path) -> None:
    left(box, home)
    for size in ((80, 24), (200, 60)):
        with console(box, home, size=size) as terminal:
            terminal.shows("as of", "prod-east", "╮", "╰")
            frames = [line for line in terminal.lines if line.startswith(("╭", "│", "╰"))]
            assert {len(line) for line in frames} == {size[0]}
