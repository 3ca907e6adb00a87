"""An act as it happens, in a file beside its journal record: anybody may read along, and the output stays."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from acp_tui.config.private import open_private
from acp_tui.controllers.journal import bare
from acp_tui.model.operation import Operation, StepProgress

OUTPUT_LINES = 200
"""An operation shows so many lines, the last ones."""

ROOM = 1024 * 1024
"""Bytes of output that are kept; what comes later is left out, states are told to the end."""


class Line(Struct, frozen=True, omit_defaults=True):
    """One of the three: a line the engine printed (redacted), a step that changed, or the operation without output."""

    said: str | None = None
    step: StepProgress | None = None
    operation: Operation | None = None


class Story:
    """The writer, in the process that acts; a disk that takes nothing costs those who watch their view and no more."""

    def __init__(self, path: Path) -> None:
        self._file = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._told: Operation | None = None
        self._room = ROOM

    def tell(self, operation: Operation) -> None:
        """Takes every new state; between two of them at most one line was printed."""
        before, self._told = self._told, operation
        lines = []
        if before is not None and operation.output and operation.output is not before.output:
            lines.append(Line(said=operation.output[-1]))
        now = bare(operation)
        if before is None or now != bare(before):
            lines.append(_changed(before, now))
        for line in lines:
            self._write(line)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: Line) -> None:
        data = msgspec.json.encode(line) + b"\n"
        if line.said is not None:
            self._room -= len(data)
            if self._room < 0:
                return
        with contextlib.suppress(OSError):
            os.write(self._file, data)


class Reader:
    """Reads along; `operation` is what it looked like when the reading began."""

    def __init__(self, path: Path, operation: Operation) -> None:
        self._path = path
        self._operation = operation
        self._at = 0
        self._decoder = msgspec.json.Decoder(Line)

    @property
    def began(self) -> bool:
        """Whether anything was told: acts on records tell no story."""
        return self._at > 0

    def read(self) -> Operation:
        """The operation with everything told so far; the same object where nothing was added."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return self._operation
        whole = data.rfind(b"\n") + 1
        self._at += whole
        for raw in data[:whole].splitlines():
            with contextlib.suppress(msgspec.DecodeError, UnicodeError):
                self._operation = _with(self._operation, self._decoder.decode(raw))
        return self._operation


def with_story(recorded: Operation, told: Operation) -> Operation:
    """What the journal has, with what only the story knows: the output, and the record that a lost act wrote."""
    return structs.replace(
        recorded,
        output=told.output,
        revision_after=recorded.revision_after or told.revision_after,
        record_uid=recorded.record_uid or told.record_uid,
    )


def _changed(before: Operation | None, now: Operation) -> Line:
    """The one step that is another, else the whole operation."""
    if before is not None and structs.replace(bare(before), steps=now.steps) == now:
        others = [step for old, step in zip(before.steps, now.steps, strict=False) if old != step]
        if len(others) == 1:
            return Line(step=others[0])
    return Line(operation=now)


def _with(operation: Operation, line: Line) -> Operation:
    if line.said is not None:
        return structs.replace(operation, output=(*operation.output, line.said)[-OUTPUT_LINES:])
    if line.step is not None:
        steps = tuple(line.step if step.id == line.step.id else step for step in operation.steps)
        return structs.replace(operation, steps=steps)
    if line.operation is not None:
        return structs.replace(line.operation, output=operation.output)
    return operation
