"""Files that are nobody else's business: written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from pathlib import Path

_BYTES: int = getattr(os, "O_BINARY", 0)
"""Where there is such a flag, newlines are rewritten without it."""

_READ_SECONDS = 0.2


def open_private(path: Path, flags: int) -> int:
    """An open file for bytes, of mode 0600 where it is made now; no child inherits it. Raises OSError.

    On Windows a mode says nothing: there the rights are those of the folder, which lies in the profile of the user.
    """
    return os.open(path, flags | _BYTES, 0o600)


def is_private(state: os.stat_result) -> bool:
    """Whether nobody else could have written or read the file."""
    return sys.platform == "win32" or (state.st_uid == os.getuid() and not state.st_mode & 0o077)


def write_private(path: Path, data: bytes, *, synced: bool = False) -> None:
    """Puts a file of mode 0600 in the place of what was there, in a folder made 0700 where there is none.

    `synced` means on the disk when it returns. Raises OSError, and then nothing changed.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.parent / f".{secrets.token_hex(4)}"
    try:
        file = open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(file, "wb") as out:
            out.write(data)
            if synced:
                out.flush()
                os.fsync(out.fileno())
        _replace(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _replace(draft: Path, path: Path) -> None:
    """Windows replaces no file while somebody reads it; a reader needs a moment."""
    until = time.monotonic() + _READ_SECONDS
    while sys.platform == "win32" and time.monotonic() < until:
        try:
            draft.replace(path)
        except PermissionError:
            time.sleep(0.01)
        else:
            return
    draft.replace(path)
