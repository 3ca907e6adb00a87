"""How a child that leads a session of its own is ended: asked first, and at last killed with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

if sys.platform == "win32":
    GROUP = subprocess.CREATE_NEW_PROCESS_GROUP

    def ask_to_end(child: asyncio.SubprocessTransport) -> None:
        """Ctrl+Break, the only thing that a program there can hear; it needs a group of its own to be asked alone."""
        with contextlib.suppress(OSError):
            child.send_signal(signal.CTRL_BREAK_EVENT)

    def kill_all(pid: int) -> None:
        """The child alone: what it started lives on."""
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
else:
    GROUP = 0
    """What to start it with, as `creationflags`, besides `start_new_session`, which Windows does not know."""

    def ask_to_end(child: asyncio.SubprocessTransport) -> None:
        """SIGTERM; nothing where it is over."""
        with contextlib.suppress(ProcessLookupError):
            child.terminate()

    def kill_all(pid: int) -> None:
        """SIGKILL to its whole group; nothing where it is over."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
