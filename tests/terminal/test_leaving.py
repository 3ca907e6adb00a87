"""What the console leaves behind when it does not end as planned, and what a poor terminal gets of it."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem

from acp_tui.model.errors import EngineError, UsageError
from acp_tui.terminal.attention import call, title
from acp_tui.terminal.capabilities import DRIVER_VARIABLE, check_terminal, driver_for
from acp_tui.terminal.colours import PALETTE, Depth, distance, nearest
from acp_tui.terminal.driver import ThriftyDriver
from acp_tui.terminal.probe import Finding, Probe
from acp_tui.ui.crash import report, write_report
from tests.terminal.ptys import PYTHON, SHELLS_TITLE, Terminal

STAGE = [PYTHON, "-m", "tests.terminal.stage"]
FAILING = """
from acp_tui.ui.app import AcpApp
class Failing(AcpApp):
    def do_help(self):
        self.set_timer(0.01, self._fail)
    def _fail(self):
        password = "hunter2"
        raise ValueError(password)
async def never():
    import asyncio
    await asyncio.Event().wait()
app = Failing(never)
app.run()
raise SystemExit(app.return_code)
"""


class TestCrash:
    def test_the_screen_is_put_back_and_the_report_has_no_secrets(self, tmp_path: Path) -> None:
        env = {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        with Terminal([PYTHON, "-c", FAILING], env=env) as terminal:
            terminal.shows("Connecting")
            terminal.quiet()
            assert terminal.title == "acp-tui"
            terminal.send("?")
            assert terminal.wait() == 1
            assert terminal.title == SHELLS_TITLE
            end = bytes(terminal.transcript[terminal.transcript.rindex(b"\x1b[?1049l") :]).decode()
            (file,) = (tmp_path / "acp-tui").glob("crash-*.txt")
            said = "".join(end.split())
            assert "endedbecauseofanerrorofitsown:ValueError" in said
            assert file.name in said
            written = file.read_text()
            assert "in _fail" in written
            assert "hunter2" not in written + bytes(terminal.transcript).decode()
            assert file.stat().st_mode & 0o77 == 0

    def test_words_are_told_of_errors_raised_on_purpose_alone(self) -> None:
        secret = "token-of-somebody"
        try:
            try:
                raise KeyError(secret)
            except KeyError as error:
                raise EngineError("helm said no") from error
        except EngineError as error:
            text = report(error)
        assert "helm said no" in text
        assert "KeyError" in text
        assert secret not in text

    def test_a_folder_that_takes_no_file_costs_the_report_alone(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert write_report(ValueError(), tmp_path / "file") is None


class TestKilled:
    def test_reset_terminal_gives_back_what_a_killed_console_left(self) -> None:
        left = "stty raw -echo; printf '\\033[?1049h\\033[?1002h\\033[?25l\\033[3g\\033[5G\\033H'"
        reset = f"{PYTHON} -m acp_tui reset-terminal"
        with Terminal(["bash", "-c", f"{left}; {reset}; echo put-back; read"]) as terminal:
            tabs = set(terminal.screen.tabstops)
            terminal.shows("put-back")
            assert set(terminal.screen.tabstops) == tabs
            assert terminal.screen.cursor.x == 0
            for mode in (b"\x1b[?1049l", b"\x1b[?1002l", b"\x1b[?25h", b"\x1b[?2004l"):
                assert mode in terminal.transcript
            _, output, _, local, *_ = termios.tcgetattr(terminal.descriptor)
            assert local & termios.ECHO
            assert local & termios.ICANON
            assert local & termios.ISIG
            assert output & termios.OPOST


class TestPoorTerminals:
    def test_one_that_only_prints_lines_gets_a_sentence(self) -> None:
        with pytest.raises(UsageError, match="only prints lines"):
            check_terminal({"TERM": "dumb"})

    def test_a_browser_is_not_asked(self) -> None:
        check_terminal({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"})

    def test_a_small_one_gets_a_sentence_until_it_grows(self) -> None:
        with Terminal(STAGE, size=(30, 8)) as terminal:
            terminal.shows("acp-tui needs 40x10 cells")
            assert "Fleet" not in terminal.text
            terminal.resize(80, 24)
            terminal.shows("Fleet 6")

    def test_without_colours_none_is_sent(self) -> None:
        with Terminal(STAGE, env={"NO_COLOR": "1"}) as terminal:
            terminal.shows("Fleet 6", "payments-api")
            terminal.quiet()
            assert {(fg, bg) for row in terminal.cells() for _, fg, bg, *_ in row} <= {
                ("default", "default"),
                ("", "default"),
            }

    def test_of_sixteen_colours_only_those_are_sent(self) -> None:
        env = {"TERM": "xterm", "COLORTERM": "", "STAGE_THEME": "auto"}
        with Terminal(STAGE, env=env) as terminal:
            terminal.shows("Fleet 6", "payments-api")
            terminal.quiet()
            sent = {
                code for found in re.findall(rb"\x1b\[([\d;]*)m", terminal.transcript) for code in found.split(b";")
            }
            assert {b"38", b"48"}.isdisjoint(sent)
            assert any(30 <= int(code or 0) <= 37 or 90 <= int(code or 0) <= 97 for code in sent)

    def test_one_that_draws_signs_two_cells_wide_gets_ascii(self) -> None:
        with Terminal(STAGE, answers=False, env={"STAGE_GLYPHS": "auto"}) as terminal:
            terminal.shows("Fleet 6", "╭")
            terminal.quiet()
            terminal.send("\x1b[1;3R\x1b[1;2R")
            terminal.until(lambda: "╭" not in terminal.text and "●" not in terminal.text)
            assert "+- Fleet 6" in terminal.text

    def test_one_that_draws_them_in_one_keeps_them(self) -> None:
        with Terminal(STAGE, env={"STAGE_GLYPHS": "auto"}) as terminal:
            terminal.shows("Fleet 6", "payments-api")
            terminal.quiet()
            assert "╭" in terminal.text

    @pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
    def test_one_of_another_locale_gets_ascii(self, locale: str) -> None:
        env = {"STAGE_GLYPHS": "auto", "LANG": locale, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        with Terminal(STAGE, env=env) as terminal:
            terminal.shows("Fleet 6", "payments-api")
            assert "+- Fleet 6" in terminal.text
            assert "╭" not in terminal.text

    def test_one_that_answers_nothing_is_drawn_on(self) -> None:
        with Terminal(STAGE, answers=False) as terminal:
            terminal.shows("Fleet 6", "payments-api")
            terminal.quiet()
            assert b"\x1b[?2026h" not in terminal.transcript


class TestChoice:
    @pytest.mark.parametrize("env", [{"TEXTUAL_DRIVER": "a:B"}, {DRIVER_VARIABLE: "stock"}])
    def test_the_driver_stays_off(self, env: dict[str, str]) -> None:
        assert driver_for(env) is None

    def test_a_browser_gets_the_console_through_its_own(self) -> None:
        web = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "120", "ROWS": "40"}
        with subprocess.Popen(
            STAGE, env={**os.environ, **web}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as served:
            assert served.stdout is not None
            said = b""
            while b"payments-api" not in said and (more := os.read(served.stdout.fileno(), 65536)):
                said += more
            served.kill()
        assert said.startswith(b"__GANGLION__\n")
        assert b"payments-api" in said

    def test_windows_keeps_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        assert driver_for({}) is None

    def test_it_is_ours_otherwise(self) -> None:
        assert driver_for({}) is ThriftyDriver


class TestColours:
    def test_a_colour_of_the_palette_is_itself(self) -> None:
        assert all(PALETTE[nearest(rgb, Depth.EIGHT_BIT)] == rgb for rgb in PALETTE[16:])

    def test_dark_surfaces_stay_near_what_they_are(self) -> None:
        for surface in ((0x24, 0x28, 0x3B), (0x28, 0x2A, 0x36), (0x00, 0x2B, 0x36), (0x24, 0x27, 0x3A)):
            assert distance(surface, PALETTE[nearest(surface, Depth.EIGHT_BIT)]) < 20

    def test_none_is_farther_than_the_one_of_rich_and_many_are_nearer(self) -> None:
        dice = random.Random(4)
        nearer = 0
        for _ in range(300):
            wanted = dice.randrange(256), dice.randrange(256), dice.randrange(256)
            theirs = Color.from_rgb(*wanted).downgrade(ColorSystem.EIGHT_BIT).number
            assert theirs is not None
            ours = distance(wanted, PALETTE[nearest(wanted, Depth.EIGHT_BIT)])
            rounded = distance(wanted, PALETTE[theirs])
            assert theirs < 16 or ours <= rounded
            nearer += ours < rounded - 2.3
        assert nearer > 60

    def test_of_sixteen_red_is_red(self) -> None:
        assert nearest((0xFF, 0x20, 0x20), Depth.SIXTEEN) == 9


class TestProbe:
    @pytest.mark.parametrize(
        ("columns", "findings"),
        [
            ((2, 5, 6), [Finding.NOTHING, Finding.REPEATS, Finding.STOPS]),
            ((3, 2, 9), [Finding.WIDE_SIGNS, Finding.NOTHING, Finding.NOTHING]),
            ((2, 5, 4), [Finding.NOTHING, Finding.REPEATS, Finding.NOTHING]),
        ],
    )
    def test_the_answers_are_read_in_their_order(self, columns: tuple[int, ...], findings: list[Finding]) -> None:
        probe = Probe()
        probe.question()
        assert [probe.answered(column) for column in columns] == findings
        assert probe.answered(5) is None


def test_a_title_and_a_call_carry_no_sequence_of_somebody_else() -> None:
    assert title("prod\x1b]0;x\x07") == "\x1b]2;prod]0;x\x07"
    assert call("done\n") == "\x07\x1b]9;done\x07"
