"""Long texts: which rows a line takes, what a search finds, what is painted in which tone."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from acp_tui.insight.mask import MASK
from acp_tui.model.health import Tone
from acp_tui.terminal.glyphs import FULL
from acp_tui.ui.look import colourless
from acp_tui.ui.widgets import tint
from acp_tui.ui.widgets.textbody import TextBody
from acp_tui.ui.widgets.textview import TextView


def body(*lines: str, wrap: int = 0, limit: int = 1000) -> TextBody:
    made = TextBody(limit=limit)
    made.replace(lines)
    made.wrap(wrap)
    return made


def rows(made: TextBody) -> list[str]:
    found = [made.at_row(row) for row in range(made.rows)]
    return [" " * row.indent + made.texts[row.line][row.start : row.end] for row in found]


def test_long_lines_fold_at_the_width_and_lose_nothing() -> None:
    assert rows(body("abcdefgh", "", "xy", wrap=3)) == ["abc", "def", "gh", "", "xy"]


def test_wide_characters_are_never_cut_in_half() -> None:
    assert rows(body("应用发布abc", wrap=5)) == ["应用", "发布a", "bc"]


def test_lines_fold_after_a_word_where_one_ends_near_the_edge() -> None:
    assert rows(body("one two three", wrap=9)) == ["one two ", "three"]
    assert rows(body("a verylongword", wrap=8)) == ["a verylo", "ngword"]


def test_what_is_folded_goes_on_under_its_column() -> None:
    assert rows(body("1m  Failed to pull", wrap=12)) == ["1m  Failed ", "    to pull"]
    assert rows(body("  key: a b c d e", wrap=10)) == ["  key: a ", "  b c d e"]


def test_a_wrapped_body_grows_as_if_it_had_been_wrapped_whole() -> None:
    grown = body("abcdefgh", wrap=3)
    grown.append(["ijklm", "n"])
    assert rows(grown) == rows(body("abcdefgh", "ijklm", "n", wrap=3))


def test_the_oldest_lines_go_when_the_limit_is_reached() -> None:
    made = body("abcdefgh", "b", "c", wrap=3, limit=3)
    assert made.append(["d", "e"]) == 4, "three rows of the first line and one of the second"
    assert made.texts == ["c", "d", "e"]
    assert made.dropped == 2
    assert rows(made) == ["c", "d", "e"]


def test_painted_lines_keep_their_paint_when_older_ones_go() -> None:
    made = TextBody(limit=2)
    made.replace([(("a", Tone.OK),), (("b", Tone.FAIL),)])
    made.append(["c"])
    assert [made.paint(index) for index in range(2)] == [(("b", Tone.FAIL),), (("c", Tone.PLAIN),)]


@pytest.mark.parametrize(
    ("term", "hits"), [("error", [0, 2]), ("Error", [2]), ("", []), ("absent", []), ("数据库", [3])]
)
def test_a_search_minds_capitals_only_when_it_holds_one(term: str, hits: list[int]) -> None:
    assert body("an error", "fine", "Error!", "连接数据库失败").find(term) == hits


@pytest.mark.parametrize("paint", [tint.plain, tint.yaml, tint.diff, tint.log])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "  - name: web",
        "image: registry/pay:1.9.2",
        '"quoted key": "a: b"',
        "# remark",
        "---",
        "--- a",
        "+added",
        "-gone",
        "@@ -1 +1 @@",
        "2026-11-21T14:04:05.123Z ERROR no route",
        "W1121 14:04:05 slow",
        "url: http://x:80/a#b",
        "  名称: 支付",
    ],
)
def test_painting_never_changes_a_character(paint: tint.Tint, line: str) -> None:
    assert tint.text_of(paint(line)) == line


def tones(line: tint.Line) -> dict[str, Tone]:
    return {text.strip(): tone for text, tone in line}


def test_yaml_keys_stand_out_and_masks_are_dim() -> None:
    assert tones(tint.yaml("  replicas: 3")) == {"": Tone.DIM, "replicas": Tone.ACCENT, ":": Tone.DIM, "3": Tone.PLAIN}
    assert tones(tint.yaml(f"token: {MASK}"))[MASK] is Tone.DIM


def test_log_lines_that_call_themselves_errors_are_red_but_for_their_stamp() -> None:
    line = tint.log("2026-11-21T14:04:05Z level=error msg=broken")
    assert [tone for _, tone in line] == [Tone.DIM, Tone.FAIL]
    assert tint.log("terror in the night")[0][1] is Tone.PLAIN


class Bench(App[None]):
    look = colourless()
    glyphs = FULL

    def compose(self) -> ComposeResult:
        yield TextView()


def inside(view: TextView, row: int) -> str:
    """What stands in a row of the text area, without the frame."""
    return view.render_line(row + 1).text[1:-1].strip()


async def test_the_view_draws_hits_in_reverse_and_walks_them_around_the_end() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(f"line {number}" for number in range(50_000))
        await pilot.pause()
        view.search("line 4999")
        assert view.match == (1, 11)
        view.next_match(-1)
        assert view.match == (11, 11)
        drawn = [view.render_line(y) for y in range(12)]
        here = next(strip for strip in drawn if "line 49999" in strip.text)
        assert [segment.text for segment in here if segment.style and segment.style.reverse] == ["line 4999"]


async def test_following_keeps_the_end_in_sight_until_the_reader_moves_up() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(str(number) for number in range(100))
        await pilot.pause()
        view.set_follow(True)
        view.append(["the last"])
        assert inside(view, 9) == "the last"
        view.do_up()
        assert not view.follow
        view.append(["even later"])
        assert inside(view, 9) == "99"


async def test_what_is_read_stays_while_old_lines_go() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.body.limit = 100
        view.show(str(number) for number in range(100))
        await pilot.pause()
        view.scroll_lines(50)
        view.append(["a", "b", "c"])
        assert inside(view, 0) == "50"


async def test_wrapping_keeps_the_line_that_was_at_the_top() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(f"{number:05} " + "x" * 90 for number in range(100))
        await pilot.pause()
        view.scroll_lines(30)
        view.set_wrap(True)
        assert inside(view, 0).startswith("00030")
        assert inside(view, 3).startswith("00031")


async def test_lines_longer_than_the_screen_can_be_moved_sideways() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(["x" * 60 + "the end", "应" * 30 + "用"])
        await pilot.pause()
        for _ in range(9):
            view.do_right()
        assert inside(view, 0).endswith("the end")
        assert {cell_len(view.render_line(row).text) for row in range(12)} == {40}


def test_nothing_a_terminal_would_obey_gets_through() -> None:
    made = body("a\x1b[2Jb\x07", "tab\there", "right\u202eleft")
    assert all(text.isprintable() for text in made.texts)
    assert made.texts[1] == "tab     here"


async def test_text_from_outside_is_never_markup() -> None:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(["[bold red]x[/] [/nonsense] [@click=app.quit]q[/]"])
        await pilot.pause()
        assert inside(view, 0).startswith("[bold red]x[/]")
