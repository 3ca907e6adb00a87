"""`acp-tui reset-terminal`: a usable shell again after a console was killed."""

from __future__ import annotations

import contextlib
import os
import sys

import click


@click.command("reset-terminal")
def reset_terminal() -> None:
    """Puts the terminal back as a shell expects it, after a console was killed: mouse, screen, cursor, echo, tabs."""
    from acp_tui.terminal.reset import SEQUENCES, restore_lines
    from acp_tui.terminal.stops import restored

    try:
        terminal = os.open("CONOUT$" if sys.platform == "win32" else "/dev/tty", os.O_RDWR)
    except OSError:
        terminal = sys.stdout.fileno()
    with contextlib.suppress(OSError):
        os.write(terminal, restored(os.get_terminal_size(terminal).columns).encode())
    os.write(terminal, SEQUENCES.encode())
    restore_lines(terminal)
