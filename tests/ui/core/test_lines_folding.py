"""Long causes are folded into the room below the table, and nothing of them is lost while there is room."""

from __future__ import annotations

import pytest

from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.cells import width_of
from acp_tui.ui.widgets.folding import folded

CAUSE: tuple[Span, ...] = (
    ("x ", Tone.FAIL),
    ("application shop/payments-api  ", Tone.PLAIN),
    ("ImagePullBackOff: registry/pay:1.9.2 not found (2 of 2 new pods)", Tone.DIM),
)


def text(line: list[Span]) -> str:
    return "".join(words for words, _ in line)


@pytest.mark.parametrize("width", [30, 41, 60])
def test_a_cause_takes_the_lines_it_needs_and_loses_no_word(width: int) -> None:
    lines = folded([CAUSE], width=width, room=6)

    assert all(width_of(text(line).rstrip()) <= width for line in lines)
    assert " ".join(map(text, lines)).split() == text(list(CAUSE)).split()


def test_a_line_that_fits_is_left_alone() -> None:
    assert folded([CAUSE], width=200, room=6) == [list(CAUSE)]


def test_blanks_at_the_end_of_a_line_are_not_what_cuts_it() -> None:
    lines = folded([[("age 76m   ", Tone.PLAIN), ("ip ", Tone.DIM), ("10.0.0.1   ", Tone.PLAIN)]], width=12, room=3)

    assert [text(line) for line in lines] == ["age 76m   ip", "  10.0.0.1"]


def test_no_line_gives_its_place_to_the_folds_of_another() -> None:
    lines = folded([CAUSE, CAUSE, CAUSE], width=50, room=4)

    assert len(lines) == 4
    assert [text(line).startswith("x ") for line in lines] == [True, False, True, True]


def test_wide_and_endless_words_are_broken_by_cells() -> None:
    lines = folded([[("镜像拉取失败" * 6, Tone.FAIL)]], width=20, room=9)

    assert all(width_of(text(line)) <= 20 for line in lines)
    assert "".join(text(line).strip() for line in lines) == "镜像拉取失败" * 6
