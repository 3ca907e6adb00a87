"""Text in cells: exactly so wide, wide characters whole, cuts shown."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from acp_tui.ui.widgets.cells import cut, fit


@pytest.mark.parametrize("text", ["", "a", "payments-api", "库存服务", "a库b存c", "é́x", "한국어 이름"])
@pytest.mark.parametrize("width", range(15))
@pytest.mark.parametrize("middle", [False, True])
def test_fitted_text_takes_exactly_its_cells(text: str, width: int, middle: bool) -> None:
    assert cell_len(fit(text, width, middle=middle)) == width


def test_what_fits_is_left_alone() -> None:
    assert cut("search", 6) == "search"


def test_a_long_name_keeps_its_prefix_and_its_hash() -> None:
    assert cut("payments-api-7c9d-x2k9p", 13, middle=True) == "paymen…-x2k9p"


def test_without_middle_the_end_goes() -> None:
    assert cut("payments-api", 6) == "payme…"


def test_a_wide_character_is_never_split() -> None:
    assert cut("库存服务", 4) == "库 …"
    assert cut("a库存服务b", 8, middle=True) == "a库 …务b"


def test_numbers_stand_right() -> None:
    assert fit("42", 5, right=True) == "   42"
