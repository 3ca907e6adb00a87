"""The room a release's records take: how near the next one comes to the limit, and which one it pushes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from acp_tui.insight.lastgood import best_target
from acp_tui.insight.recordsize import LIMIT_BYTES, TIGHT, amount, stored_bytes
from acp_tui.insight.retention import leaving
from acp_tui.model.plan import Check, CheckResult, Verb
from acp_tui.model.release import Store
from acp_tui.wire.helm import encoded

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import StoredRecord
    from acp_tui.controllers.ground import Draft, Ground

_FITS = "The record fits"


def grown(stored: StoredRecord, manifest: str, store: Store) -> int:
    """Length of the record with another manifest and the chart it has: what an upgrade stores, or close to it."""
    release = {**stored.release, "manifest": manifest}
    return len(encoded(release, store))


def record_checks(ground: Ground, draft: Draft) -> Iterable[Check]:
    """Size and pruning, for the verbs that store one more record."""
    if draft.refused or ground.intent.verb not in (Verb.DEPLOY, Verb.UPGRADE, Verb.ROLLBACK):
        return
    if draft.size:
        yield size_check(draft.size, ground.ref.store)
    elif draft.manifest:
        yield Check("size", _FITS, CheckResult.UNKNOWN, "this engine does not tell how large its chart is when stored")
    if ground.newest is not None:
        yield from _pruning(ground, draft)


def size_check(size: int, store: Store) -> Check:
    """`size` is the length of the stored text; the server counts a Secret's data without its own base64."""
    title = _FITS
    bytes_ = stored_bytes(size, store)
    evidence = f"about {amount(bytes_)} of {amount(LIMIT_BYTES)}"
    if bytes_ > LIMIT_BYTES:
        advice = "Helm would fail to store it: take files out of the chart (it is stored whole), or split the release."
        return Check("size", title, CheckResult.REFUSE, evidence, advice)
    if bytes_ > TIGHT * LIMIT_BYTES:
        advice = "The next versions may not fit any more: the chart's files are stored with every revision."
        return Check("size", title, CheckResult.WARN, evidence, advice)
    return Check("size", title, CheckResult.PASS, evidence)


def _pruning(ground: Ground, draft: Draft) -> Iterable[Check]:
    from acp_tui.clients.helm.engine import HISTORY_LIMIT

    oldest = leaving(ground.history, limit=HISTORY_LIMIT)
    title = "What is worth going back to stays"
    if not oldest:
        yield Check("pruning", title, CheckResult.PASS, f"{len(ground.history)} of {HISTORY_LIMIT} revisions")
        return
    who = "Captain" if ground.ref.store is Store.CAPTAIN else "Helm"
    numbers = ", ".join(map(str, oldest))
    evidence = f"{who} keeps {HISTORY_LIMIT}: revision{'' if len(oldest) == 1 else 's'} {numbers} "
    evidence += "goes" if len(oldest) == 1 else "go"
    good = best_target(ground.history, ground.proofs, now=ground.now)
    if good in oldest and good != draft.intent.revision:
        yield Check("pruning", title, CheckResult.WARN, f"{evidence}, {good} is the newest that was good",
                    "Save its values and manifest first, or go back to it now.")  # fmt: skip
        return
    yield Check("pruning", title, CheckResult.PASS, evidence)
