"""The screen as it was left: on the terminal before anything is imported, whole, private, and gone without a trace."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from acp_tui.config.paths import cache_dir
from acp_tui.terminal import lastscreen
from acp_tui.terminal.lastscreen import REST, Picture, as_of, asked_for, painted, read, start_of, write
from tests.terminal.ptys import PYTHON, Terminal

NOON = 1_795_262_400.0
ROWS = (
    " acp-tui  Fleet               ",
    "╭─ Fleet 2 ──────────────────╮",
    "│ prod-east       ● OK       │",
    f"│ 库{REST}存{REST}服{REST}务{REST}        ✖ FAIL     │",
    "╰────────────────────────────╯",
)
LATE = ("textual", "click", "msgspec", "rich", "asyncio", "json", "typing", "pathlib", "re", "tempfile")
"""What must not be imported before the picture is out; each costs a tenth of the budget or more."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "KUBECONFIG": ""}


def picture(**options: str) -> Picture:
    return Picture(ROWS, at=NOON, **options)


def cells(row: str) -> int:
    return len(row)


class TestWhichPicture:
    """A picture is shown to its own kind of start alone."""

    def test_contexts_named_on_the_command_line_have_their_own(self, env: dict[str, str]) -> None:
        write(picture(), asked_for(["--context", "prod"], env), env)

        assert read(asked_for(["--context=prod", "--read-only"], env), env)
        assert read(asked_for(["--context", "staging"], env), env) is None
        assert read(asked_for([], env), env) is None

    def test_so_have_kubeconfigs_and_the_demo(self, env: dict[str, str]) -> None:
        named = asked_for(["--kubeconfig", "/a"], env)

        assert named == asked_for([], {**env, "KUBECONFIG": "/a"}) == start_of(env, kubeconfig="/a")
        assert len({named, asked_for([], env), asked_for(["demo"], env), asked_for(["--kubeconfig=/b"], env)}) == 4
        viewed = asked_for(["-c", "pods"], env)
        assert viewed == asked_for(["--view=pods"], env) == start_of(env, view="pods") != asked_for([], env)
        assert asked_for(["demo", "--still"], env) == asked_for(["--demo"], env) == start_of(env, demo=True)

    @pytest.mark.parametrize(
        "words", [["get", "pods"], ["--help"], ["doctor"], ["--context"], ["--kubeconfig="], ["demo", "--serve"]]
    )
    def test_any_other_command_has_none(self, words: list[str], env: dict[str, str]) -> None:
        assert asked_for(words, env) == ""

    def test_two_kinds_of_one_name_are_told_apart(self, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lastscreen, "path_of", lambda start, env: f"{env['HOME']}/one-for-all")
        write(picture(), "prod", env)

        assert read("staging", env) is None


class TestTheFile:
    def test_is_private_and_lies_in_the_cache(self, env: dict[str, str]) -> None:
        write(picture(ink="38;5;245", signs="●✖", plain="+x", where='{"a":1}'), "start", env)
        (path,) = (cache_dir(env) / lastscreen.FOLDER).iterdir()
        found = read("start", env)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert found is not None
        assert (found.rows, found.at, found.ink, found.where) == (ROWS, NOON, "38;5;245", '{"a":1}')

    def test_that_others_can_write_is_not_believed(self, env: dict[str, str]) -> None:
        write(picture(), "start", env)
        os.chmod(lastscreen.path_of("start", env), 0o666)

        assert read("start", env) is None

    @pytest.mark.parametrize(
        "spoiled", [b"", b"\xff", b"acp-tui last screen 1\nstart\nnever\n\n\n\n\n", b"x" * 300_000]
    )
    def test_that_is_spoiled_costs_the_picture_and_nothing_else(self, spoiled: bytes, env: dict[str, str]) -> None:
        write(picture(), "start", env)
        Path(lastscreen.path_of("start", env)).write_bytes(spoiled)

        assert read("start", env) is None

    def test_cannot_speak_to_the_terminal(self, env: dict[str, str]) -> None:
        write(Picture(["\x1b]0;owned\x07\x1b[2J\u202e"], at=NOON), "start", env)
        write(picture(ink="0m\x1b[2J"), "inked", env)
        found = read("start", env)

        assert found is not None
        assert found.rows == ("?]0;owned??[2J?",)
        assert read("inked", env) is None

    def test_is_one_of_few(self, env: dict[str, str]) -> None:
        for number in range(lastscreen.PICTURES + 3):
            write(picture(), f"start {number}", env)
            os.utime(lastscreen.path_of(f"start {number}", env), (number, number))

        kept = {number for number in range(lastscreen.PICTURES + 3) if read(f"start {number}", env)}
        assert len(kept) == lastscreen.PICTURES
        assert lastscreen.PICTURES + 2 in kept
        lastscreen.forget(env)
        assert not os.listdir(lastscreen.folder(env))

    def test_a_folder_that_takes_no_file_costs_nothing_else(self, env: dict[str, str]) -> None:
        Path(env["HOME"], ".cache").write_text("not a folder")

        write(picture(), "start", env)
        lastscreen.forget(env)

        assert read("start", env) is None


