"""Opens a text in the person's own editor, in a private file that does not outlive the edit."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from acp_tui.model.errors import UsageError


def edit(text: str, *, suffix: str = ".yaml", env: Mapping[str, str] | None = None) -> str:
    """The text as the editor left it; blocks until the editor ends, so the terminal must be given up first.

    The editor is $VISUAL, then $EDITOR, then vi (Notepad on Windows). The file is readable by its owner alone. Raises
    UsageError where the editor cannot be started, ends with an error, or leaves something that is not UTF-8.
    """
    settings = os.environ if env is None else env
    command = _command(settings.get("VISUAL") or settings.get("EDITOR") or "")
    with tempfile.TemporaryDirectory(prefix="acp-tui-", dir=settings.get("XDG_RUNTIME_DIR") or None) as folder:
        path = Path(folder) / f"values{suffix}"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*command, str(path)], check=False, env=dict(settings))
        except OSError as error:
            raise UsageError(
                f"The editor {command[0]} did not start",
                tried=error.strerror or "",
                advice="Set EDITOR to an editor that is installed",
            ) from error
        if done.returncode:
            raise UsageError(
                f"The editor {command[0]} ended with {done.returncode}",
                tried="Nothing was taken over from it",
                advice="Save and leave the editor normally to use what was written",
            )
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("What the editor left cannot be read as UTF-8", advice="Save the file as UTF-8") from error


def _command(wanted: str) -> list[str]:
    """The words of a command line; on Windows a backslash is part of a path."""
    if sys.platform == "win32":
        return [word.strip('"') for word in shlex.split(wanted or "notepad", posix=False)]
    return shlex.split(wanted or "vi")
