"""The difference between two screens: small, whole, and always enough to make a terminal show what is wanted."""

from __future__ import annotations

import random
import re

import pytest
from rich.cells import set_cell_size

from acp_tui.terminal.colours import Depth
from acp_tui.terminal.screen import Screen
from tests.terminal.ptys import Emulator, Stream, seen

SLOT = 12
ENTER = "\x1b[?1049h"
WORDS = ("pod", "仓库", "│", "─" * 12, "…", "   ", "é", "e\u0301", "payments-api", "한글 문", " 字 ")
STYLES = ("", "1", "4", "7", "1;7;33", "38;2;1;2;3", "48;2;40;50;60", "1;38;5;99", "31;44", "9", "2;3")


def shown(width: int = 20, height: int = 4, *, repeats: bool = False, stops: bool = False) -> Screen:
    """A screen whose blank first frame has been sent."""
    screen = Screen(width, height)
    screen.repeats = repeats
    screen.stops.usable = stops
    screen.feed(ENTER)
    screen.changes()
    return screen


def paint(x: int, y: int, text: str, style: str = "") -> str:
    run = f"\x1b[{style}m{text}\x1b[0m" if style else text
    return f"\x1b[{y + 1};{x + 1}H{run}\x1b[1;1H"


def random_frame(dice: random.Random, width: int, height: int) -> str:
    """Words in slots, because the emulator does not blank the other half of a wide character as terminals do."""
    return "".join(
        paint(
            dice.randrange(width // SLOT) * SLOT,
            dice.randrange(height),
            set_cell_size(dice.choice(WORDS), SLOT),
            dice.choice(STYLES),
        )
        for _ in range(dice.randrange(1, 30))
    )


class TestWhatIsSent:
    def test_nothing_for_the_same_frame_again(self) -> None:
        screen = shown()
        screen.feed(paint(2, 1, "ready", "1"))
        screen.changes()
        screen.feed(paint(2, 1, "ready", "1"))
        assert screen.changes() == ""

    def test_one_changed_letter_is_one_move_and_one_letter(self) -> None:
        screen = shown()
        screen.feed(paint(0, 1, "3/4 ready"))
        screen.changes()
        screen.feed(paint(0, 1, "4/4 ready"))
        assert screen.changes() == "\x1b[2H4"

    def test_a_small_gap_is_written_again_and_a_wide_one_stepped_over(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "a.b..........c"))
        screen.changes()
        screen.feed(paint(0, 0, "A.B..........C"))
        assert screen.changes() == "\x1b[1HA.B\x1b[10CC"

    def test_colours_of_a_letter_that_is_not_there_cost_nothing(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "     ", "38;2;9;9;9"))
        assert screen.changes() == ""

    def test_a_reversed_space_shows_the_shade_of_its_letter(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "  ", "1;7;31"))
        assert screen.changes() == "\x1b[1;7;31m\x1b[1H  \x1b[m"

    def test_the_frame_in_between_is_never_sent(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "first"))
        screen.feed(paint(0, 0, "     "))
        assert screen.changes() == ""

    def test_runs_are_said_by_number_where_the_terminal_can(self) -> None:
        screen = shown(repeats=True)
        screen.feed(paint(0, 0, "─" * 20))
        assert screen.changes() == "\x1b[1H─\x1b[19b"

    def test_a_frame_of_some_size_is_shown_at_once_where_the_terminal_can(self) -> None:
        screen = shown(600)
        screen.feed("\x1b[?2026h" + paint(0, 0, "x" * 600) + paint(0, 1, "x" * 600) + "\x1b[?2026l")
        changes = screen.changes()
        assert changes.startswith("\x1b[?2026h")
        assert changes.endswith("\x1b[?2026l")
        assert changes.count("x") == 1200

    def test_a_cursor_that_waits_for_typing_is_put_in_its_place(self) -> None:
        screen = shown()
        screen.feed("\x1b[3;5H")
        assert screen.changes() == "\x1b[3;5H"
        assert screen.changes() == ""


class TestWideCharacters:
    def test_writing_over_one_half_blanks_the_other(self) -> None:
        screen = shown()
        screen.feed(paint(2, 0, "仓库"))
        screen.feed(paint(3, 0, "x"))
        assert screen.wanted.lines()[0].startswith("   x库")

    def test_one_that_does_not_fit_any_more_is_a_space(self) -> None:
        screen = shown(5)
        screen.feed(paint(1, 0, "仓库库"))
        assert screen.wanted.lines()[0] == " 仓库"
        screen.feed(paint(0, 1, "仓库库"))
        assert screen.wanted.lines()[1] == "仓库 "

    def test_after_a_joined_character_the_column_is_said_by_number(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "e\u0301x"))
        assert screen.changes() == "\x1b[1He\u0301\x1b[1;2Hx"


