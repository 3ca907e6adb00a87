"""How a step of an act is told by its requests: the request that is held for the act to stand exactly there."""

from __future__ import annotations

from collections.abc import Callable

from tests.system.survival.cells import Step
from tests.system.survival.desk import Desk
from tests.system.survival.turnstile import Match, Wish


def first_record(wish: Wish) -> bool:
    return wish.writes and wish.record


def nth_object(number: int) -> Match:
    """The so-manieth write of an object that is neither a record nor a hook."""
    seen = 0

    def match(wish: Wish) -> bool:
        nonlocal seen
        counts = wish.writes and not wish.record and not _of_a_job(wish)
        seen += counts
        return counts and seen == number

    return match


def _in_a_hook() -> Match:
    """Helm's first look at the Job that it made: the hook runs or is over, and Helm does not know."""
    made = False

    def match(wish: Wish) -> bool:
        nonlocal made
        made |= wish.writes and _of_a_job(wish) and wish.method in ("POST", "PATCH")
        return made and wish.method == "GET" and _of_a_job(wish)

    return match


def _last_record() -> Match:
    """The first write to a record after objects were written: the status that says it is done, or is about to."""
    wrote = False

    def match(wish: Wish) -> bool:
        nonlocal wrote
        wrote |= wish.writes and not wish.record and not _of_a_job(wish)
        return wrote and wish.writes and wish.record

    return match


def _reads_while(doing: Callable[[], str], step: str) -> Match:
    """The first question to the cluster while the journal says that the act is at this step of ours."""
    return lambda wish: wish.method == "GET" and doing() == step


def request_at(step: Step, desk: Desk) -> Match:
    """The request at which the one act of this desk stands at the step."""
    named = _request_at(step, desk.doing)
    return lambda wish: wish.namespace == desk.namespace and named(wish)


def _request_at(step: Step, doing: Callable[[], str]) -> Match:
    match step:
        case Step.BEFORE_HELM:
            return _reads_while(doing, "prepare")
        case Step.BEFORE_RECORD:
            return first_record
        case Step.RECORDED:
            return nth_object(1)
        case Step.HOOK:
            return _in_a_hook()
        case Step.HALF:
            return nth_object(2)
        case Step.BEFORE_STATUS:
            return _last_record()
        case Step.WAIT:
            return _reads_while(doing, "verify")


def _of_a_job(wish: Wish) -> bool:
    return "/jobs" in wish.path
