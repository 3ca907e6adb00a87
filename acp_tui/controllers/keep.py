"""The record of our own: revisions, failed attempts and last words of releases we acted on, beyond Helm's history.

Helm prunes, Captain deletes what failed, and a hook's pod goes with its log; what is kept here stays until a person
deletes it or the bounds are reached. Files are private and hold no secret value.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import structs

from acp_tui.config.private import write_private
from acp_tui.model.kept import KeptRevision, KeptWords, Words
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision

PER_RELEASE = 60
"""Files of one release: the newest are kept."""
KEPT_BYTES = 64 * 1024 * 1024
"""All files together; the oldest go first, whosever they are."""

_PLAIN = re.compile(r"[^0-9A-Za-z-]+")
_SUFFIX = ".json.gz"
T = TypeVar("T")


class Keep:
    """Files of mode 0600 in a folder of mode 0700, one folder a release: `r<revision>-<uid>` and `w<operation>`.

    A file has two lines: what a list needs, and the rest. What cannot be read counts as not kept; what cannot be
    written raises OSError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def revisions(self, ref: ReleaseRef) -> tuple[Revision, ...]:
        """All that are kept, newest first, with `kept_at` set; most are in the cluster as well."""
        found = (_head(path, Revision) for path in self._files(ref, "r"))
        return tuple(sorted((each for each in found if each), key=lambda each: each.revision, reverse=True))

    def releases(self) -> tuple[ReleaseRef, ...]:
        """Every release something is kept of, also those the clusters no longer have."""
        found: dict[ReleaseRef, None] = {}
        for place in sorted(self.folder.glob("*/")):
            heads = ((_head(path, Revision) or _head(path, KeptWords)) for path in place.glob(f"*{_SUFFIX}"))
            ref = next((each.ref for each in heads if each is not None), None)
            if ref is not None:
                found[ref] = None
        return tuple(found)

    def body(self, ref: ReleaseRef, revision: int, uid: str = "") -> ReleaseBody | None:
        """The masked body of a kept revision, of the one last seen where a number was used twice."""
        names = [path for path in self._files(ref, f"r{revision}-") if not uid or path.name == _name(revision, uid)]
        for path in sorted(names, key=_age, reverse=True):
            with contextlib.suppress(OSError, EOFError, zlib.error, msgspec.DecodeError, IndexError):
                return msgspec.json.decode(gzip.decompress(path.read_bytes()).split(b"\n", 1)[1], type=ReleaseBody)
        return None

    def words(self, ref: ReleaseRef, *, uid: str = "") -> tuple[KeptWords, ...]:
        """What was heard, newest first; with a uid of that record alone."""
        found = (_head(path, KeptWords) for path in self._files(ref, "w"))
        heard = [each for each in found if each is not None and (not uid or each.uid == uid)]
        return tuple(sorted(heard, key=lambda each: each.at, reverse=True))

    def write(self, kept: KeptRevision) -> None:
        revision = kept.revision
        lines = (msgspec.json.encode(revision), msgspec.json.encode(kept.body))
        self._write(revision.ref, _name(revision.revision, revision.uid), lines)

    def hear(self, words: KeptWords) -> None:
        """Adds to what was heard during an operation; the same container counts once, with its last lines."""
        known: dict[tuple[str, str], Words] = {}
        for each in (*self._heard(words.ref, words.operation), *words.words):
            old = known.get((each.pod, each.container))
            if old is None or each.lines or each.state:
                known[each.pod, each.container] = each
        both = structs.replace(words, words=tuple(known.values()))
        name = f"w{_PLAIN.sub('', words.operation)}{_SUFFIX}"
        self._write(words.ref, name, (msgspec.json.encode(both),))

    def forget(self, ref: ReleaseRef) -> int:
        """Deletes everything of a release; returns how many files that were."""
        place = self._place(ref)
        count = len(tuple(self._files(ref, "")))
        shutil.rmtree(place, ignore_errors=True)
        return count

    def _heard(self, ref: ReleaseRef, operation: str) -> tuple[Words, ...]:
        return next((each.words for each in self.words(ref) if each.operation == operation), ())

    def _write(self, ref: ReleaseRef, name: str, lines: Sequence[bytes]) -> None:
        write_private(self._place(ref) / name, gzip.compress(b"\n".join(lines), compresslevel=6))
        self._bound(ref)

    def _bound(self, ref: ReleaseRef) -> None:
        for path in sorted(self._files(ref, ""), key=_age, reverse=True)[PER_RELEASE:]:
            path.unlink(missing_ok=True)
        everything = sorted(self.folder.glob(f"*/*{_SUFFIX}"), key=_age, reverse=True)
        room = KEPT_BYTES
        for path in everything:
            with contextlib.suppress(OSError):
                room -= path.stat().st_size
                if room < 0:
                    path.unlink()

    def _files(self, ref: ReleaseRef, start: str) -> Iterator[Path]:
        return self._place(ref).glob(f"{start}*{_SUFFIX}")

    def _place(self, ref: ReleaseRef) -> Path:
        return self.folder / hashlib.sha256(ref.key.encode()).hexdigest()[:24]


def open_keep() -> Keep:
    """That of this user, in the state folder."""
    from acp_tui.config.paths import state_dir

    return Keep(state_dir() / "kept")


def whole_history(listed: Sequence[Revision], kept: Iterable[Revision]) -> tuple[Revision, ...]:
    """The cluster's history with the kept revisions it no longer has, newest first.

    A kept revision that is still there is left out; where a number was used twice the one in the cluster comes first.
    """
    there = {each.uid for each in listed if each.uid}
    gone = [each for each in kept if each.uid not in there]
    return tuple(sorted((*listed, *gone), key=lambda each: (-each.revision, each.kept_at is not None)))


def _name(revision: int, uid: str) -> str:
    return f"r{revision}-{_PLAIN.sub('', uid)}{_SUFFIX}"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _head(path: Path, type: type[T]) -> T | None:
    """The first line alone: a list of sixty revisions does not inflate sixty manifests."""
    try:
        with gzip.open(path) as file:
            return msgspec.json.decode(file.readline(), type=type)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError):
        return None
