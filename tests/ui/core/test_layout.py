"""Which columns stand where, and what a line of them looks like."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from acp_tui.config.themes import FALLBACK
from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.fleet.views import VIEWS
from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import ASCII, FULL, Glyphs, choose
from acp_tui.ui.theme import look_of
from acp_tui.ui.widgets.paint import Brush, Painted, lay_out
from tests.ui.core.host import VIEW

LOOK = look_of(FALLBACK)


def ids(width: int, *, wide: bool = False, skip: int = 0) -> list[str]:
    return [column.id for column, _ in lay_out(VIEW, width, wide=wide, skip=skip).columns]


def test_columns_go_by_priority_when_it_gets_narrow() -> None:
    assert ids(80) == ["name", "health", "value", "age", "more"]
    assert ids(40) == ["name", "health", "value", "age"]
    assert ids(26) == ["name", "health", "value"]


def test_sideways_the_first_column_stays() -> None:
    assert ids(40, skip=1) == ["name", "value", "age"]
    assert ids(40, skip=3) == ["name", "more"]


def test_all_columns_means_that_no_priority_counts() -> None:
    assert ids(40, wide=True) == ["name", "health", "value", "age"]


def test_hidden_columns_are_counted() -> None:
    assert lay_out(VIEW, 26).hidden == 2


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.id)
@pytest.mark.parametrize("width", [20, 40, 76, 100, 116, 196])
def test_no_view_is_ever_wider_than_its_pane(view: View[object], width: int) -> None:
    layout = lay_out(view, width)

    assert layout.columns
    assert sum(room for _, room in layout.columns) + len(layout.columns) - 1 <= width


def line(*cells: Painted, words: tuple[str, ...] = (), glyphs: object = FULL, guide: str = "") -> str:
    brush = Brush(LOOK, ASCII if glyphs is ASCII else FULL, words)
    layout = lay_out(VIEW, 26)
    out = brush.line(layout, cells, width=30, guide=guide)
    text = "".join(segment.text for segment in out)
    assert cell_len(text) == 30
    return text


def test_a_health_is_a_sign_and_a_word() -> None:
    assert line(Painted("x", Tone.PLAIN), Painted("fail", Tone.FAIL), Painted("7", Tone.PLAIN))[12:18] == "✖ fail"
    assert "x fail" in line(
        Painted("a", Tone.PLAIN), Painted("fail", Tone.FAIL), Painted("7", Tone.PLAIN), glyphs=ASCII
    )


def test_wide_characters_keep_the_columns_straight() -> None:
    text = line(Painted("库存服务", Tone.PLAIN), Painted("ok", Tone.OK), Painted("7", Tone.PLAIN))

    assert cell_len(text[: text.index("●")]) == 12


def test_a_guide_takes_its_cells_from_the_name() -> None:
    text = line(Painted("deployment-x", Tone.PLAIN), Painted("ok", Tone.OK), Painted("7", Tone.PLAIN), guide="│ ├▾ ")

    assert text.startswith(" │ ├▾ ")
    assert cell_len(text[: text.index("●")]) == 12


def test_found_words_are_highlighted_and_nothing_else() -> None:
    brush = Brush(LOOK, FULL, ("pay",))
    cells = [Painted("payments", Tone.PLAIN), Painted("ok", Tone.OK), Painted("7", Tone.PLAIN)]

    out = brush.line(lay_out(VIEW, 26), cells, width=30)

    assert [segment.text for segment in out if segment.style and segment.style.bgcolor == LOOK.match.bgcolor] == ["pay"]


def test_a_bar_shows_how_full_it_is() -> None:
    column: Column[object] = Column(
        id="cpu", title="CPU", width=16, grow=1, cell=lambda r, now: Cell(""), sort=lambda r: 0, bar=lambda r: 0.5
    )
    view: View[object] = View(id="quota", title="", digit="", kind_word="", columns=(column,), order=lambda row: 0)

    def line(width: int) -> str:
        out = Brush(LOOK, FULL).line(lay_out(view, width), [Painted("50% 2/4", Tone.OK, 3)], width=width + 2)
        return "".join(segment.text for segment in out).rstrip()

    assert line(23) == " ▇▇▇▁▁▁ 50% 2/4"
    assert line(21) == " ▇▇▁▁ 50% 2/4", "the bar gives way to the numbers"
    assert line(16) == " ▇▇▁ 50% 2/4"


def test_the_heading_says_what_the_rows_are_sorted_by_and_that_columns_are_hidden() -> None:
    layout = lay_out(VIEW, 26)

    text = "".join(
        segment.text for segment in Brush(LOOK, FULL).heading(layout, width=30, sort="value", descending=True)
    )

    assert "VALUE↓" in text
    assert text.endswith("›")


@pytest.mark.parametrize(
    ("env", "glyphs"),
    [
        ({"LANG": "en_US.UTF-8", "TERM": "xterm-256color"}, FULL),
        ({"LANG": "C.UTF-8"}, FULL),
        ({}, FULL),
        ({"LANG": "C"}, ASCII),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, ASCII),
        ({"LANG": "C", "LC_ALL": "zh_CN.UTF-8"}, FULL),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, ASCII),
    ],
)
def test_a_terminal_without_a_locale_is_drawn_in_ascii(env: dict[str, str], glyphs: Glyphs) -> None:
    assert choose("auto", env=env, encoding="utf-8") is glyphs
    assert choose("full", env=env, encoding="ascii") is FULL
