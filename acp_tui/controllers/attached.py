"""An act in another process, seen from this one: started, followed, asked to stop; leaving it does not end it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import structs

import acp_tui
from acp_tui.config.locks import FileLock
from acp_tui.config.private import open_private
from acp_tui.controllers.errand import CANCEL, Engine, Errand, encode, posts_of
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.story import Reader, with_story
from acp_tui.controllers.work import Act, Work
from acp_tui.model.errors import AcpTuiError, Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepState
from acp_tui.model.release import Store

PAUSE = 0.1
"""Seconds between two looks at a running act: two small files, from this machine's memory."""

DEAF_SECONDS = 5.0
"""An act that nobody could be told to cancel after so long runs where we cannot reach it."""


_MODULE = "acp_tui.controllers.detached"


class Following:
    """An act of another process; `changed` is told every new state. Cancelling `run` ends the watching alone."""

    lasting = True

    def __init__(self, operation: Operation, journal: Journal, changed: Callable[[Operation], None]) -> None:
        self._operation = operation
        self._journal = journal
        self._changed = changed
        self._reader = Reader(journal.beside(operation.id, "story"), operation)
        self._over = asyncio.Event()

    async def run(self) -> Operation:
        try:
            while True:
                seen = await asyncio.to_thread(self._look)
                if seen != self._operation:
                    self._operation = seen
                    self._changed(seen)
                if seen.state.over:
                    return seen
                await asyncio.sleep(PAUSE)
        finally:
            self._over.set()

    async def cancel(self) -> None:
        """Returns when it is over. Raises Refused where its process cannot be reached from here."""
        ear = self._journal.beside(self._operation.id, "ear")
        loop = asyncio.get_running_loop()
        until = loop.time() + DEAF_SECONDS
        while not self._over.is_set() and not _say(ear, CANCEL):
            if loop.time() > until:
                raise Refused(
                    f"Nobody listens for a cancel of {self._operation.release.name}",
                    tried=f"write to {ear}",
                    advice=f"It runs as {self._operation.user}: cancel it there.",
                )
            await asyncio.sleep(PAUSE)
        await self._over.wait()

    def _look(self) -> Operation:
        """The journal has the last word, the story everything before it and the output."""
        recorded = self._journal.find(self._operation.id)
        told = self._reader.read()
        if told.state.over:
            return told
        if recorded is None:
            return self._missing(told)
        if recorded.state.over or not self._reader.began:
            return with_story(recorded, self._reader.read())
        return told

    def _missing(self, told: Operation) -> Operation:
        return told


class Launched(Following):
    """An act that this process starts a runner for; the runner inherits the lock."""

    def __init__(self, work: Work, lock: FileLock, *, policies: Sequence[str], env: Mapping[str, str]) -> None:
        super().__init__(work.operation, work.journal, work.changed)
        self._work = work
        self._lock = lock
        self._policies = tuple(policies)
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    async def run(self) -> Operation:
        try:
            errand = await self._errand()
            self._process = await asyncio.to_thread(self._spawn, errand)
        except (AcpTuiError, OSError) as error:
            self._over.set()
            failed = self._never_began(str(error))
            self._changed(failed)
            return failed
        finally:
            self._lock.release()
        ended = await super().run()
        # The release is free when its runner is gone, which takes a moment more than the verdict.
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, 10)
        return ended

    async def _errand(self) -> Errand:
        work = self._work
        captain = work.plan.intent.release.store is Store.CAPTAIN
        return Errand(
            plan=work.plan,
            operation=work.operation,
            posts=tuple(posts_of(work.clusters, work.plan)),
            engine=None if captain else Engine.of(await work.engine()),
            journal=str(work.journal.folder),
            verify=work.verify,
            policies=self._policies,
            lock=self._lock.file,
        )

    def _spawn(self, errand: Errand) -> subprocess.Popen[bytes]:
        """Takes a moment: the whole errand is with the child when it returns."""
        journal = self._journal
        journal.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = open_private(self._words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,
                pass_fds=(errand.lock,),
                env={**self._env, "PYTHONPATH": _import_path(self._env)},
            )
        finally:
            os.close(words)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(encode(errand))
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        return process

    def _missing(self, told: Operation) -> Operation:
        """No record: it is about to begin, or it ended before it could."""
        if self._process is None or self._process.poll() is None:
            return told
        recorded = self._journal.find(told.id)
        if recorded is not None:
            return recorded
        try:
            last = self._words.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
            self._words.unlink(missing_ok=True)
        except OSError:
            last = []
        return self._never_began(*last)

    @property
    def _words(self) -> Path:
        return self._journal.beside(self._operation.id, "err")

    def _never_began(self, said: str = "") -> Operation:
        operation = self._operation
        steps = tuple(structs.replace(step, state=StepState.SKIPPED) for step in operation.steps)
        outcome = Outcome(
            OutcomeKind.FAILED,
            f"Nothing was done to {operation.release.name}: its runner did not begin",
            evidence=(said,) if said else (),
            advice="acp-tui doctor looks at the installation.",
        )
        return structs.replace(
            operation, state=OperationState.FAILED, ended_at=self._work.clock(), steps=steps, outcome=outcome
        )


class Detached:
    """Launches acts in processes of their own; `policies` are files besides those of the user and the settings."""

    def __init__(self, *, policies: Sequence[str] = (), env: Mapping[str, str] = os.environ) -> None:
        self._policies = policies
        self._env = env

    def __call__(self, work: Work, lock: FileLock) -> Act:
        return Launched(work, lock, policies=self._policies, env=self._env)


def _say(ear: Path, word: bytes) -> bool:
    """False where nobody listens (yet); on Windows nobody does, an act listens to its own terminal alone."""
    if sys.platform == "win32":
        return False
    try:
        file = os.open(ear, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    try:
        os.write(file, word)
    finally:
        os.close(file)
    return True


def _import_path(env: Mapping[str, str]) -> str:
    """The child imports the same acp_tui as we do, also where it is run from a checkout and is not installed."""
    ours = str(Path(acp_tui.__file__).parents[1])
    return os.pathsep.join(filter(None, (ours, env.get("PYTHONPATH", ""))))
