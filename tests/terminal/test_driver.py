"""The console on a pseudo-terminal: what it sends, what it survives, how it leaves."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from acp_tui.terminal.capabilities import DRIVER_VARIABLE
from bench.terminal import key_to_first_byte
from tests.terminal.ptys import PYTHON, SHELLS_TITLE, Terminal

STAGE = [PYTHON, "-m", "tests.terminal.stage"]
STOCK = {DRIVER_VARIABLE: "stock"}
READY = ("Fleet 6", "Applications 32", "payments-api", "first causes")
SCENES = (
    ("other pane", "\t", "Applications"),
    ("a page down", "\x1b[6~", "库存服务"),
    ("help", "?", "Keys in applications"),
    ("back", "\x1b", ": go to"),
    ("zoomed", "z", "Applications 32"),
    ("releases", "3", "Releases"),
    ("filter", "/pay", "payments"),
)


def ready(terminal: Terminal) -> Terminal:
    terminal.shows(*READY)
    terminal.quiet()
    return terminal


@pytest.fixture
def console() -> Iterator[Terminal]:
    with Terminal(STAGE) as terminal:
        yield ready(terminal)


def test_the_screen_looks_as_with_the_stock_driver() -> None:
    """The whole way, driver and all; `test_scenes` compares every scene there is."""
    with Terminal(STAGE) as ours, Terminal(STAGE, env=STOCK) as stock:

        def same(name: str) -> None:
            for pause in (0.2, 2.0):
                ours.quiet(pause)
                stock.quiet(pause)
                if ours.cells() == stock.cells():
                    return
            assert ours.cells() == stock.cells(), name

        ready(ours), ready(stock)
        same("start")
        for name, typed, mark in SCENES:
            for terminal in (ours, stock):
                terminal.send(typed)
            for terminal in (ours, stock):
                terminal.shows(mark)
            same(name)


class TestBudgets:
    """Bytes at 200x50 in true colour."""

    def test_nothing_at_rest_seen_or_not(self, console: Terminal) -> None:
        assert console.pump(3) == 0
        woken = _wakings(console.pid)
        console.send("\x1b[O")
        # The frame of what had the focus, once.
        assert console.quiet() <= 150
        assert console.pump(3) == 0
        # A look at the ages each second; nobody looks whether a key has come.
        assert _wakings(console.pid) - woken < 20

    def test_one_cell(self, console: Terminal) -> None:
        console.signal(signal.SIGUSR1)
        assert console.shows("42/1") <= 150

    def test_a_move_of_the_cursor(self, console: Terminal) -> None:
        sizes = []
        for _ in range(9):
            console.send("j")
            sizes.append(console.quiet(0.3))
        assert sorted(sizes)[4] <= 600

    def test_a_page(self) -> None:
        """Of two thousand rows that differ, in the one pane there is; `test_bytes` turns pages in every view."""
        with Terminal(STAGE, env={"STAGE_FLEET": "town"}) as terminal:
            terminal.shows("Fleet 2000", "Applications 2000")
            terminal.quiet()
            terminal.send("\t3z")
            terminal.quiet()
            for _ in range(3):
                terminal.send("\x1b[6~")
                assert 1000 < terminal.quiet() <= 4000
            assert b"\x1bH" in terminal.transcript, "stops are set, because the terminal showed that it takes them"

    def test_the_focus(self, console: Terminal) -> None:
        console.send("\t")
        assert 0 < console.quiet() <= 1500

    def test_a_dialog(self, console: Terminal) -> None:
        console.send("\x10")
        assert 0 < console.quiet() <= 3000
        console.send("\x1b")
        assert 0 < console.quiet() <= 3000

    def test_busy_panes(self, console: Terminal) -> None:
        console.signal(signal.SIGUSR2)
        console.pump(1)
        assert 0 < console.pump(4) <= 4 * 10 * 1024


class TestWork:
    def test_sending_what_a_key_changed_costs_less_than_half_of_drawing_it(self) -> None:
        """Processor time in one run; `bench.terminal` prints it in milliseconds."""
        found = [measure.ours for measure in key_to_first_byte(rounds=12)]
        for drawn, sent in zip(found[::2], found[1::2], strict=True):
            assert 0 < drawn < sent < 1.5 * drawn


class TestSlowLine:
    def test_a_key_waits_for_the_frame_on_the_line_and_for_no_other(self) -> None:
        with Terminal(STAGE) as terminal:
            ready(terminal)
            terminal.send("z")
            terminal.quiet()
            terminal.rate = 30_000
            for _ in range(40):
                terminal.send("\x1b[6~\x1b[5~")
            terminal.send("?")
            # Eighty pages are some 100 KB; what of them was not on the line yet is never sent.
            assert terminal.shows("Keys in") < 40_000

    @pytest.mark.parametrize("hoards", [False, True], ids=["plain", "hoarding"])
    def test_five_updates_a_second_do_not_delay_a_key(self, hoards: bool) -> None:
        with Terminal(STAGE, hoards=hoards) as terminal:
            flooded(terminal, rate=30_000)
            found = []
            for _ in range(10):
                terminal.pump(0.5)
                terminal.send("/")
                found.append(terminal.until(lambda: "take it" in terminal.lines[-1]))
                terminal.send("\x1b")
                terminal.until(lambda: "take it" not in terminal.lines[-1])
            # What the line carries in 150 ms, the picture itself among it. A machine at work on other things answers
            # some of them later, which no line is to blame for: `test_slow_line` has every key, and no other clock
            # than the line's.
            assert sorted(found)[4] < 4_500

    def test_on_a_line_that_carries_less_than_there_is_old_frames_vanish(self) -> None:
        with Terminal(STAGE, hoards=True) as terminal:
            flooded(terminal, rate=5_000)
            terminal.until(lambda: terminal.transcript.count(b"\x1b[5n") > 8)  # by then the line is known
            waiting = []
            for _ in range(4):
                terminal.pump(1)
                waiting.append(len(terminal.hoarded))
            # A frame or two, however long it lasts; without questions it grows, as below.
            assert max(waiting) < 12_000
            terminal.signal(signal.SIGRTMIN)
            terminal.rate = 0
            terminal.quiet(2)  # what changed last is marked for a second
            painted = terminal.cells()
            terminal.screen.reset()
            terminal.send("\x0c")
            terminal.quiet()
            assert terminal.cells() == painted

    def test_without_questions_they_queue_up_in_front_of_such_a_line(self) -> None:
        with Terminal(STAGE, hoards=True, env={"STAGE_UNPACED": "1"}) as terminal:
            flooded(terminal, rate=5_000)
            assert b"\x1b[5n" not in terminal.transcript
            terminal.until(lambda: len(terminal.hoarded) > 24_000)


def flooded(terminal: Terminal, *, rate: int) -> None:
    """One wide pane, every row of it changing five times a second, on a slow line."""
    ready(terminal)
    terminal.send("\tz")
    terminal.quiet()
    terminal.rate = rate
    terminal.signal(signal.SIGRTMIN)


class TestInput:
    def test_a_million_random_bytes_are_survived_and_the_next_key_is_heard(self) -> None:
        dice = random.Random(4)
        with Terminal([PYTHON, "-m", "tests.terminal.listener"], size=(60, 12)) as terminal:
            terminal.shows("listening")
            for _ in range(256):
                terminal.send(dice.randbytes(4096))
            terminal.send(b"\x1b[201~\x1b\\\x1b[24~")
            terminal.shows("heard f12", seconds=120)

    def test_escape_acts_within_thirty_milliseconds_of_what_any_key_takes(self) -> None:
        taken: dict[str, list[float]] = {"\x1b": [], "\x1b[24~": []}
        with Terminal([PYTHON, "-m", "tests.terminal.listener"], size=(60, 12)) as terminal:
            terminal.shows("listening")
            terminal.quiet()
            for _ in range(15):
                for key, name in (("\x1b", "escape"), ("\x1b[24~", "f12")):
                    began = time.monotonic()
                    terminal.send(key)
                    terminal.shows(f"heard {name}")
                    taken[key].append(time.monotonic() - began)
        escape, other = map(median, taken.values())
        assert escape - other <= 0.03

    def test_the_console_survives_random_keys(self, console: Terminal) -> None:
        dice = random.Random(7)
        harmless = bytes.maketrans(b"qQ\x11\x1a\x03\r", b"......")
        for _ in range(4):
            console.send(dice.randbytes(4096).translate(harmless))
        console.send(b"\x1b[201~\x1b\\")
        console.quiet(1, limit=60)
        assert console.alive, console.exit_code

    def test_a_paste_beside_an_input_presses_no_key(self, console: Terminal) -> None:
        console.send("\x1b[200~?zq\r\x1b[201~")
        assert console.quiet() == 0
        assert console.alive

    def test_the_mouse_is_asked_for_buttons_and_not_for_motion(self) -> None:
        with Terminal(STAGE) as terminal:
            ready(terminal)
            assert b"\x1b[?1002h" in terminal.transcript
            assert b"1003" not in terminal.transcript
            terminal.send("\x1b[<0;150;6M\x1b[<0;150;6m")
            terminal.shows("owner")

    def test_a_terminal_that_is_gone_ends_the_program(self) -> None:
        with Terminal(STAGE) as terminal:
            ready(terminal)
            terminal.hang_up()
            assert terminal.wait(10) == 128 + signal.SIGHUP


class TestSize:
    def test_a_thousand_resizes_are_survived_and_the_last_one_is_painted(self, console: Terminal) -> None:
        dice = random.Random(2)
        for _ in range(1000):
            console.resize(dice.randrange(20, 220), dice.randrange(5, 60))
            console.pump(0.001)
        console.resize(160, 45)
        console.shows("Fleet 6")
        console.quiet(2)
        before = console.cells()
        console.screen.reset()
        console.send("\x0c")
        console.quiet(1)
        assert console.cells() == before

    def test_the_same_size_again_paints_everything(self, console: Terminal) -> None:
        before = console.cells()
        console.screen.reset()
        console.signal(signal.SIGWINCH)
        console.quiet()
        assert console.cells() == before

    def test_redraw_paints_everything(self, console: Terminal) -> None:
        before = console.cells()
        console.screen.reset()
        console.send("\x0c")
        console.quiet()
        assert console.cells() == before


class TestLeaving:
    @pytest.mark.parametrize("number", [0, signal.SIGTERM, signal.SIGHUP])
    def test_the_terminal_is_put_back(self, number: int) -> None:
        with Terminal(STAGE) as terminal:
            tabs = set(terminal.screen.tabstops)
            ready(terminal)
            terminal.send("\t2z\x1b[6~")  # the page sets tabulator stops
            terminal.until(lambda: set(terminal.screen.tabstops) != tabs)
            assert terminal.title == "acp-tui"
            if number:
                terminal.signal(number)
            else:
                terminal.send("q")
            assert terminal.wait() == (128 + number if number else 0)
            assert terminal.title == SHELLS_TITLE
            assert set(terminal.screen.tabstops) == tabs
            end = bytes(terminal.transcript[-400:])
            for mode in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1002l", b"\x1b[?1004l", b"\x1b[?2004l"):
                assert mode in end


def test_memory_does_not_grow_with_use(console: Terminal) -> None:
    def use(times: int) -> None:
        for _ in range(times):
            console.send("\t" * 10)
            console.send("?")
            console.shows("Keys in")
            console.send("\x1b")
            console.until(lambda: "Keys in" not in console.text)

    use(10)
    before = _resident(console.pid)
    use(100)
    assert _resident(console.pid) - before <= 10 * 1024


def _wakings(pid: int) -> int:
    """How often its threads went to sleep so far, and so were woken."""
    states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(state.split("\nvoluntary_ctxt_switches:")[1].split()[0]) for state in states)


def _resident(pid: int) -> int:
    """KiB of memory a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_the_simulated_fleet_at_rest_costs_nothing() -> None:
    with Terminal([PYTHON, "-m", "acp_tui", "demo", "--still"]) as terminal:
        terminal.shows("prod-east", "5 live", seconds=60)
        terminal.quiet(5, limit=60)
        # The clock and the ages go on by a minute, not together; nothing else moves.
        found = sorted(terminal.pump(5) for _ in range(4))
        assert found[:2] == [0, 0]
        assert found[-1] <= 300
