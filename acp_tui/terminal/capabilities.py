"""What the terminal at hand can do, and the driver that suits it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver

DRIVER_VARIABLE = "ACP_TUI_DRIVER"
"""Set to `stock`, the console runs on Textual's own driver."""


def driver_for(env: Mapping[str, str] = os.environ) -> type[Driver] | None:
    """Our driver, or None for Textual's choice: in a browser, on Windows, or where the user wants it."""
    if env.get("TEXTUAL_DRIVER") or env.get(DRIVER_VARIABLE) == "stock" or sys.platform == "win32":
        return None
    from acp_tui.terminal.driver import ThriftyDriver

    return ThriftyDriver


def repaint(driver: Driver | None) -> None:
    """Have every cell sent again, because the terminal may show something else; other drivers always send all."""
    forget = getattr(driver, "repaint", None)
    if forget is not None:
        forget()