class TestWhatIsNotText:
    def test_modes_titles_and_queries_are_handed_on_in_their_order(self) -> None:
        screen = shown()
        sequences = "\x1b[?1004h\x1b[?2026$p\x1b[>25u\x1b]2;title\x07\x1b[6n\x07\x1b]52;c;YQ==\x07"
        screen.feed(sequences)
        assert screen.changes() == sequences

    def test_what_is_not_known_is_handed_on_and_everything_is_painted_again(self) -> None:
        screen = shown(4, 1)
        screen.feed(paint(0, 0, "abcd"))
        screen.changes()
        screen.feed("\x1b[2J")
        assert screen.changes() == "\x1b[2J\x1b[1Habcd"

    def test_nothing_is_painted_before_and_after_the_alternate_screen(self) -> None:
        screen = Screen(4, 1)
        screen.feed(paint(0, 0, "abcd"))
        assert screen.changes() == ""
        screen.feed(ENTER + paint(0, 0, "abcd") + "\x1b[?1049l")
        assert screen.changes() == f"{ENTER}\x1b[?1049l"

    def test_a_control_character_in_a_text_never_reaches_the_terminal(self) -> None:
        screen = shown()
        screen.feed(paint(0, 0, "a\x9b\x05\x0eb"))
        assert screen.changes() == "\x1b[1Hab"

    def test_links_open_and_close(self) -> None:
        screen = shown()
        screen.feed("\x1b[1;1H\x1b]8;id=1;https://a.example\x1b\\here\x1b]8;;\x1b\\\x1b[H")
        assert screen.changes() == "\x1b]8;id=1;https://a.example\x1b\\\x1b[1Hhere\x1b]8;;\x1b\\"


@pytest.mark.parametrize("able", [False, True], ids=["plain", "with all short ways"])
@pytest.mark.parametrize("seed", range(12))
def test_the_terminal_shows_what_it_would_without_the_difference(seed: int, *, able: bool) -> None:
    dice = random.Random(seed)
    width, height = dice.randrange(SLOT, 60), dice.randrange(2, 12)
    screen = shown(width, height, repeats=able, stops=able)
    direct, ours = Emulator(width, height), Emulator(width, height)
    into_direct, into_ours = Stream(direct), Stream(ours)
    into_ours.feed(b"\x1b[?7l")
    into_direct.feed(b"\x1b[?7l")
    for _ in range(40):
        frame = random_frame(dice, width, height)
        into_direct.feed(frame.encode())
        screen.feed(frame)
        if dice.random() < 0.1:
            screen.forget()
        if dice.random() < 0.7:
            into_ours.feed(screen.changes().encode())
            assert seen(ours) == seen(direct)


def page(first: int, *, cursor: int = 0, lines: int = 10) -> str:
    """Lines of a list from one of them on, in a frame, with the one under the cursor marked and a bar at the edge."""
    rows = [
        paint(
            0, y + 1, f"│{'>' if y == cursor else ' '}line {first + y} 仓库{'x' * (first + y)} ".ljust(58) + "│", style
        )
        for y, style in enumerate(["7" if y == cursor else "38;2;9;9;9;48;2;40;50;60" for y in range(lines)])
    ]
    return paint(0, 0, "─" * 60) + "".join(rows) + paint(59, 1 + first % lines, "┃") + paint(0, lines + 1, "─" * 60)


class TestScrolling:
    """The list on the screen moves by some lines: what is shown already is moved by the terminal."""

    @pytest.mark.parametrize("step", [1, -1, 3, -3])
    def test_only_the_lines_that_come_in_are_sent(self, step: int) -> None:
        screen = shown(60, 14)
        emulator, direct = Emulator(60, 14), Emulator(60, 14)
        into, into_direct = Stream(emulator), Stream(direct)
        first = 20
        for turn in range(5):
            screen.feed(page(first, cursor=turn % 3))
            into_direct.feed(page(first, cursor=turn % 3).encode())
            changes = screen.changes().encode()
            into.feed(changes)
            assert seen(emulator) == seen(direct)
            if turn:
                # Those that come in, and those that the cursor leaves and enters.
                assert changes.count(b"line") <= abs(step) + 2
            first += step

    def test_another_page_is_written_over_the_one_before(self) -> None:
        screen = shown(60, 14)
        screen.feed(page(20))
        screen.changes()
        screen.feed(page(40))
        assert not re.search(r"\x1b\[\d+;\d+r", screen.changes())

    def test_beside_a_list_that_stands_still_nothing_is_moved(self) -> None:
        screen = shown(120, 14)
        beside = "".join(paint(60, y, f"beside {y * 7919}") for y in range(14))
        screen.feed(page(20) + beside)
        screen.changes()
        screen.feed(page(21) + beside)
        assert not re.search(r"\x1b\[\d+;\d+r", screen.changes())


def test_a_resized_screen_is_painted_whole() -> None:
    screen = shown(6, 2)
    screen.feed(paint(0, 0, "仓库ab"))
    screen.changes()
    screen.resize(3, 1)
    assert screen.changes() == "\x1b[1H仓 "
    screen.resize(4, 2)
    assert screen.changes() == "\x1b[1H仓  \x1bE    "


def test_a_terminal_of_256_colours_gets_the_nearest_one() -> None:
    screen = Screen(4, 1, depth=Depth.EIGHT_BIT)
    screen.feed(ENTER + paint(0, 0, "abcd", "38;2;255;136;134"))
    assert screen.changes() == f"{ENTER}\x1b[38;5;210m\x1b[1Habcd\x1b[m"


def test_without_colours_weight_and_reversal_are_left() -> None:
    screen = Screen(4, 1, depth=Depth.NONE)
    screen.feed(ENTER + paint(0, 0, "abcd", "1;7;38;2;255;136;134;44"))
    assert screen.changes() == f"{ENTER}\x1b[1;7m\x1b[1Habcd\x1b[m"


def test_where_there_is_no_room_a_sentence_says_so() -> None:
    screen = Screen(30, 3, smallest=(40, 10))
    screen.feed(ENTER + paint(0, 0, "a picture"))
    sent = screen.changes()
    assert "acp-tui needs 40x10 cells" in sent
    assert "a picture" not in sent
    screen.resize(40, 10)
    assert "a picture" in screen.changes()
