"""Pictures of the screens at the sizes people have, in the looks they may need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from acp_tui.config.settings import Settings
from tests.ui.core.scene import console, press, settle, utc

Compare = Callable[..., bool]
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)


@pytest.fixture(autouse=True)
def one_time_zone() -> Iterator[None]:
    with utc():
        yield


def keys(*pressed: str) -> Callable[[Pilot[None]], Any]:
    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *pressed)

    return before


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80x24", "120x40", "200x60"])
@pytest.mark.parametrize(
    "pressed", [("j",), ("2",), ("3",), ("4",), ("7",)], ids=["fleet", "applications", "releases", "quotas", "activity"]
)
def test_views(snap_compare: Compare, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=keys(*pressed))


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind", "ansi"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    app = console(settings=Settings(theme=theme, glyphs="full"))
    assert snap_compare(app, terminal_size=MIDDLE, run_before=keys("2"))


def test_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console(env={"NO_COLOR": "1"})
    assert snap_compare(app, terminal_size=SMALL, run_before=keys("3"))


def test_in_ascii(snap_compare: Compare) -> None:
    app = console(settings=Settings(theme="dark", glyphs="ascii"))
    assert snap_compare(app, terminal_size=SMALL, run_before=keys("4"))


def test_a_filter_is_highlighted(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=SMALL, run_before=keys("3", "/", *"pay"))


def test_four_panes(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=(160, 50), run_before=keys("g", "g", "4", "g", "7"))


def test_any_kind(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=SMALL, run_before=keys(":", *"pods", "enter"))


def test_help(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=MIDDLE, run_before=keys("3", "?"))


def test_palette(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=SMALL, run_before=keys("3", "ctrl+p", *"ro"))


def test_choosing_clusters(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=SMALL, run_before=keys("3", "c"))
