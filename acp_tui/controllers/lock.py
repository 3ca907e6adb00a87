"""One act on a release at a time, over all acp-tui processes of this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from acp_tui.config import locks
from acp_tui.config.locks import FileLock
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation
from acp_tui.model.release import ReleaseRef

_WORDS = 500


def holder(operation: Operation) -> str:
    """What the next one is told: which act holds the release, and in which process."""
    return f"{operation.id}: {operation.headline} (process {os.getpid()}, {operation.user})"


def is_held(folder: Path, ref: ReleaseRef) -> bool:
    """Whether a process of this machine works on the release: a runner, or a Helm that it left behind."""
    return locks.is_held(_path(folder, ref))


def lock_release(folder: Path, ref: ReleaseRef, *, holder: str) -> FileLock:
    """Takes the lock or raises Refused naming the holder; `holder` is what the next one is told of us."""
    path = _path(folder, ref)
    try:
        lock = locks.hold(path)
    except BlockingIOError as error:
        raise Refused(
            f"{ref.name} is being worked on by another acp-tui",
            tried=_told(path),
            advice="Wait for it, or look at it in Activity.",
        ) from error
    except OSError as error:
        raise Refused(
            f"Cannot lock {ref.name}: {error.strerror}", tried=f"lock {path}", advice="Nothing was done."
        ) from error
    sign(lock, holder)
    return lock


def sign(lock: FileLock, holder: str) -> None:
    """Says who holds the release now; a disk that does not take it costs the next one a name."""
    with contextlib.suppress(OSError):
        lock.say(holder)


def _told(path: Path) -> str:
    try:
        return path.read_bytes()[:_WORDS].decode("utf-8", "replace")
    except OSError:
        return ""


def _path(folder: Path, ref: ReleaseRef) -> Path:
    name = hashlib.sha256(f"{ref.cluster}/{ref.namespace}/{ref.name}".encode()).hexdigest()[:24]
    return folder / f"{name}.lock"
