"""The rows behind a grid: order, filter, tree, exchange in place."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.model.health import Tone
from acp_tui.ui.widgets.rows import Query, Rows
from tests.ui.core.host import VIEW, Row


def shown(rows: Rows[Row]) -> list[str]:
    return [row.key for row in rows.shown]


def of(*rows: Row, query: str = "", sort: str = "", descending: bool = False) -> Rows[Row]:
    made = Rows(VIEW)
    made.query = Query.of(query)
    made.sort, made.descending = sort, descending
    made.replace(rows, now=0.0)
    return made


A, B, C = Row("alpha", 2), Row("beta", None), Row("gamma", 1, Tone.FAIL)


def test_rows_stand_in_the_order_of_the_view() -> None:
    assert shown(of(C, A, B)) == ["alpha", "beta", "gamma"]


def test_what_is_not_known_comes_last_whichever_way_round() -> None:
    assert shown(of(A, B, C, sort="value")) == ["gamma", "alpha", "beta"]
    assert shown(of(A, B, C, sort="value", descending=True)) == ["alpha", "gamma", "beta"]


def test_a_filter_wants_every_word_and_none_of_the_unwanted() -> None:
    assert shown(of(A, B, C, query="a")) == ["alpha", "beta", "gamma"]
    assert shown(of(A, B, C, query="a FAIL")) == ["gamma"]
    assert shown(of(A, B, C, query="more !fail !bet")) == ["alpha"]


def test_ages_are_not_searched_because_they_move() -> None:
    assert shown(of(Row("x", born=-120.0), query="2m")) == []


def test_a_filter_finds_what_a_row_says_now() -> None:
    rows = of(A, B, C, query="fail")

    rows.replace([A, Row("beta", 3, Tone.FAIL), C], now=0.0)

    assert shown(rows) == ["beta", "gamma"]


def test_another_object_in_the_same_place_is_taken_without_ordering_again() -> None:
    rows = of(A, B, C)
    newer = Row("beta", 9)

    rows.replace([A, newer, C], now=0.0)

    assert rows.shown[1] is newer
    assert rows.index("beta") == 1


def test_another_value_under_the_sort_orders_again() -> None:
    rows = of(A, B, C, sort="value")

    rows.replace([A, B, Row("gamma", 7)], now=0.0)

    assert shown(rows) == ["alpha", "gamma", "beta"]


def test_rows_that_come_and_go_are_found_by_key() -> None:
    rows = of(A, B, C)

    rows.replace([C], now=0.0)

    assert rows.index("gamma") == 0
    assert rows.index("alpha") is None


async def test_words_learnt_before_are_found_after() -> None:
    rows = of(A, B, C)

    await rows.learn_words(now=0.0)
    rows.query = Query.of("gam")
    rows.arrange(now=0.0)

    assert shown(rows) == ["gamma"]


LEAF = Row("leaf")
TREE = Row("root", below=(Row("left", below=(Row("bad", tone=Tone.FAIL), LEAF)), Row("right")))


def children(row: Row) -> Sequence[Row]:
    return row.below


def tree(query: str = "", *, opened: bool = True) -> Rows[Row]:
    rows = Rows(VIEW)
    rows.query = Query.of(query)
    rows.replace_tree([TREE], children=children, opened=lambda row: opened, now=0.0)
    return rows


def test_a_tree_is_walked_in_depth_with_guides() -> None:
    rows = tree()

    assert shown(rows) == ["root", "left", "bad", "leaf", "right"]
    assert rows.nodes is not None
    assert [node.guide for node in rows.nodes] == ["", "├", "│ ├", "│ └", "└"]
    assert [node.opened for node in rows.nodes] == [True, True, None, None, None]


def test_a_folded_branch_hides_what_is_below_it() -> None:
    rows = tree()

    rows.fold("left", False)
    rows.arrange(now=0.0)

    assert shown(rows) == ["root", "left", "right"]


def test_branches_stand_as_told_until_somebody_folds_them() -> None:
    assert shown(tree(opened=False)) == ["root"]


def test_a_filter_in_a_tree_keeps_the_way_to_what_it_found_open() -> None:
    assert shown(tree("fail", opened=False)) == ["root", "left", "bad"]


def test_the_parent_of_a_line_is_the_nearest_line_less_deep() -> None:
    rows = tree()

    assert [rows.parent(place) for place in range(5)] == [None, 0, 1, 1, 0]
