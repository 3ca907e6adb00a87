"""Recognises what ails a release and names the least act that leads out of it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from acp_tui.insight.failure import Failure, failure_of
from acp_tui.insight.lastgood import Proofs, best_target
from acp_tui.insight.life import HookState, Signs, judge
from acp_tui.insight.recordsize import LIMIT_BYTES, TIGHT, amount
from acp_tui.model.recovery import Act, Ailment, Diagnosis, Life, Remedy
from acp_tui.model.release import Owner, ReleaseRef, Revision, Store

_PENDING = {
    "pending-install": Ailment.PENDING_INSTALL,
    "pending-upgrade": Ailment.PENDING_UPGRADE,
    "pending-rollback": Ailment.PENDING_ROLLBACK,
    "uninstalling": Ailment.UNINSTALLING,
}
_VERB = {
    Ailment.PENDING_INSTALL: "install",
    Ailment.PENDING_UPGRADE: "upgrade",
    Ailment.PENDING_ROLLBACK: "rollback",
    Ailment.UNINSTALLING: "uninstall",
}

_CAPTAINS = frozenset({Act.WAIT, Act.ROLL_BACK, Act.UNINSTALL, Act.FREE_REQUEST})


class Case(Struct, frozen=True):
    """A release as it was read: `history` newest first, `payload` the status inside the newest payload.

    `unreadable` maps revisions to why their payload does not decode. `changed` is how many objects of the last
    deployed revision are otherwise live, None where nobody looked. `request` says why a HelmRequest hangs.
    """

    ref: ReleaseRef
    history: tuple[Revision, ...]
    now: float
    payload: str = ""
    description: str = ""
    signs: Signs = Signs(0.0)
    unreadable: dict[int, str] = {}
    record_bytes: int = 0
    has_chart: bool = True
    changed: int | None = None
    proofs: Proofs = {}
    request: str = ""
    request_chart: str = ""
    owner: Owner = Owner()


def diagnose(case: Case) -> tuple[Diagnosis, ...]:
    """Every trouble, the one to begin with first; empty for a release that is well."""
    found = tuple(_found(case))
    return tuple(map(_through_captain, found)) if case.ref.store is Store.CAPTAIN else found


def _through_captain(found: Diagnosis) -> Diagnosis:
    """Captain alone writes its records, and it always runs the hooks: acts it does not know are no way out."""
    ways = tuple(each for each in found.remedies if each.act in _CAPTAINS)
    if found.remedies and not ways:
        ways = (Remedy(Act.WAIT, "Wait", "Captain tries again at its next sync, and deletes what it left pending"),)
    return structs.replace(found, remedies=ways)


def _found(case: Case) -> Iterable[Diagnosis]:
    if case.request:
        yield _hanging(case)
    if case.request_chart:
        yield _plain(case, Ailment.CHART_GONE, f"Captain cannot get the chart: {case.request_chart}.")
    if not case.history:
        return
    newest = case.history[0]
    if case.unreadable:
        yield _unreadable(case)
    if newest.revision in case.unreadable:
        return
    if case.payload and case.payload != newest.status:
        yield _label(case, newest)
    status = case.payload or newest.status
    ailment = _PENDING.get(status)
    if ailment is Ailment.UNINSTALLING:
        yield _uninstalling(case, newest)
    elif ailment is not None:
        yield _pending(case, newest, ailment)
    deployed = [each for each in case.history if each.status == "deployed"]
    if len(deployed) > 1:
        yield _several(case, deployed)
    if status == "failed":
        yield from _failed(case, newest, nothing=not deployed)
    yield from _record(case)


def _failed(case: Case, newest: Revision, *, nothing: bool) -> Iterable[Diagnosis]:
    broken = [hook for hook in case.signs.hooks if hook.recorded.lower() == "failed"]
    failure = failure_of(case.description, case.ref)
    if broken:
        yield _failed_hook(case, newest, broken, nothing=nothing)
    elif failure is not None:
        yield _refused(case, newest, failure)
    elif nothing:
        yield _nothing(case, newest)


def _pending(case: Case, newest: Revision, ailment: Ailment) -> Diagnosis:
    life, evidence = judge(case.signs)
    verb = _VERB[ailment]
    broken = [hook for hook in case.signs.hooks if hook.failed or hook.recorded.lower() == "failed"]
    sentence = f"The {verb} that made revision {newest.revision} never ended"
    if broken:
        sentence += f": its hook {broken[0].name} failed"
    who = {
        Life.WORKING: "somebody is still working on it",
        Life.NOBODY: "nobody works on it any more",
        Life.UNCLEAR: "whether anybody still works on it is not sure",
    }[life]
    remedies = tuple(_ways_out(case, newest, ailment, life, hook=bool(broken)))
    return Diagnosis(
        case.ref, ailment, f"{sentence}; {who}.", newest.revision, newest.status, life, evidence, remedies,
        since=newest.updated_at, record_bytes=case.record_bytes,
    )  # fmt: skip


def _ways_out(case: Case, newest: Revision, ailment: Ailment, life: Life, *, hook: bool) -> Iterable[Remedy]:
    if life is not Life.NOBODY:
        yield _wait()
    if life is Life.WORKING:
        return
    mark = Remedy(
        Act.MARK_FAILED,
        f"Mark revision {newest.revision} failed",
        "label and payload of that record say failed; upgrades work again, no object is touched",
        (newest.revision,),
    )
    back = _back(case, without_hooks=hook and ailment is Ailment.PENDING_ROLLBACK)
    if ailment is Ailment.PENDING_INSTALL or back is None:
        yield mark
        yield _remove(without_hooks=hook)
    elif case.changed == 0:
        yield mark
        yield back
    else:
        yield back
        yield mark


def _uninstalling(case: Case, newest: Revision) -> Diagnosis:
    life, evidence = judge(case.signs)
    broken = [hook for hook in case.signs.hooks if hook.failed or hook.recorded.lower() == "failed"]
    ailment = Ailment.DELETE_HOOK if broken else Ailment.UNINSTALLING
    if broken:
        when = ", ".join(broken[0].events) or "delete"
        sentence = f"The uninstall stopped at its {when} hook {broken[0].name}, which failed; it cannot end with it."
    else:
        sentence = "An uninstall began and never ended; what it deleted already is gone."
    remedies = [_wait()] if life is not Life.NOBODY and not broken else []
    if life is not Life.WORKING or broken:
        remedies.append(_remove(without_hooks=bool(broken)))
        back = _back(case, without_hooks=bool(broken), stopped=True)
        if back is not None:
            remedies.append(back)
        remedies.append(_let_go(case))
    return Diagnosis(
        case.ref, ailment, sentence, newest.revision, newest.status, Life.NOBODY if broken else life, evidence,
        tuple(remedies), since=newest.updated_at, record_bytes=case.record_bytes,
    )  # fmt: skip


def _several(case: Case, deployed: list[Revision]) -> Diagnosis:
    older = tuple(each.revision for each in deployed[1:])
    numbers = ", ".join(map(str, older))
    remedy = Remedy(
        Act.MARK_SUPERSEDED,
        f"Mark {numbers} superseded",
        "label and payload of the older records say superseded",
        older,
    )
    return _plain(
        case, Ailment.SEVERAL_DEPLOYED,
        f"Revisions {', '.join(str(each.revision) for each in deployed)} all say deployed, as a race leaves it; "
        f"Helm takes {deployed[0].revision}.",
        remedy,
    )  # fmt: skip


def _failed_hook(case: Case, newest: Revision, broken: list[HookState], *, nothing: bool) -> Diagnosis:
    names = ", ".join(hook.name for hook in broken)
    events = {event for hook in broken for event in hook.events}
    back = _back(case, without_hooks=bool(events & {"pre-rollback", "post-rollback"}))
    remedies = [back] if back is not None else [_remove(without_hooks=bool(events & {"pre-delete", "post-delete"}))]
    tail = " Nothing is deployed any more." if nothing else ""
    return _plain(
        case, Ailment.FAILED_HOOK, f"Revision {newest.revision} failed at its hook {names}: its log says why.{tail}",
        *remedies,
    )  # fmt: skip


def _refused(case: Case, newest: Revision, failure: Failure) -> Diagnosis:
    """The server took an object's new form not at all; what came before it in the act is changed already."""
    thing = f"{failure.object.kind} {failure.object.name}"
    good = best_target(case.history, case.proofs, now=case.now)
    if failure.conflict:
        again = Remedy(
            Act.APPLY_TAKE_OVER, f"Apply {newest.revision} again, taking the fields over",
            f"a new revision with what {newest.revision} says; whoever set these fields may set them again",
            (newest.revision,),
        )  # fmt: skip
        back = [] if good is None else [Remedy(
            Act.ROLL_BACK_TAKE_OVER, f"Roll back to {good}, taking the fields over",
            f"a new revision with what {good} says; a plain rollback meets the same conflict", (good,),
        )]  # fmt: skip
        sentence = f"Revision {newest.revision} failed at {thing}: {failure.said}, and Helm does not take it over."
        return _plain(case, Ailment.FIELD_CONFLICT, sentence, *back, again)
    delete = Remedy(
        Act.DELETE_ORPHAN, f"Delete {thing}, keep its pods",
        "it is saved first; the next upgrade makes it anew; where its selector changed, the old pods belong to nobody",
        object=failure.object,
    )  # fmt: skip
    sentence = f"Revision {newest.revision} failed at {thing}: {failure.said} cannot be changed once it is made."
    home = _back(case)
    return _plain(case, Ailment.IMMUTABLE_FIELD, sentence, *([home] if home is not None else []), delete)


