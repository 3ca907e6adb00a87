"""Windows as far as Linux can play it, for every Python process that finds this file on its path.

What Windows does not have is not there for acp_tui, and what it refuses is refused. asyncio, subprocess and pathlib
keep what they need to run here. What is played: modules and attributes that do not exist, no readers, writers or
signal handlers on the event loop, a child that inherits no file, files that cannot be renamed or removed while they
are open here, folders that cannot be opened, `os.kill(pid, 0)` that is a Ctrl+C, text that is not UTF-8 by itself.
"""

from __future__ import annotations

import asyncio
import builtins
import errno
import os
import signal
import subprocess
import sys
import warnings
from typing import Any

PROGRAM = "acp_tui"

MODULES = frozenset(
    ("fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline", "curses", "syslog",
     "textual.drivers.linux_driver", "textual.drivers.linux_inline_driver")
)  # fmt: skip

OS = frozenset(
    ("O_CLOEXEC", "O_DIRECTORY", "O_DSYNC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "WNOHANG", "chown",
     "confstr", "ctermid", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups",
     "getloadavg", "getpgid", "getpgrp", "getpriority", "getsid", "getuid", "initgroups", "killpg", "lchown", "mkfifo",
     "mknod", "nice", "openpty", "pidfd_open", "pipe2", "posix_spawn", "pread", "pwrite", "register_at_fork",
     "sched_getaffinity", "sendfile", "setegid", "seteuid", "setgid", "setpgid", "setsid", "setuid", "statvfs",
     "sysconf", "tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "wait3", "wait4", "waitid")
)  # fmt: skip
SIGNALS = frozenset(
    ("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGRTMIN", "SIGSTOP", "SIGTSTP",
     "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH", "alarm", "pause", "pthread_sigmask", "setitimer",
     "sigwait")
)  # fmt: skip

_NEW_GROUP = 0x200
_import = builtins.__import__
_popen = subprocess.Popen.__init__


class Played:
    """A module in which some things are missing and some are others."""

    def __init__(self, real: Any, *, without: frozenset[str] = frozenset(), **others: Any) -> None:
        vars(self).update(_real=real, _without=without, _others=others)

    def __getattr__(self, name: str) -> Any:
        if name in self._without:
            raise AttributeError(f"there is no {self._real.__name__}.{name} on Windows")
        return self._others[name] if name in self._others else getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


def _kill(pid: int, number: int) -> None:
    if number != signal.SIGTERM:
        raise OSError(errno.EINVAL, "that would be a Ctrl+C to everybody, or nothing")
    os.kill(pid, signal.SIGKILL)  # nobody is asked there


def _open(path: Any, flags: int, *rest: Any, **more: Any) -> int:
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Windows opens no folder", os.fspath(path))
    return os.open(path, flags, *rest, **more)


class Msvcrt:
    """Locks a byte for one open file alone, until that is closed; who may only read the file lets go at once."""

    __name__ = "msvcrt"
    LK_NBLCK = 2

    @staticmethod
    def locking(file: int, mode: int, count: int) -> None:
        import fcntl
        import struct

        at = os.lseek(file, 0, os.SEEK_CUR)
        assert at > os.fstat(file).st_size, "nobody could read what is locked"
        wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, at, count, 0)
        reads = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        held = os.open(f"/proc/self/fd/{file}", os.O_RDWR) if reads else file
        try:
            fcntl.fcntl(held, fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error
        finally:
            if reads:
                os.close(held)


PLAYED: dict[str, Any] = {
    "os": Played(os, without=OS, kill=_kill, open=_open, O_BINARY=0),
    "signal": Played(signal, without=SIGNALS, CTRL_BREAK_EVENT=signal.SIGTERM),
    "subprocess": Played(subprocess, CREATE_NEW_PROCESS_GROUP=_NEW_GROUP),
    "sys": Played(sys, platform="win32"),
    "msvcrt": Msvcrt,
}


def _import_for(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    """What an import gives; the program gets what there is on Windows."""
    importer = (globals or {}).get("__name__", "")
    if level or importer.partition(".")[0] != PROGRAM:
        return _import(name, globals, locals, fromlist, level)
    if MODULES.intersection((name, *(f"{name}.{each}" for each in fromlist or ()))):
        raise ModuleNotFoundError(f"No module named {name!r} on Windows")
    return PLAYED.get(name) or _import(name, globals, locals, fromlist, level)


def _start(self: Any, *args: Any, **more: Any) -> None:
    """As the start of a process on Windows refuses it."""
    if more.get("preexec_fn") is not None or more.get("pass_fds"):
        raise ValueError("preexec_fn and pass_fds are not supported on Windows platforms")
    more["creationflags"] = more.get("creationflags", 0) & ~_NEW_GROUP
    _popen(self, *args, **more)


def _refused(*_: Any, **__: Any) -> Any:
    raise NotImplementedError("no event loop of Windows has that")


def _watch(event: str, details: tuple[Any, ...]) -> None:
    """Whatever is open here can neither be renamed nor replaced nor removed."""
    if event not in ("os.rename", "os.remove"):
        return
    paths = {os.path.abspath(os.fsdecode(each)) for each in details[:2] if isinstance(each, str | bytes | os.PathLike)}
    for number in os.listdir("/proc/self/fd"):
        try:
            held = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if held in paths:
            raise PermissionError(errno.EACCES, "The process cannot access the file because it is being used", held)


builtins.__import__ = _import_for
subprocess.Popen.__init__ = _start  # type: ignore[method-assign]
for _name in ("add_reader", "add_writer", "add_signal_handler"):
    _has = getattr(asyncio.SelectorEventLoop, _name)

    def _for_others(self: Any, *args: Any, _has: Any = _has) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        return (_refused if caller.partition(".")[0] == PROGRAM else _has)(self, *args)

    setattr(asyncio.SelectorEventLoop, _name, _for_others)
sys.addaudithook(_watch)
warnings.filterwarnings("error", category=EncodingWarning, module=PROGRAM)
