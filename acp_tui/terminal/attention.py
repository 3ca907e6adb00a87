"""What a terminal can say outside its screen: a title, a bell, a notification of the desktop."""

from __future__ import annotations

LONGEST = 120
"""Characters of a title or a notification; terminals cut or refuse longer ones."""
SAVE_TITLE = "\x1b[22;0t"
RESTORE_TITLE = "\x1b[23;0t"


def title(text: str) -> str:
    """Name the window, or the pane of tmux."""
    return f"\x1b]2;{_plain(text)}\x07"


def call(text: str) -> str:
    """Ring, and notify where the terminal passes it to the desktop (OSC 9); others ignore the words."""
    return f"\x07\x1b]9;{_plain(text)}\x07"


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:LONGEST]
