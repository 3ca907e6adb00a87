"""Gives a terminal back to the shell after a program left it without a word."""

from __future__ import annotations

import contextlib
import sys

_MODES_OFF = (2026, 1000, 1002, 1003, 1005, 1006, 1015, 1016, 1004, 2004, 2048, 1049)
SEQUENCES = (
    "".join(f"\x1b[?{mode}l" for mode in _MODES_OFF)
    + "\x1b[<u\x1b[>4;0m"  # the keyboards of kitty and of xterm
    + "\x1b[?7h\x1b[?25h\x1b[?1l\x1b>"  # wrap, cursor, plain arrow keys and keypad
    + "\x1b]8;;\x1b\\\x1b[0m\x1b(B\x0f"  # no link, no colour, no line-drawing alphabet
)
"""Takes back every mode that a program on the whole screen switches on; each is harmless where it was not on."""


def restore_lines(descriptor: int) -> None:
    """Echo, lines, signals and newlines as a shell expects them, as after `stty sane`; nothing where no terminal is.

    Windows has no such lines.
    """
    if sys.platform == "win32":
        return
    import termios

    with contextlib.suppress(termios.error):
        flags = termios.tcgetattr(descriptor)
        flags[0] |= termios.BRKINT | termios.ICRNL | termios.IXON
        flags[0] &= ~(termios.INLCR | termios.IGNCR | termios.IXOFF)
        flags[1] |= termios.OPOST | termios.ONLCR
        flags[3] |= termios.ISIG | termios.ICANON | termios.IEXTEN | termios.ECHO | termios.ECHOE | termios.ECHOK
        termios.tcsetattr(descriptor, termios.TCSANOW, flags)
