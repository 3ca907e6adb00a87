"""What a start costs: counts and shares of one run, which are the same on any machine."""

from __future__ import annotations

import pytest

from bench import cold_start
from bench.cold_start import BUDGETS, FORBIDDEN
from bench.first_paint import BUDGET, LAST_BUDGET, first_paint, last_screen

SLACK = 1.4
"""A machine that does other things blurs even CPU time; `make bench` has the budgets themselves."""


@pytest.fixture(scope="module")
def textual() -> float:
    return cold_start.seconds(cold_start.AGAINST, runs=3)


@pytest.mark.parametrize("module", FORBIDDEN)
def test_nothing_is_imported_before_its_time(module: str) -> None:
    assert cold_start.trespassers(module) == set()


@pytest.mark.parametrize("module", BUDGETS)
def test_an_import_costs_its_share_of_importing_textual(module: str, textual: float) -> None:
    assert cold_start.seconds(module, runs=3) <= BUDGETS[module] * textual * SLACK


def test_the_last_screen_costs_little_more_than_python_itself() -> None:
    ours, bare = last_screen(runs=5)

    assert ours.cpu <= LAST_BUDGET * bare.cpu


def test_the_first_live_paint_costs_its_share_of_importing_textual() -> None:
    ours, textual = first_paint(runs=3)

    assert ours.cpu <= BUDGET * SLACK * textual.cpu
