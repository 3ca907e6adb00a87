"""The act that takes another one back, as long as the release stands where that one left it."""

from __future__ import annotations

from collections.abc import Sequence

from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState
from acp_tui.model.plan import Intent, Verb
from acp_tui.model.release import Revision, Store

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
    wrote = operation.verb in _BACK or operation.verb is Verb.UNINSTALL or _spec_stays(operation)
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
    if not operation.revision_after and _spec_stays(operation):
        return _spec_back(operation, history)
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


def _spec_stays(operation: Operation) -> bool:
    """A change that Captain could not carry out stands in the HelmRequest, and Captain goes on trying it."""
    acted = any(step.id == "act" and step.started_at is not None for step in operation.steps)
    captain = operation.release.store is Store.CAPTAIN
    return captain and acted and operation.verb in (Verb.UPGRADE, Verb.ROLLBACK)


def _spec_back(operation: Operation, history: Sequence[Revision]) -> Intent:
    """Back to what runs; its number counts, because failed revisions come and go with each of Captain's tries."""
    running = next((each for each in history if each.status == "deployed"), None)
    if running is None or running.revision != operation.revision_before:
        now = f"revision {running.revision}" if running is not None else "none"
        raise _refused(operation, f"it stood on revision {operation.revision_before}, and now {now} is deployed")
    return Intent(Verb.ROLLBACK, operation.release, revision=running.revision)


def _revived(operation: Operation, newest: Revision | None) -> Intent:
    if newest is None:
        raise _refused(operation, "its records went with it")
    if newest.status != "uninstalled" or newest.revision != operation.revision_before:
        raise _refused(operation, f"{operation.release.name} moved since: revision {newest.revision} is there")
    return Intent(Verb.ROLLBACK, operation.release, revision=newest.revision)


def _refused(operation: Operation, why: str) -> Refused:
    words = f"By hand: {operation.undo}." if operation.undo else "Look at its history, and plan what you want instead."
    return Refused(f"No undo of {operation.id}: {why}", tried=operation.headline, advice=words)
