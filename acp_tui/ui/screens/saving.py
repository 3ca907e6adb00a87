"""Writes a text that a person wants to keep to a file of their own."""

from __future__ import annotations

import os
from pathlib import Path

from acp_tui.model.health import Tone


def save_text(name: str, text: str) -> tuple[str, Tone]:
    """What to say about it; the file is readable by its owner alone, and nothing is ever written over."""
    path = Path(name).expanduser()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
    except FileExistsError:
        return f"{path} is there already: choose another name", Tone.WARN
    except OSError as error:
        return f"{path}: {error.strerror}", Tone.FAIL
    return f"Saved {text.rstrip().count(chr(10)) + 1} lines to {path}", Tone.OK
