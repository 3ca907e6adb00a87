"""Names of keys: as people write them in a keymap, as the terminal library reports them, as a hint shows them."""

from __future__ import annotations

import unicodedata

_NAMED = frozenset(
    {
        "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "enter", "escape", "space",
        "backspace", "delete", "insert", *(f"f{number}" for number in range(1, 13)),
    }
)  # fmt: skip
_WITH_SHIFT = frozenset({"tab", "up", "down", "left", "right", "home", "end"})
_RENAMED = {"solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
            "plus_sign": "plus", "low_line": "underscore"}  # fmt: skip
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+[": "escape"}
_TAKEN = {
    "ctrl+s": "terminals with flow control stop the screen with it",
    "ctrl+q": "terminals with flow control start the screen with it",
    "ctrl+b": "tmux keeps ctrl+b for itself",
}
_SHOWN = {"up": "↑", "down": "↓", "left": "←", "right": "→", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}


def key_name(typed: str) -> str:
    """The name the terminal library gives a key written in a keymap: `?` is `question_mark`."""
    if len(typed) != 1 or typed.isalnum():
        return typed
    name = unicodedata.name(typed).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


def shown_key(typed: str) -> str:
    """A key as hints and help print it."""
    return _SHOWN.get(typed, typed)


def wrong_with(typed: str) -> str:
    """Why a key cannot be used in a keymap, empty where it can: it must reach us through ssh and tmux alike."""
    if typed in _SAME_BYTE:
        return f"terminals send the same for {typed} and {_SAME_BYTE[typed]}"
    if typed in _TAKEN:
        return _TAKEN[typed]
    if typed in _NAMED or (len(typed) == 1 and typed.isprintable() and typed != " "):
        return ""
    modifier, _, base = typed.rpartition("+")
    if modifier == "ctrl" and len(base) == 1 and base.isascii() and base.islower():
        return ""
    if modifier == "shift" and base in _WITH_SHIFT:
        return ""
    if modifier in ("ctrl", "shift", "alt", "super", "ctrl+shift", "alt+ctrl"):
        return f"{typed} does not arrive over ssh and tmux"
    return f"{typed!r} is not a key"
