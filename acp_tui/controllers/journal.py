"""The record of acts: one append-only file an operation, a line on the disk before and after each step."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from acp_tui.config.locks import is_held, take
from acp_tui.config.private import open_private
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepProgress, StepState
from acp_tui.model.refs import Clock

REMEMBERED = 200
"""Past operations that are read unless somebody asks for more, and refused ones that are kept."""

KEPT = 1000
KEPT_BYTES = 64 * 1024 * 1024
"""Beyond either the oldest records go, but never one without an end."""

BESIDE = ("story", "ear", "err")
"""Files beside a record: what the engine printed, where a running act takes orders, why its process did not begin."""

STALE_SECONDS = 3600.0
"""After so long nobody is about to begin any more."""

REFUSED = "refused"
RESERVE_BYTES = 64 * 1024
_NAME = re.compile(r"[0-9A-Za-z-]{1,64}\.jsonl")


class Line(Struct, frozen=True, omit_defaults=True):
    """One line: the operation whole at `begin` and `end` (never the engine's output), one step in between."""

    at: float
    event: str
    pid: int = 0
    operation: Operation | None = None
    step: StepProgress | None = None


class Journal:
    """Reads and begins records in one folder (0700, files 0600).

    A line holds who, where, what, before, after, verdict and undo, and never values, manifests or what an engine
    printed. Each writer holds a lock on its file as long as it lives: a file without an end that nobody holds
    belongs to a process that is gone, and its operation is LOST. What was refused lies in a folder of its own, so
    that somebody who tries a thousand times pushes no act out.
    """

    def __init__(self, folder: Path, *, clock: Clock = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._read: dict[str, tuple[tuple[int, int], Operation | None]] = {}

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def locks(self) -> Path:
        """Where whoever works on a release holds its lock, beside the records."""
        return self._folder.parent / "locks"

    @property
    def kept(self) -> Path:
        """Where a run keeps what Helm and Captain erase."""
        return self._folder.parent / "kept"

    def beside(self, id: str, suffix: str) -> Path:
        """A file that belongs to an operation and goes with its record."""
        return self._folder / f"{id}.{suffix}"

    def begin(self, operation: Operation) -> Record:
        """Opens the record and writes its first line; raises Refused where the disk does not take it.

        Room for the lines to come is taken now, so that a disk which fills up later does not cost the end.
        """
        path = self._folder / f"{operation.id}.jsonl"
        reserve = self._folder / f".{operation.id}.reserve"
        file = -1
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            file = open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND)
            # Held before there is a line in it: whoever reads it sees nothing yet, or an act that somebody runs.
            take(file)
            _fill(reserve)
            record = Record(file, reserve, self._clock)
            record.write(Line(self._clock(), "begin", pid=os.getpid(), operation=bare(operation)))
            _sync_folder(self._folder)
            self._rotate()
        except OSError as error:
            if file >= 0:
                os.close(file)
                for left in (path, reserve):
                    with contextlib.suppress(OSError):
                        left.unlink(missing_ok=True)
            raise Refused(
                f"The journal cannot be written: {error.strerror or error}",
                tried=f"write {path}",
                advice="Nothing was done. Make room or correct the rights there, then try again.",
            ) from error
        return record

    def refuse(self, operation: Operation) -> None:
        """Records an act that was not begun; a disk that does not take it leaves the refusal as it is."""
        line = Line(self._clock(), "refused", pid=os.getpid(), operation=bare(operation))
        refused = self._folder / REFUSED
        with contextlib.suppress(OSError):
            refused.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = refused / f"{operation.id}.jsonl"
            file = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
            try:
                os.write(file, msgspec.json.encode(line) + b"\n")
                os.fsync(file)
            finally:
                os.close(file)
            _sync_folder(refused)
            for old in _names(refused)[REMEMBERED:]:
                (refused / old).unlink(missing_ok=True)

    def find(self, id: str) -> Operation | None:
        """One operation, however old."""
        name = f"{id}.jsonl"
        return (self._operation(name) or self._operation(f"{REFUSED}/{name}")) if _NAME.fullmatch(name) else None

    def past(self, *, limit: int = REMEMBERED) -> tuple[Operation, ...]:
        """Operations on the disk, newest first: those of other processes that still run, and refused ones, too.

        `limit` is how many of either are read.
        """
        acts = [self._operation(name) for name in _names(self._folder)[:limit]]
        refused = [self._operation(f"{REFUSED}/{name}") for name in _names(self._folder / REFUSED)[:limit]]
        found = [operation for operation in (*acts, *refused) if operation is not None]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True))

    def _rotate(self) -> None:
        """Removes the oldest records beyond the bounds; a lost act is unfinished and stays, an empty one goes."""
        room, kept = KEPT_BYTES, 0
        for name in _names(self._folder):
            path = self._folder / name
            with contextlib.suppress(OSError):
                size = path.stat().st_size
                kept, room = kept + 1, room - size
                if kept <= KEPT and room >= 0:
                    continue
                operation = self._operation(name)
                if not size or (operation and operation.state.over and operation.state is not OperationState.LOST):
                    for each in (path, *(path.with_suffix(f".{suffix}") for suffix in BESIDE)):
                        each.unlink(missing_ok=True)
                    self._read.pop(name, None)

    def _operation(self, name: str) -> Operation | None:
        path = self._folder / name
        try:
            state = path.stat()
            mark = (state.st_mtime_ns, state.st_size)
            known = self._read.get(name)
            if known and known[0] == mark and (known[1] is None or known[1].state.over):
                return known[1]
            operation = _recorded(path)
        except OSError:
            return None
        self._read[name] = (mark, operation)
        return operation

    def _sweep(self) -> None:
        """Removes what processes that are gone held; without a record it may belong to one that is about to begin."""
        for left in (*self._folder.glob(".*.reserve"), *self._folder.glob("*.ear"), *self._folder.glob("*.err")):
            record = self._folder / f"{left.stem.removeprefix('.')}.jsonl"
            with contextlib.suppress(OSError):
                begins = not record.exists() and time.time() - left.stat().st_mtime <= STALE_SECONDS
                if not begins and not is_held(record):
                    left.unlink(missing_ok=True)