class TestFitting:
    """Another size than the one it was left in still looks like a screen."""

    @pytest.mark.parametrize("size", [(30, 5), (80, 24), (20, 4), (200, 60), (41, 3)])
    def test_every_row_has_every_cell(self, size: tuple[int, int]) -> None:
        rows = picture().fitted(*size)

        assert [cells(row) for row in rows] == [size[0]] * size[1]

    def test_the_frame_keeps_its_right_edge(self) -> None:
        for width in (25, 50):
            rows = picture().fitted(width, 5)
            assert [row[-1] for row in rows[1:]] == ["╮", "│", "│", "╯"]
            assert rows[1].endswith("──╮")

    def test_the_frame_keeps_its_lower_edge(self) -> None:
        assert picture().fitted(30, 3)[-1] == ROWS[-1]

    def test_a_wide_character_is_never_cut_in_half(self) -> None:
        for width in range(4, 30):
            row = picture().fitted(width, 5)[3]
            assert all(row[at + 1] == REST for at, cell in enumerate(row) if cell > "\u2fff"), width
            assert all(row[at - 1] > "\u2fff" for at, cell in enumerate(row) if cell == REST), width

    def test_a_terminal_of_ascii_gets_ascii(self) -> None:
        rows = picture(signs="╭╮╰╯─│●✖", plain="++++-|+x").fitted(30, 5, ascii_only=True)

        assert "".join(rows).replace(REST, "").isascii()
        assert "x FAIL" in rows[3]


class TestPainting:
    def paint(self, env: Mapping[str, str], **options: str) -> str:
        return painted(picture(**options), 60, 12, env=env, now=NOON + 3 * 3600)

    def test_it_is_dated(self) -> None:
        assert re.search(r"as of \d\d:\d\d, 3 h ago", self.paint({}))
        assert as_of(NOON, NOON + 40).endswith(", 40 s ago")
        assert as_of(NOON, NOON + 3 * 86400).startswith("as of 2026-11-21 ")
        assert as_of(NOON, NOON + 3 * 86400).endswith(", 3 d ago")

    def test_it_is_dim_in_the_colours_of_a_terminal_like_the_one_it_was_taken_on(self) -> None:
        here = {"TERM": "xterm-256color", "COLORTERM": ""}
        options = {"ink": "38;5;245;48;5;233", "terminal": lastscreen.terminal_of(here)}

        assert "\x1b[0;38;5;245;48;5;233m" in self.paint(here, **options)
        for other in ({"TERM": "linux"}, {**here, "NO_COLOR": "1"}):
            assert "\x1b[0;2m" in self.paint(other, **options)
            assert "245" not in self.paint(other, **options)

    def test_nothing_is_cleared(self) -> None:
        assert not re.search(r"\x1b\[\d*[JK]", self.paint({}))


def saved(tmp_path: Path, env: dict[str, str], words: list[str]) -> None:
    rows = [" acp-tui  Fleet".ljust(80), "╭" + "─" * 78 + "╮", "│▌remembered-one" + " " * 63 + "│"]
    write(Picture([*rows, "╰" + "─" * 78 + "╯"], at=NOON), asked_for(words, env), env)


STANDS = "remembered-one", "as of", "Keys are kept"
NOWHERE = ["--kubeconfig", "/nowhere/at/all"]


