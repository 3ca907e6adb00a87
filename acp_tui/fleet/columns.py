"""What a column and a view are, and which columns stay when it gets narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from acp_tui.fleet.cells import UNKNOWN, Cell, age, aged, text_cell
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import Tone

R = TypeVar("R")
GAP = 1
"""Cells between two columns."""
SHRINKS = 3
"""For columns up to this priority others shrink; the rest has to fit."""


class Column(Struct, Generic[R], frozen=True, kw_only=True):
    """One column; `cell` gives text and tone, `sort` a key that compares within the column.

    `width` is in cells and includes, where `glyph` is true, the two for the tone's sign and a space; `least` is what it
    may shrink to where even the columns that matter most do not fit, 0 for not at all. `priority` 0 is always shown, 9
    only where there is room for everything; `grow` is the share of the room that is left over.
    `bar` gives what a bar in front of the text is filled to (0..1), None for no bar. `middle` cuts long text in its
    middle instead of its end, where ends tell names apart. `ages` means that the text moves with the clock, so that a
    new text is no news. `names` marks the columns that name the row, `quotes` those whose text may come from a record,
    which is a Secret: it is never kept on disk.
    """

    id: str
    title: str
    width: int
    cell: Callable[[R, float], Cell]
    sort: Callable[[R], Any]
    least: int = 0
    priority: int = 0
    align: Literal["left", "right"] = "left"
    glyph: bool = False
    grow: int = 0
    bar: Callable[[R], float | None] | None = None
    middle: bool = False
    ages: bool = False
    names: bool = False
    quotes: bool = False


class View(Struct, Generic[R], frozen=True, kw_only=True):
    """One pane: its columns and the order rows stand in until a person asks for another (what is wrong comes first).

    `digit` is the key that opens it, `kind_word` what `acp-tui get` and the command line call it.
    """

    id: str
    title: str
    digit: str
    kind_word: str
    columns: tuple[Column[R], ...]
    order: Callable[[R], Any]

    def column(self, id: str) -> Column[R] | None:
        return next((column for column in self.columns if column.id == id), None)

    def fit(self, width: int) -> tuple[tuple[Column[R], int], ...]:
        """Columns for `width` cells with the width each gets.

        Where there is not enough, whole priorities go, the least important first; columns shrink for what matters most.
        """
        columns = list(self.columns)
        while (last := max(column.priority for column in columns)) > 0:
            if _total(columns, least=last <= SHRINKS) <= width:
                break
            columns = [column for column in columns if column.priority < last]
        spare = width - _total(columns)
        if spare < 0:
            return tuple(zip(columns, _shrunk(columns, -spare), strict=True))
        shares = sum(column.grow for column in columns)
        if not shares:
            return tuple((column, column.width) for column in columns)
        widths = [column.width + spare * column.grow // shares for column in columns]
        greediest = max(range(len(columns)), key=lambda place: columns[place].grow)
        widths[greediest] += width - sum(widths) - GAP * (len(widths) - 1)
        return tuple(zip(columns, widths, strict=True))

    def cell(self, column: Column[R], row: R, now: float) -> Cell:
        """The cell in the tone its age allows; every reader takes this road, so nothing stale is ever green."""
        freshness: Freshness | None = getattr(row, "freshness", None)
        cell = column.cell(row, now)
        return cell if freshness is None else aged(cell, freshness)


def _least(column: Column[Any]) -> int:
    return min(column.least or column.width, column.width)


def _total(columns: Sequence[Column[Any]], *, least: bool = False) -> int:
    return sum(map(_least, columns) if least else (column.width for column in columns)) + GAP * max(0, len(columns) - 1)


def _shrunk(columns: Sequence[Column[Any]], missing: int) -> list[int]:
    """Widths that are `missing` cells less in all, as far as columns shrink, each giving its share."""
    slack = [column.width - _least(column) for column in columns]
    given = [each * min(missing, sum(slack)) // max(1, sum(slack)) for each in slack]
    for place, each in enumerate(slack):
        if sum(given) < missing and given[place] < each:
            given[place] += 1
    return [column.width - each for column, each in zip(columns, given, strict=True)]


def maybe(value: float | None) -> tuple[bool, float]:
    """Sort key under which what is not known comes last."""
    return (value is None, value or 0)


def text_column(
    id: str,
    title: str,
    width: int,
    text: Callable[[R], str],
    *,
    tone: Tone = Tone.PLAIN,
    least: int = 0,
    priority: int = 0,
    grow: int = 0,
    middle: bool = False,
    names: bool = False,
    quotes: bool = False,
) -> Column[R]:
    """A column that is sorted by what it shows; no text is shown as `-`."""
    return Column(
        id=id,
        title=title,
        width=width,
        least=least,
        priority=priority,
        grow=grow,
        middle=middle,
        names=names,
        quotes=quotes,
        cell=lambda row, now: text_cell(text(row), tone),
        sort=text,
    )


def environment_column(production: Callable[[R], bool], *, priority: int = 0) -> Column[R]:
    """Whether the row is of production: that comes first."""
    return Column(
        id="env",
        title="ENV",
        width=4,
        priority=priority,
        cell=lambda row, now: Cell("PROD", Tone.ACCENT) if production(row) else Cell(""),
        sort=lambda row: not production(row),
    )


def freshness_cell(freshness: Freshness, now: float) -> Cell:
    if freshness.confirmed_at is None:
        return UNKNOWN
    if freshness.state is Age.LIVE:
        return Cell("live", Tone.DIM)
    tone = Tone.DIM if freshness.state is Age.POLLED else Tone.STALE
    return Cell(age(freshness.confirmed_at, now), tone)
