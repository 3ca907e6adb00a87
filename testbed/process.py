"""A child process that writes a log file, tells why it died, and never outlives its parent."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Below the range from which the kernel takes the local ports of outgoing connections, so that none of those
# can take a port between our choice and the server's bind.
PORTS = range(20_000, 32_000)


class BedError(Exception):
    """The bed cannot do what was asked; the text says which process or request, and where its log is."""


def free_port(taken: set[int]) -> int:
    """A loopback port nobody listens on and that is not in `taken`, to which it is added."""
    for _ in range(1_000):
        port = random.choice(PORTS)
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(port)
        return port
    raise BedError(f"no free port between {PORTS.start} and {PORTS.stop}")


class Process:
    """One server of the bed, in a session of its own so that Ctrl+C reaches it through `stop` alone.

    The kernel kills it when the thread that started it ends (Linux), so start it from a thread that lives as
    long as the bed: the main one.
    """

    def __init__(self, name: str, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.argv = tuple(argv)
        self.log = log
        self._env = dict(env) if env is not None else None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
                # Between fork and exec it makes two system calls and takes no lock, which is safe beside threads.
                preexec_fn=_die_with(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509
            )

    def check(self) -> None:
        """Raise BedError with the end of the log if the process is not running."""
        if self._child is None:
            raise BedError(f"{self.name} was not started")
        code = self._child.poll()
        if code is None:
            return
        tail = self.log.read_text(errors="replace").splitlines()[-8:]
        raise BedError("\n".join((f"{self.name} ended with {code}; the end of {self.log}:", *tail)))

    def suspend(self) -> None:
        """Freeze it: its port still accepts connections and nothing is answered, as on a host that hangs."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a host that loses power would."""
        if self._child is None:
            return
        self._signal(signal.SIGKILL)
        self._child.wait()
        self._child = None

    def terminate(self) -> None:
        """Ask it to end without waiting, so that many can be asked at once; also one that is suspended."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def stop(self, grace: float = 10.0) -> None:
        """SIGTERM, after `grace` seconds SIGKILL, to the whole process group; returns when it is gone."""
        if self._child is None:
            return
        self.terminate()
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        self._child = None

    def _signal(self, number: signal.Signals) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does before exec: ask for SIGKILL when the parent goes, and go if it went already."""
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork

    def arm() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return arm
