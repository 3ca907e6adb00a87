"""What the terminal at hand can do, and the driver that suits it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from acp_tui.model.errors import UsageError

if TYPE_CHECKING:
    from textual.driver import Driver

DRIVER_VARIABLE = "ACP_TUI_DRIVER"
"""Set to `stock`, the console runs on Textual's own driver."""


def driver_for(env: Mapping[str, str] = os.environ, *, paced: bool = True) -> type[Driver] | None:
    """Our driver, or None for Textual's choice: in a browser, on Windows, or where the user wants it."""
    stock = env.get("TEXTUAL_DRIVER") or env.get(DRIVER_VARIABLE) == "stock"
    if sys.platform != "win32" and not stock:
        from acp_tui.terminal.driver import ThriftyDriver, UnpacedDriver

        return ThriftyDriver if paced else UnpacedDriver
    return None


def multiplexed(env: Mapping[str, str] = os.environ) -> bool:
    """Whether tmux or screen stands between us and the terminal, and sends it something else than we send."""
    return bool(env.get("TMUX") or env.get("STY")) or env.get("TERM", "").startswith(("tmux", "screen"))


@contextmanager
def without_empty_wishes() -> Iterator[None]:
    """Meanwhile an empty NO_COLOR is not there: it wishes nothing, and Textual takes it for a wish."""
    empty = os.environ.get("NO_COLOR") == ""
    if empty:
        del os.environ["NO_COLOR"]
    try:
        yield
    finally:
        if empty:
            os.environ["NO_COLOR"] = ""


def check_terminal(env: Mapping[str, str] = os.environ) -> None:
    """UsageError where no screen can be drawn: no terminal, or one that says it can only print lines."""
    advice = "use `acp-tui get …` and `acp-tui release …`, which print lines"
    if env.get("TEXTUAL_DRIVER"):
        return
    if env.get("TERM", "dumb") == "dumb" and sys.platform != "win32":
        raise UsageError("This terminal only prints lines (TERM=dumb), and the console needs a screen", advice=advice)
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        raise UsageError("The console needs a terminal for its keys and its screen", advice=advice)


def reveal(driver: Driver | None) -> None:
    """Have the first frame sent that replaces a picture on the terminal; other drivers did not wait with it."""
    show = getattr(driver, "reveal", None)
    if show is not None:
        show()


def repaint(driver: Driver | None) -> None:
    """Have every cell sent again, because the terminal may show something else; other drivers always send all."""
    forget = getattr(driver, "repaint", None)
    if forget is not None:
        forget()
