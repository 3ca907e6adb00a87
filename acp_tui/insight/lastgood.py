"""Whether a revision was ever really healthy: how long it was the deployed one, and what was proven of it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from acp_tui.insight.times import span
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.release import Revision

GOOD = frozenset({"deployed", "superseded"})
"""Helm's words for a revision that became the deployed one once; without --wait its pods may never have run."""

BRIEF = 120.0
"""Seconds: a revision replaced sooner was no revision anybody worked with."""

_WELL = frozenset({OutcomeKind.HEALTHY, OutcomeKind.RESIDUE})
_BAD = frozenset({OutcomeKind.REGRESSED, OutcomeKind.FAILED})

Proofs = Mapping[int, OutcomeKind]
"""The verdicts of our own journal by the revision an act made."""


class Standing(Struct, frozen=True):
    """How good a revision is as a target; `good` is None where nothing proves it either way."""

    good: bool | None
    words: str


def standing_of(history: Sequence[Revision], number: int, proofs: Proofs, *, now: float) -> Standing:
    """`history` is newest first. A verdict of ours counts most, then whether it was the deployed one, and how long."""
    revision = next((each for each in history if each.revision == number), None)
    if revision is None:
        return Standing(None, "it is no longer in the history")
    proof = proofs.get(number)
    served = serving_seconds(history, revision, now=now)
    if proof in _BAD:
        return Standing(False, f"{proof.value} when it was put there" if proof else "")
    if revision.status not in GOOD:
        return Standing(False, f"{revision.status}: it never became the deployed one")
    words = (
        f"the deployed one for {span(served)}" if served is not None else f"{revision.status}, since when is not known"
    )
    if proof in _WELL:
        return Standing(True, f"proven healthy, {words}")
    if served is not None and served < BRIEF and revision is not history[0]:
        replaced = any(each.revision > number and each.status in GOOD for each in history)
        brief = f"replaced after {span(served)}" if replaced else f"the deployed one for only {span(served)}"
        return Standing(None, f"{brief}: nobody knows that it ever worked")
    return Standing(True, words)


def serving_seconds(history: Sequence[Revision], revision: Revision, *, now: float) -> float | None:
    """How long it was the deployed one: until the next that became it, or until now; None where no time is known."""
    if revision.updated_at is None or revision.status not in GOOD:
        return None
    later = [each for each in history if each.revision > revision.revision and each.status in GOOD]
    after = min(later, key=lambda each: each.revision, default=None)
    until = now if after is None else after.updated_at
    return max(0.0, until - revision.updated_at) if until is not None else None


def best_target(
    history: Sequence[Revision], proofs: Proofs, *, now: float, passed_over: int | None = None
) -> int | None:
    """The newest earlier revision that was healthy; else the newest of which it is not known; never one proven bad.

    `passed_over` is a revision that the newest one already went back to.
    """
    earlier = [
        each for each in history[1:] if each.status in GOOD and each.revision != passed_over and not each.unreadable
    ]
    judged = [(each.revision, standing_of(history, each.revision, proofs, now=now).good) for each in earlier]
    good = next((number for number, fine in judged if fine), None)
    return good if good is not None else next((number for number, fine in judged if fine is None), None)
