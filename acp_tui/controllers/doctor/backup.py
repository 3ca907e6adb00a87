"""Keeps a record as it was before it is written, in a private file, so that it can be put back."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from acp_tui.config.private import write_private
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.release import ReleaseRef

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Saved(Struct, frozen=True):
    """One object before an act; `left` is the fingerprint of what the act makes of it, empty where it deletes it.

    Saved before the act writes, so that what a killed one did is known too. The body is the record itself and holds
    whatever secrets the release has.
    """

    path: str
    body: dict[str, Any]
    left: str = ""

    def __repr__(self) -> str:
        return f"Saved({self.path})"


def fingerprint(body: dict[str, Any]) -> str:
    """Of what an act on records writes: labels and payload, and nothing that the server adds."""
    written = {"labels": body["metadata"].get("labels") or {}, "data": body.get("data") or {}}
    return hashlib.sha256(msgspec.json.encode(written, order="sorted")).hexdigest()


class Backup(Struct, frozen=True):
    """What one operation saved; `cluster` is where the objects lie, if that is not the cluster of the release."""

    id: str
    ref: ReleaseRef
    act: str
    at: float
    objects: tuple[Saved, ...]
    cluster: str = ""


class Backups:
    """Files of mode 0600 in a folder of mode 0700, one folder a release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, backup: Backup) -> Path:
        """On the disk when it returns; raises Refused where the disk does not take it."""
        if not _ID.fullmatch(backup.id):
            raise UsageError(f"{backup.id!r} is no operation")
        path = self._place(backup.ref) / f"{backup.id}.json"
        try:
            write_private(path, msgspec.json.encode(backup), synced=True)
        except OSError as error:
            raise Refused(
                f"The record cannot be saved: {error.strerror or error}",
                tried=f"write {path}",
                advice="Nothing was done: without a copy no record is written.",
            ) from error
        return path

    def newest(self, ref: ReleaseRef, id: str = "") -> Backup:
        """The last one of a release, or that of one operation; raises UsageError where there is none."""
        found = []
        for path in self._place(ref).glob(f"{id}.json" if _ID.fullmatch(id) else "*.json"):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode(path.read_bytes(), type=Backup))
        if found:
            return max(found, key=lambda backup: backup.at)
        raise UsageError(f"No record of {ref.name} was saved", tried=str(self._place(ref)))

    def _place(self, ref: ReleaseRef) -> Path:
        return self._folder / hashlib.sha256(ref.key.encode()).hexdigest()[:24]
