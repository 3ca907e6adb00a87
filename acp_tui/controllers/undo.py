"""The act that takes another one back, as long as the release stands where that one left it."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState
from acp_tui.model.plan import Intent, Verb
from acp_tui.model.release import Revision

_BACK = {Verb.PAUSE: Verb.RESUME, Verb.RESUME: Verb.PAUSE}
_NOTHING = frozenset({Verb.RESYNC, Verb.ADOPT})


def never(operation: Operation) -> str:
    """Why the journal alone rules an undo out; empty where it depends on how the release stands now."""
    if not operation.state.over:
        return "it still runs: cancel it first"
    if operation.state is OperationState.REFUSED:
        return "it was refused: nothing was done"
    if operation.state is OperationState.LOST:
        return "nobody saw how far it came: the history of the release shows it"
    if operation.verb is Verb.RECOVER:
        return f"its records are put back by acp-tui release recover {operation.release.name} --put-back"
    if operation.verb in _NOTHING:
        return "it leaves nothing to take back"
    wrote = operation.verb in _BACK or operation.verb is Verb.UNINSTALL
    if not wrote and not operation.revision_after:
        return "it wrote no revision: there is nothing to take back"
    if operation.verb in (Verb.UPGRADE, Verb.ROLLBACK) and not operation.revision_before:
        return "there is nothing to go back to"
    return ""


def undo_of(operation: Operation, history: Sequence[Revision]) -> Intent:
    """The intent that takes it back; `history` is the release as it stands now, newest first.

    Raises Refused where there is none, or where somebody acted on the release since.
    """
    why = never(operation)
    if why:
        raise _refused(operation, why)
    newest = history[0] if history else None
    if operation.verb is Verb.UNINSTALL:
        return _revived(operation, newest)
    if newest is None:
        raise _refused(operation, "no record of the release is left")
    after = operation.revision_after or operation.revision_before
    same = not operation.record_uid or newest.uid == operation.record_uid
    if newest.revision != after or not same:
        again = " (another one of that number)" if newest.revision == after else ""
        raise _refused(
            operation,
            f"{operation.release.name} moved since: it was left at revision {after}, now the newest is "
            f"{newest.revision}{again}",
        )
    if operation.verb in _BACK:
        return Intent(_BACK[operation.verb], operation.release)
    if operation.verb is Verb.DEPLOY:
        return Intent(Verb.UNINSTALL, operation.release)
    if operation.revision_before not in {each.revision for each in history}:
        raise _refused(operation, f"revision {operation.revision_before} is no longer in the history")
    return Intent(Verb.ROLLBACK, operation.release, revision=operation.revision_before)


def _revived(operation: Operation, newest: Revision | None) -> Intent:
    if newest is None:
        raise _refused(operation, "its records went with it")
    if newest.status != "uninstalled" or newest.revision != operation.revision_before:
        raise _refused(operation, f"{operation.release.name} moved since: revision {newest.revision} is there")
    return Intent(Verb.ROLLBACK, operation.release, revision=newest.revision)


def _refused(operation: Operation, why: str) -> Refused:
    words = f"By hand: {operation.undo}." if operation.undo else "Look at its history, and plan what you want instead."
    return Refused(f"No undo of {operation.id}: {why}", tried=operation.headline, advice=words)
