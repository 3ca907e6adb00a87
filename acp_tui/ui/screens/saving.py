"""Writes a text that a person wants to keep to a file of their own."""

from __future__ import annotations

import os
from pathlib import Path

from acp_tui.config.paths import state_dir
from acp_tui.model.health import Tone


def place_for(name: str) -> str:
    """The whole path that is offered for a file, in a folder of our own and not where the console happens to run."""
    path = state_dir() / "saved" / name
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def save_text(name: str, text: str) -> tuple[str, Tone]:
    """What to say about it; the file is readable by its owner alone, and nothing is ever written over."""
    if not name.strip():
        return "No name, so nothing was saved", Tone.WARN
    path = Path(name.strip()).expanduser()
    if not path.is_absolute():
        path = state_dir() / "saved" / path
    try:
        if path.is_relative_to(state_dir()):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
    except FileExistsError:
        return f"{path} is there already: choose another name", Tone.WARN
    except OSError as error:
        return f"{path}: {error.strerror}", Tone.FAIL
    return f"Saved {text.rstrip().count(chr(10)) + 1} lines to {path}", Tone.OK