class Record:
    """The open record of one operation; every call returns after the line is on the disk."""

    def __init__(self, file: int, reserve: Path, clock: Clock) -> None:
        self._file = file
        self._reserve = reserve
        self._clock = clock
        self._torn = False

    def step(self, step: StepProgress) -> None:
        self.write(Line(self._clock(), "step", step=step))

    def end(self, operation: Operation) -> None:
        """Writes the verdict and lets the file go, even where the disk no longer takes a line (OSError)."""
        try:
            self.write(Line(self._clock(), "end", operation=bare(operation)))
        finally:
            self.close()

    def write(self, line: Line) -> None:
        data = msgspec.json.encode(line) + b"\n"
        try:
            self._append(data)
        except OSError:
            if not self._reserve.exists():
                raise
            self._reserve.unlink(missing_ok=True)
            self._append(data)

    def close(self) -> None:
        """Ends our hold on the file; without an end line the operation then reads as LOST."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            with contextlib.suppress(OSError):
                self._reserve.unlink(missing_ok=True)

    def _append(self, data: bytes) -> None:
        pending = b"\n" + data if self._torn else data
        self._torn = True
        while pending:
            pending = pending[os.write(self._file, pending) :]
        os.fsync(self._file)
        self._torn = False


def _names(folder: Path) -> list[str]:
    """Names of the records in a folder, newest first."""
    try:
        return sorted((entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)), reverse=True)
    except OSError:
        return []


def bare(operation: Operation) -> Operation:
    """The operation as the journal keeps it: without what an engine printed."""
    return structs.replace(operation, output=())


def _fill(path: Path) -> None:
    file = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        left = b"\0" * RESERVE_BYTES
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    """A new file is only there after a crash once its folder is on the disk too; Windows opens no folder for that."""
    if sys.platform == "win32":
        return
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _lines(data: bytes) -> Iterable[Line]:
    """Lines that can be read; a torn one is passed over."""
    decoder = msgspec.json.Decoder(Line)
    for raw in data.split(b"\n"):
        if raw.strip():
            with contextlib.suppress(msgspec.DecodeError, UnicodeError):
                yield decoder.decode(raw)


def _folded(lines: Iterable[Line]) -> Operation | None:
    operation: Operation | None = None
    for line in lines:
        if line.operation is not None:
            operation = line.operation
        elif line.step is not None and operation is not None:
            steps = tuple(line.step if step.id == line.step.id else step for step in operation.steps)
            operation = structs.replace(operation, steps=steps)
    return operation


def _recorded(path: Path) -> Operation | None:
    """What is in a record, LOST where its writer is gone without an end. Raises OSError."""
    operation = _folded(_lines(path.read_bytes()))
    if operation is None or operation.state.over or is_held(path):
        return operation
    # It may have ended between the two looks; from now on nobody writes any more.
    operation = _folded(_lines(path.read_bytes()))
    return operation if operation is None or operation.state.over else _lost(operation)


def _lost(operation: Operation) -> Operation:
    """What is left of an operation whose process ended before it did."""
    reached = next((step for step in reversed(operation.steps) if step.state is not StepState.WAITING), None)
    where = f" during '{reached.title}'" if reached else ""
    moments = [moment for step in operation.steps for moment in (step.started_at, step.ended_at) if moment]
    return structs.replace(
        operation,
        state=OperationState.LOST,
        ended_at=max(moments, default=operation.started_at),
        outcome=Outcome(
            OutcomeKind.NOT_PROVEN,
            f"Its runner was killed{where}: nobody followed {operation.release.name} from there on",
            advice=f"acp-tui release doctor {operation.release.name} says how it stands and what leads out.",
        ),
    )