class TestOnATerminal:
    """The program itself on a pseudo-terminal."""

    def test_nothing_is_imported_before_the_picture_is_out(self, tmp_path: Path, env: dict[str, str]) -> None:
        saved(tmp_path, env, NOWHERE)
        argv = [PYTHON, "-X", "importtime", "-m", "acp_tui", *NOWHERE]
        with Terminal(argv, size=(80, 24), env=env) as terminal:
            terminal.until(lambda: b"remembered-one" in terminal.transcript)
            before = bytes(terminal.transcript).partition(b"remembered-one")[0].decode()
        imported = {line.rpartition("|")[2].strip() for line in before.splitlines() if line.startswith("import time:")}
        started = subprocess.run(
            [PYTHON, "-X", "importtime", "-c", "pass"], capture_output=True, text=True, check=True
        ).stderr
        always = {line.rpartition("|")[2].strip() for line in started.splitlines()}

        ours = {name for name in imported - always if name.startswith("acp_tui")}
        assert ours == {"acp_tui", "acp_tui.terminal", "acp_tui.terminal.lastscreen"}
        assert not {name.partition(".")[0] for name in imported - always} & set(LATE)

    def test_an_error_is_read_on_the_screen_that_was_there(self, tmp_path: Path, env: dict[str, str]) -> None:
        words = ["--theme", "dark", "--context", "nobody", *NOWHERE]
        saved(tmp_path, env, words)
        broken = {**env, "PYTHONPATH": str(tmp_path)}
        (tmp_path / "textual").mkdir()
        (tmp_path / "textual" / "__init__.py").write_text("raise ImportError('no such library here')")
        with Terminal([PYTHON, "-m", "acp_tui", *words], size=(80, 24), env=broken) as terminal:
            before = termios.tcgetattr(terminal.descriptor)[3]
            assert terminal.wait() == 1
            sent = bytes(terminal.transcript)
            after = termios.tcgetattr(terminal.descriptor)[3]

        assert b"remembered-one" in sent
        assert b"no such library here" in sent.partition(b"\x1b[?1049l")[2]
        assert before == after
        assert after & termios.ECHO

    @pytest.mark.parametrize(("how", "expected"), [("ctrl+c", 130), ("SIGTERM", 143)])
    def test_it_ends_at_once_and_cleanly(self, how: str, expected: int, tmp_path: Path, env: dict[str, str]) -> None:
        saved(tmp_path, env, NOWHERE)
        slow = {**env, "PYTHONPATH": str(tmp_path)}
        # No file object: an interrupt that comes while Python lets one go is swallowed.
        begun = f"import os, time; os.close(os.open('{tmp_path}/begun', os.O_CREAT)); time.sleep(60)"
        (tmp_path / "click.py").write_text(begun)
        with Terminal([PYTHON, "-m", "acp_tui", *NOWHERE], size=(80, 24), env=slow) as terminal:
            terminal.shows(*STANDS)
            while not (tmp_path / "begun").exists():
                assert terminal.alive
                terminal.pump(0.05)
            if how == "ctrl+c":
                terminal.send("\x03")
            else:
                terminal.signal(signal.SIGTERM)
            code = terminal.wait()
            sent = bytes(terminal.transcript)

        assert code == expected
        assert b"Traceback" not in sent
        assert sent.endswith(b"\x1b[?1049l")

    @pytest.mark.parametrize("why", ["setting", "pipe", "small"])
    def test_there_is_none(self, why: str, tmp_path: Path, env: dict[str, str]) -> None:
        saved(tmp_path, env, NOWHERE)
        if why == "setting":
            (tmp_path / ".config" / "acp-tui").mkdir(parents=True)
            (tmp_path / ".config" / "acp-tui" / "config.toml").write_text("last_screen = false  # never\n")
        (tmp_path / "click.py").write_text("raise SystemExit(7)")
        argv = [PYTHON, "-m", "acp_tui", *NOWHERE]
        if why == "pipe":
            argv = ["sh", "-c", f"{sys.executable} -m acp_tui {' '.join(NOWHERE)} | cat"]
        size = (30, 8) if why == "small" else (80, 24)
        with Terminal(argv, size=size, env={**env, "PYTHONPATH": str(tmp_path)}) as terminal:
            terminal.wait()

            assert b"remembered-one" not in terminal.transcript
            assert b"1049" not in terminal.transcript
