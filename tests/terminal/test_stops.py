"""Tabulator stops: taken where they make a frame shorter, right on the screen, and put back as they were."""

from __future__ import annotations

import random
from collections import Counter

from acp_tui.terminal.screen import Screen
from acp_tui.terminal.stops import EVERY, Stops
from tests.terminal.ptys import Emulator, Stream, plain, seen

SIZE = (120, 30)
COLUMNS = (2, 25, 41, 60, 66, 90)
USUAL = set(range(EVERY, SIZE[0], EVERY))
STYLES = ("0", "2", "38;2;9;120;9")


def table(dice: random.Random, columns: tuple[int, ...] = COLUMNS) -> str:
    """A page of rows of which every cell is another one than before."""
    rows = []
    for y in range(2, SIZE[1]):
        for x in columns:
            word = "".join(dice.choice("abcdefgh仓 ") for _ in range(dice.randrange(1, 5))).ljust(8)[:8]
            rows.append(f"\x1b[{y};{x + 1}H\x1b[{STYLES[x % 3]}m{word}\x1b[0m  ")
    return "".join(rows)


class Both:
    """What is sent for a frame, with and without stops, each on an emulator of its own."""

    def __init__(self) -> None:
        self.screens = [Screen(*SIZE), Screen(*SIZE)]
        self.emulators = [Emulator(*SIZE), Emulator(*SIZE)]
        self.streams = [Stream(each) for each in self.emulators]
        self.screens[1].stops.usable = True
        self.send("\x1b[?1049h")

    def send(self, data: str) -> list[int]:
        sent = []
        for screen, stream in zip(self.screens, self.streams, strict=True):
            screen.feed(data)
            changes = screen.changes().encode()
            stream.feed(plain(changes))
            sent.append(len(changes))
        assert seen(self.emulators[0]) == seen(self.emulators[1])
        return sent

    @property
    def tabs(self) -> set[int]:
        return set(self.emulators[1].tabstops)

    def leave(self) -> None:
        self.streams[1].feed(self.screens[1].stops.put_back().encode())


def test_a_page_of_a_table_is_a_sixth_shorter_with_them_and_looks_the_same() -> None:
    here, dice = Both(), random.Random(4)
    here.send(table(dice))
    for _ in range(5):
        without, ours = here.send(table(dice))
        assert ours < 0.84 * without
    assert here.tabs == set(here.screens[1].stops.columns)


def test_another_table_gets_others_and_leaving_puts_the_usual_ones_back() -> None:
    here, dice = Both(), random.Random(4)
    here.send(table(dice))
    before = here.tabs
    assert before
    for _ in range(2):
        here.send(table(dice, (4, 33, 50, 77, 104)))
    assert here.tabs.isdisjoint(before)
    here.leave()
    assert here.tabs == USUAL


def test_what_somebody_else_did_to_them_is_mended_with_the_next_whole_frame() -> None:
    here, dice = Both(), random.Random(4)
    here.send(table(dice))
    here.emulators[1].tabstops = {5, 7, 33}
    for screen in here.screens:
        screen.forget()
    here.send(table(dice))
    here.send(table(dice))
    assert here.tabs == set(here.screens[1].stops.columns)


def test_a_small_change_is_never_worth_any() -> None:
    here = Both()
    without, ours = here.send("\x1b[4;50Hone\x1b[5;50Htwo\x1b[6;50Hthree")
    assert ours == without
    assert here.tabs == USUAL
    here.leave()
    assert here.tabs == USUAL


def test_a_terminal_that_did_not_show_that_it_takes_them_gets_none() -> None:
    assert Stops(SIZE[0]).fitting(Counter({(0, 20): 99})) == ()
