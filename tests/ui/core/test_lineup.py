"""Few changes among many rows: what comes of them is what putting all in order again would give."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from acp_tui.fleet.columns import maybe
from acp_tui.model.health import Tone
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.lineup import Lineup, differing
from acp_tui.ui.widgets.rows import FEW, Query, Rows, finished
from tests.ui.core.host import VIEW, Clock, Host, Row

TONES = (Tone.OK, Tone.WARN, Tone.FAIL)
SORTS = ("", "name", "health", "value", "age", "more")


def in_full(rows: Sequence[Row], *, sort: str, descending: bool, words: str) -> list[str]:
    """The rule, written down once more as a plain sort of everything that a filter finds."""
    column = VIEW.column(sort)
    key = VIEW.order if column is None else column.sort
    fresh: Rows[Row] = Rows(VIEW)
    fresh.query = Query.of(words)
    fresh.replace(rows, now=0.0)
    found = sorted(fresh.shown, key=lambda row: row.key)
    known = [row for row in found if key(row) is not None]
    known.sort(key=key, reverse=descending and column is not None)
    return [row.key for row in [*known, *(row for row in found if key(row) is None)]]


class Life:
    """Rows that come, go and change as dice fall; few at a time, now and then in another order, now and then all."""

    def __init__(self, seed: int, *, rows: int) -> None:
        self.dice = random.Random(seed)
        self._born = 0
        self.rows = [self._new() for _ in range(rows)]

    def _new(self) -> Row:
        self._born += 1
        return self._row(f"row-{self.dice.randrange(1000):03d}-{self._born}")

    def _row(self, key: str) -> Row:
        dice = self.dice
        value = None if dice.random() < 0.2 else dice.randrange(6)
        return Row(key, value, dice.choice(TONES), born=float(dice.randrange(5)))

    def go_on(self) -> list[Row]:
        dice, rows = self.dice, self.rows.copy()
        for _ in range(dice.randrange(6)):
            at = dice.randrange(len(rows))
            rows[at] = self._row(rows[at].key)
        for _ in range(dice.randrange(4)):
            del rows[dice.randrange(len(rows))]
        for _ in range(dice.randrange(4)):
            rows.insert(dice.randrange(len(rows)), self._new())
        if dice.random() < 0.1:
            dice.shuffle(rows)
        if dice.random() < 0.05:
            rows = [self._row(row.key) for row in rows]
        self.rows = rows
        return rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("words", ["", "fail", "!warn 3"])
def test_after_any_changes_rows_stand_as_if_all_had_been_put_in_order(seed: int, words: str) -> None:
    life = Life(seed, rows=60)
    rows: Rows[Row] = Rows(VIEW)
    rows.query = Query.of(words)
    rows.replace(life.rows, now=0.0)
    for step in range(120):
        if step % 10 == 0:
            rows.sort, rows.descending = life.dice.choice(SORTS), life.dice.random() < 0.5
            rows.arrange(now=0.0)

        rows.replace(life.go_on(), now=0.0)

        expected = in_full(life.rows, sort=rows.sort, descending=rows.descending, words=words)
        assert [row.key for row in rows.shown] == expected
        everything = in_full(life.rows, sort=rows.sort, descending=rows.descending, words="")
        assert [row.key for row in rows.everything()] == everything
        assert [rows.index(key) for key in expected] == list(range(len(expected)))
        assert {id(row) for row in rows.everything()} == {id(row) for row in life.rows}
        hidden = {row.key for row in life.rows} - set(expected)
        assert all(rows.index(key) is None for key in hidden)


async def test_through_all_changes_the_cursor_stays_with_its_key() -> None:
    life = Life(7, rows=80)
    grid: Grid[Row] = Grid(VIEW, clock=Clock())
    async with Host(grid).run_test(size=(60, 20)):
        grid.show(life.rows)
        grid.set_sort("value", descending=True)
        grid.select(life.rows[40].key)
        for _ in range(150):
            key = grid.key
            grid.show(life.go_on())
            if any(row.key == key for row in life.rows):
                assert grid.key == key
            assert grid.row is not None
            assert grid.row.key == grid.key
            assert grid.first <= grid.cursor < grid.first + grid.page


class Counts:
    """How often rows were asked what they are sorted by, and what they say."""

    def __init__(self) -> None:
        self.sorts = self.words = 0
        columns = [replace(VIEW.columns[0], cell=self._counted(VIEW.columns[0].cell, "words")), *VIEW.columns[1:]]
        self.view = replace(VIEW, columns=tuple(columns), order=self._counted(VIEW.order, "sorts"))

    def _counted(self, plain: Callable[..., Any], what: str) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            setattr(self, what, getattr(self, what) + 1)
            return plain(*args)

        return counted


def test_few_changes_among_ten_thousand_rows_cost_what_few_rows_cost() -> None:
    counts = Counts()
    rows: Rows[Row] = Rows(counts.view)
    rows.query = Query.of("more")
    before = [Row(f"row-{number:05d}") for number in range(10_000)]
    rows.replace(before, now=0.0)
    assert (counts.sorts, counts.words) == (10_000, 10_000)

    changed = [Row(row.key, 1) if place % 100 == 0 else row for place, row in enumerate(before)]
    rows.replace(changed, now=0.0)
    rows.replace([Row("new"), *changed[5:]], now=0.0)

    assert (counts.sorts, counts.words) == (10_101, 10_101)


def test_another_filter_puts_nothing_in_order_again() -> None:
    counts = Counts()
    rows: Rows[Row] = Rows(counts.view)
    rows.replace([Row(f"row-{number}") for number in range(3000)], now=0.0)
    for text in ("r", "ro", "row-1"):
        rows.query = Query.of(text)
        rows.arrange(now=0.0)

    assert (counts.sorts, counts.words) == (3000, 3000)


def test_a_key_that_begins_with_true_is_not_known_and_comes_last_either_way() -> None:
    for descending, expected in ((False, ["b", "c", "a"]), (True, ["c", "b", "a"])):
        lineup: Lineup[Row] = Lineup(lambda row: maybe(row.value), descending=descending)
        finished(lineup.filling(map(lineup.entry, [Row("a", None), Row("b", 1), Row("c", 2)])))

        assert [row.key for row in lineup.rows] == expected


def test_of_two_rows_with_one_key_the_first_is_shown_until_it_goes() -> None:
    one, other = Row("same", 1), Row("same", 2)
    rows: Rows[Row] = Rows(VIEW)

    rows.replace([one, other, Row("x")], now=0.0)
    assert rows.shown == [one, Row("x")]
    rows.replace([other, Row("x")], now=0.0)

    assert rows.shown == [other, Row("x")]


def test_what_differs_is_told_by_object_until_it_is_too_much() -> None:
    before = [Row(str(number)) for number in range(10)]
    other = Row("3")

    assert differing(before, before.copy(), most=0) == ([], [])
    assert differing(before, [*before[:3], other, *before[4:]], most=1) == ([before[3]], [other])
    assert differing(before, before[1:], most=1) == ([before[0]], [])
    assert differing(before, [*before[1:], other], most=1) == ([before[0]], [other])
    assert differing(before, before[5:], most=4) is None
    assert differing(before, [Row(str(number)) for number in range(10)], most=9) is None
    assert FEW < 2000, "one by one they cost no more than a slice"
