"""Starts the simulated fleet in a process of its own and finds one that is already served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

import acp_tui
from acp_tui.config.locks import is_held
from acp_tui.model.errors import AcpTuiError

START_SECONDS = 20.0
"""A cold machine needs a second or two; more than this means that the process is stuck."""


class Box(Struct, frozen=True):
    """A running simulated fleet; `viewer` is the kubeconfig of a user with few rights.

    Closing the standard input of the process ends it.
    """

    kubeconfig: Path
    viewer: Path
    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """Ends the process; closing its standard input is the polite way, SIGKILL the last one."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


SERVED = "served"
"""Held by who keeps the fleet of a folder running for others."""

STILL_PACE = 1000.0
"""At this pace nothing is retried while somebody looks: no image is pulled again, no container is restarted."""


class Starting:
    """A fleet that was begun to be started: it needs half a second, in which others can do something else."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self._started = time.monotonic()

    def wait(self) -> Box:
        """Waits until it listens; blocks, so call it in a thread.

        Raises AcpTuiError with the last words of the process where it does not come up.
        """
        process = self._process
        ready = _first_line(process)
        if ready is None:
            self.abandon()
            words = self._log.read_text("utf-8", errors="replace").strip().splitlines()
            raise AcpTuiError(
                "The simulated fleet did not start",
                tried=f"waited {time.monotonic() - self._started:.0f} s for {Path(sys.executable).name} -m acp_tui.sim",
                advice=f"its last words: {words[-1] if words else '(none)'}; all of them: {self._log}",
            )
        return Box(kubeconfig=Path(ready["kubeconfig"]), viewer=Path(ready["viewer"]), process=process)

    def abandon(self) -> None:
        """Ends the process at once, if it has not ended."""
        self._process.kill()
        self._process.wait()


def start_box(folder: Path, *, still: bool = False, only: Sequence[str] = (), pace: float = 0.0) -> Box:
    """Starts the fleet, waits until it listens, and returns where its kubeconfig is; as `begin_box` and `wait` do."""
    return begin_box(folder, still=still, only=only, pace=pace).wait()


def begin_box(folder: Path, *, still: bool = False, only: Sequence[str] = (), pace: float = 0.0) -> Starting:
    """Begins to start the fleet; returns at once.

    `only` names the clusters to serve instead of all; a `pace` below one makes everything in them happen faster;
    without one it is that of life, or with `still` so slow that nothing happens.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.unlink(missing_ok=True)  # a killed fleet leaves one behind
    log = folder / "log"
    argv = [sys.executable, "-m", "acp_tui.sim", "--kubeconfig-out", str(kubeconfig), "--parent-pid", str(os.getpid())]
    pace = pace or (STILL_PACE if still else 1.0)
    argv += ["--pace", str(pace), *(["--still"] if still else []), *(f"--only={name}" for name in only)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
    return Starting(process, log)


def _import_path() -> str:
    """The child imports the same acp_tui as we do, also where it is run from a checkout and is not installed."""
    ours = str(Path(acp_tui.__file__).parents[1])
    theirs = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(filter(None, (ours, theirs)))


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, str] | None:
    """The ready line; None where the process ended, stayed silent and was killed for it, or said something else."""
    if process.stdout is None:
        return None
    patience = threading.Timer(START_SECONDS, process.kill)
    patience.start()
    line = process.stdout.readline()
    patience.cancel()
    try:
        ready = json.loads(line)
    except ValueError:
        return None
    return ready if isinstance(ready, dict) and {"kubeconfig", "viewer"} <= ready.keys() else None


def served_box(folder: Path) -> Path | None:
    """The kubeconfig of a fleet that another process keeps running in this folder, or None."""
    kubeconfig = folder / "kubeconfig"
    return kubeconfig if is_held(folder / SERVED) and kubeconfig.is_file() else None