def _nothing(case: Case, newest: Revision) -> Diagnosis:
    back = _back(case)
    if back is None:
        return _plain(
            case, Ailment.NOTHING_DEPLOYED,
            f"Revision {newest.revision} failed and none was ever deployed: an upgrade to a good chart heals it.",
            _remove(without_hooks=False),
        )  # fmt: skip
    return _plain(
        case, Ailment.NOTHING_DEPLOYED,
        f"Revision {newest.revision} failed and left no revision deployed, as a rollback that cannot be applied does.",
        back,
    )  # fmt: skip


def _unreadable(case: Case) -> Diagnosis:
    number = max(case.unreadable)
    newest = bool(case.history) and case.history[0].revision == number
    tail = (
        "Helm does not list the release, or takes an older revision for the newest." if newest
        else "Helm passes over it; a rollback to it is not possible."
    )  # fmt: skip
    remedy = Remedy(
        Act.SET_ASIDE, f"Set record {number} aside",
        "that one record is deleted after it was saved; the revision before it counts again", (number,),
    )  # fmt: skip
    return _plain(
        case, Ailment.UNREADABLE, f"The record of revision {number} cannot be read: {case.unreadable[number]}. {tail}",
        remedy,
    )  # fmt: skip


def _label(case: Case, newest: Revision) -> Diagnosis:
    remedy = Remedy(
        Act.REPAIR_LABEL, f"Write {case.payload} into the label",
        "the label says what the payload says; Helm trusts the payload and selects by the label", (newest.revision,),
    )  # fmt: skip
    return _plain(
        case, Ailment.LABEL_DIFFERS,
        f"The label of revision {newest.revision} says {newest.status}, its payload {case.payload}.",
        remedy,
    )  # fmt: skip


