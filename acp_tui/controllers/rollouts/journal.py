"""What is kept of rollouts: one small file each, whole at every change, and a lock that says somebody is at it."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from pathlib import Path

import msgspec
from msgspec import structs

from acp_tui.config.locks import FileLock, hold, is_held
from acp_tui.config.private import write_private
from acp_tui.model.errors import Refused
from acp_tui.model.rollout import Rollout, RolloutState

KEPT = 100
ABANDONED_SECONDS = 86400.0
"""A review that is open for longer is nobody's any more."""
_NAME = re.compile(r"[0-9A-Za-z-]{1,64}")


class RolloutJournal:
    """A folder (0700) with `<id>.json`, `<id>.lock` and, as long as it may be needed, the chart under `<id>/`.

    Clusters, versions, states and ids of operations are in it, and never values.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def chart_folder(self, id: str) -> Path:
        """A fresh folder for the chart. Raises Refused where the disk does not take it."""
        path = self._folder / id
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(path, error) from error
        return path

    def drop_chart(self, id: str) -> None:
        shutil.rmtree(self._folder / id, ignore_errors=True)

    def hold(self, id: str) -> FileLock:
        """Says that this process is at it. Raises Refused where another one is, or the disk does not take it."""
        path = self._lock(id)
        try:
            held = hold(path)
        except BlockingIOError as error:
            raise Refused(
                f"Rollout {id} is under way in another process", advice="watch it there, or wait for its end"
            ) from error
        except OSError as error:
            raise _unwritable(path, error) from error
        self._forget_oldest()
        return held

    def save(self, rollout: Rollout) -> None:
        """Raises Refused where the disk does not take it."""
        path = self._folder / f"{rollout.id}.json"
        try:
            write_private(path, msgspec.json.encode(rollout), synced=True)
        except OSError as error:
            raise _unwritable(path, error) from error

    def find(self, id: str) -> Rollout | None:
        """As it was last saved; one that has no end and nobody at it is interrupted."""
        if not _NAME.fullmatch(id):
            return None
        try:
            rollout = msgspec.json.decode((self._folder / f"{id}.json").read_bytes(), type=Rollout)
        except (OSError, msgspec.DecodeError, UnicodeError):
            return None
        if rollout.ended_at is None and not is_held(self._lock(id)):
            return structs.replace(rollout, state=RolloutState.INTERRUPTED)
        return rollout

    def past(self) -> tuple[Rollout, ...]:
        """Newest first."""
        found = [self.find(id) for id in self._ids()]
        return tuple(rollout for rollout in found if rollout is not None)

    def _ids(self) -> list[str]:
        try:
            return sorted((path.stem for path in self._folder.glob("*.json")), reverse=True)
        except OSError:
            return []

    def _lock(self, id: str) -> Path:
        return self._folder / f"{id}.lock"

    def _forget_oldest(self) -> None:
        """Rollouts beyond the bound, and charts of plans that a console left behind when it was killed."""
        known = set(self._ids())
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if path.is_dir() and path.name not in known and time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
        for id in self._ids()[KEPT:]:
            if not is_held(self._lock(id)):
                self.drop_chart(id)
                for suffix in ("json", "lock"):
                    with contextlib.suppress(OSError):
                        (self._folder / f"{id}.{suffix}").unlink()


def _unwritable(path: Path, error: OSError) -> Refused:
    return Refused(
        f"The journal of rollouts cannot be written: {error.strerror or error}",
        tried=f"write {path}",
        advice="Make room or correct the rights there, then go on.",
    )
