"""One act on a release at a time, over all acp-tui processes of this machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from pathlib import Path

from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation
from acp_tui.model.release import ReleaseRef

_GLANCE = 0.01


class ReleaseLock:
    """A lock the kernel drops with the process, so that a killed one never leaves a release locked.

    `file` is the open file that carries it: a child that inherits it holds the lock too, and alone once we gave it
    free. The file stays behind: removing it would let two processes hold locks on two files of the same name.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    @property
    def file(self) -> int:
        return self._file

    def hold(self, holder: str) -> None:
        """Says who holds it, for the next one who wants it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, holder.encode(), 0)

    def release(self) -> None:
        """Gives the release free; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def holder(operation: Operation) -> str:
    """What the next one is told: which act holds the release, and in which process."""
    return f"{operation.id}: {operation.headline} (process {os.getpid()}, {operation.user})"


def is_held(folder: Path, ref: ReleaseRef) -> bool:
    """Whether a process of this machine works on the release: a runner, or a Helm that it left behind."""
    try:
        file = os.open(_path(folder, ref), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def lock_release(folder: Path, ref: ReleaseRef, *, holder: str) -> ReleaseLock:
    """Takes the lock or raises Refused naming the holder; `holder` is what the next one is told of us."""
    path = _path(folder, ref)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(
            f"Cannot lock {ref.name}: {error.strerror}", tried=f"open {path}", advice="Nothing was done."
        ) from error
    try:
        _take(file)
    except OSError as error:
        told = os.pread(file, 500, 0).decode("utf-8", "replace")
        os.close(file)
        if isinstance(error, BlockingIOError):
            raise Refused(
                f"{ref.name} is being worked on by another acp-tui",
                tried=told,
                advice="Wait for it, or look at it in Activity.",
            ) from error
        raise Refused(
            f"Cannot lock {ref.name}: {error.strerror}", tried=f"lock {path}", advice="Nothing was done."
        ) from error
    lock = ReleaseLock(file)
    lock.hold(holder)
    return lock


def _path(folder: Path, ref: ReleaseRef) -> Path:
    name = hashlib.sha256(f"{ref.cluster}/{ref.namespace}/{ref.name}".encode()).hexdigest()[:24]
    return folder / f"{name}.lock"


def _take(file: int) -> None:
    """Tries a second time, for one who only looked whether somebody holds it. Raises OSError."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_GLANCE)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
