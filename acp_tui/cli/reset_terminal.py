"""`acp-tui reset-terminal`: a usable shell again after a console was killed."""

from __future__ import annotations

import os
import sys

import click


@click.command("reset-terminal")
def reset_terminal() -> None:
    """Puts the terminal back as a shell expects it, after a console was killed: mouse, screen, cursor, echo."""
    from acp_tui.terminal.reset import SEQUENCES, restore_lines

    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        terminal = sys.stdout.fileno()
    os.write(terminal, SEQUENCES.encode())
    if sys.platform != "win32":
        restore_lines(terminal)