def _record(case: Case) -> Iterable[Diagnosis]:
    if case.record_bytes > TIGHT * LIMIT_BYTES:
        yield _plain(
            case, Ailment.TOO_LARGE,
            f"The newest record takes {amount(case.record_bytes)} of {amount(LIMIT_BYTES)}; the chart is stored with "
            "every revision, and a version that is a little larger cannot be stored: take files out of the chart.",
        )  # fmt: skip
    if not case.has_chart:
        yield _plain(
            case, Ailment.CHART_GONE,
            "The record holds no templates: an upgrade needs a chart named, because the one it was made from is gone.",
        )  # fmt: skip


def _hanging(case: Case) -> Diagnosis:
    left = "its objects and records stay and belong to nobody" if case.history else "nothing is left of its release"
    free = Remedy(Act.FREE_REQUEST, "Take Captain's finalizer off", f"the HelmRequest goes; {left}")
    sentence = f"The HelmRequest is being deleted and does not go: {case.request}."
    return _plain(case, Ailment.REQUEST_HANGS, sentence, _wait(), free)


def _plain(case: Case, ailment: Ailment, sentence: str, *remedies: Remedy) -> Diagnosis:
    newest = case.history[0] if case.history else None
    return Diagnosis(
        case.ref, ailment, sentence,
        revision=newest.revision if newest else 0,
        status=newest.status if newest else "",
        life=Life.WORKING if case.signs.ours else Life.NOBODY,
        evidence=(f"acp-tui works on it: {case.signs.ours}",) if case.signs.ours else (),
        remedies=(_wait(),) if case.signs.ours else remedies,
        since=newest.updated_at if newest else None,
        record_bytes=case.record_bytes,
        owner=case.owner,
    )  # fmt: skip


def _wait() -> Remedy:
    return Remedy(Act.WAIT, "Wait", "nothing is done; look again when the time-out is over")


def _remove(*, without_hooks: bool) -> Remedy:
    if without_hooks:
        return Remedy(Act.UNINSTALL_NO_HOOKS, "Uninstall without hooks", "its objects and records go, no hook runs")
    return Remedy(Act.UNINSTALL, "Uninstall", "its objects and records go, as Helm does it")


def _let_go(case: Case) -> Remedy:
    """Oldest first: should it stop halfway, the newest record is still there and says what it said."""
    return Remedy(
        Act.LET_GO, "Let it go, keep its objects", "its records are deleted after they were saved; what is left of its "
        "objects stays and belongs to nobody", tuple(sorted(each.revision for each in case.history)),
    )  # fmt: skip


def _back(case: Case, *, without_hooks: bool = False, stopped: bool = False) -> Remedy | None:
    """A rollback to the newest good revision; after an uninstall that stopped, the one it was about to remove."""
    target = case.history[0].revision if stopped else best_target(case.history, case.proofs, now=case.now)
    if target is None or target in case.unreadable:
        return None
    act = Act.ROLL_BACK_NO_HOOKS if without_hooks else Act.ROLL_BACK
    words = " without hooks" if without_hooks else ""
    return Remedy(act, f"Roll back to {target}{words}", f"a new revision with what {target} says", (target,))
