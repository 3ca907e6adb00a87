"""Files that are nobody else's business: written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_private(path: Path, data: bytes, *, synced: bool = False) -> None:
    """Puts a file of mode 0600 in the place of what was there, in a folder made 0700 where there is none.

    `synced` means on the disk when it returns. Raises OSError, and then nothing changed.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.parent / f".{secrets.token_hex(4)}"
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(data)
            if synced:
                out.flush()
                os.fsync(out.fileno())
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
