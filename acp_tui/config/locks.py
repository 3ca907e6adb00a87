"""A file that one process of this machine holds at a time, as long as it lives: the one lock of the program."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from acp_tui.config.private import open_private

_GLANCE = 0.01

if sys.platform == "win32":
    import msvcrt

    _FAR = 2**30
    """The byte that is locked: nobody could read it, and nothing is ever written there."""

    def _lock(file: int, *, shared: bool) -> None:
        """There is no shared lock: two who only look at the same moment each take the other for a holder."""
        os.lseek(file, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
else:
    import fcntl

    def _lock(file: int, *, shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


class FileLock:
    """The kernel drops it with the process, so that a killed one never leaves anything locked.

    `file` is the open file that carries it: a child that inherits it holds the lock too, and alone once we let go
    (not on Windows, where a lock is handed on to nobody). The file stays behind: removing it would let two processes
    hold locks on two files of the same name.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    @property
    def file(self) -> int:
        return self._file

    def say(self, words: str) -> None:
        """Writes who holds it, for the next one who wants it. Raises OSError."""
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, words.encode())

    def release(self) -> None:
        """Lets go by closing alone: to unlock would take it from a child too. A second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def hold(path: Path) -> FileLock:
    """Holds the file, which is made where there is none, in a folder made 0700 where there is none.

    Raises BlockingIOError where somebody else holds it, and another OSError where it cannot be locked.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        take(file)
    except OSError:
        os.close(file)
        raise
    return FileLock(file)


def take(file: int) -> None:
    """Holds an open file until it is closed; tries a second time, for one who only looked. Raises as `hold`."""
    try:
        _lock(file, shared=False)
    except BlockingIOError:
        time.sleep(_GLANCE)
        _lock(file, shared=False)


def is_held(path: Path) -> bool:
    """Whether somebody holds the file; nobody holds one that is not there, and one that cannot be asked is held."""
    try:
        file = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        _lock(file, shared=True)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
