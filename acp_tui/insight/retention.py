"""Which records the next act removes: Helm's limit on a history, and Captain's sweep of what failed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from acp_tui.model.release import Revision, Store

_CAPTAIN_KEEPS = frozenset({"deployed", "superseded"})


def leaving(history: Sequence[Revision], *, limit: int) -> tuple[int, ...]:
    """Revisions the next upgrade or rollback removes, oldest last; `history` is newest first.

    Helm prunes the oldest before it writes a new record and spares the last deployed one. Captain does the same, and
    before each sync it deletes every record that is neither deployed nor superseded.
    """
    swept = [each for each in history if each.ref.store is Store.CAPTAIN and each.status not in _CAPTAIN_KEEPS]
    left = [each for each in history if each not in swept]
    spared = next((each.revision for each in left if each.status == "deployed"), None)
    over = max(0, len(left) + 1 - limit)
    pruned = [each for each in reversed(left) if each.revision != spared][:over]
    return tuple(sorted((each.revision for each in (*swept, *pruned)), reverse=True))


def with_leaving(history: Sequence[Revision], *, limit: int) -> tuple[Revision, ...]:
    """The history with `leaves` set where it is true."""
    going = leaving(history, limit=limit)
    return tuple(replace(each, leaves=True) if each.revision in going else each for each in history)
