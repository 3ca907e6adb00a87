"""What acp-tui keeps of a release it acted on: copies of its revisions, and the last words of its pods."""

from __future__ import annotations

from msgspec import Struct

from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision


class Words(Struct, frozen=True):
    """What one container printed last; `state` is how it ended (`exit 1, Error`), `why` whose pod it was."""

    pod: str
    container: str
    why: str
    at: float
    state: str = ""
    lines: tuple[str, ...] = ()


class KeptWords(Struct, frozen=True):
    """Words heard during one operation; `uid` is that of the record it wrote or, where it wrote none, stood on."""

    ref: ReleaseRef
    operation: str
    at: float
    revision: int = 0
    uid: str = ""
    words: tuple[Words, ...] = ()


class KeptRevision(Struct, frozen=True):
    """A revision as it was last seen; every secret in its body is masked."""

    revision: Revision
    body: ReleaseBody
