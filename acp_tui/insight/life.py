"""Whether anybody still works on a release: what its record, its hooks, its objects and our own journal say."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acp_tui.insight.times import span
from acp_tui.model.recovery import Life

DEFAULT_WAIT = 300.0
"""Seconds each wait of a Helm lasts unless it was told otherwise; nobody records the --timeout it was given."""

GRACE = 60.0
"""Seconds after the end of a hook within which a Helm that lives has written it into the record."""


class HookState(Struct, frozen=True):
    """A hook of the newest record beside its Job or Pod in the cluster; `ended_at` None while it runs."""

    name: str
    events: tuple[str, ...] = ()
    recorded: str = ""
    there: bool = False
    active: bool = False
    failed: bool = False
    ended_at: float | None = None


class Signs(Struct, frozen=True):
    """What was seen; moments are epoch seconds.

    `ours` names an operation of acp-tui that runs; `ended` says of one that it made this record and nothing of it runs
    any more. `moved_at` is when anybody last wrote an object of the release.
    """

    now: float
    written_at: float | None = None
    ours: str = ""
    hooks: tuple[HookState, ...] = ()
    moved_at: float | None = None
    rolling: tuple[str, ...] = ()
    ended: str = ""


def judge(signs: Signs) -> tuple[Life, tuple[str, ...]]:
    """The verdict and what it stands on; a Helm waits at most (2 x hooks + 2) x its time-out, 300 s by default."""
    evidence = tuple(_evidence(signs))
    if signs.ours:
        return Life.WORKING, evidence
    if signs.ended:
        return Life.NOBODY, evidence
    deadline = (2 * len(signs.hooks) + 2) * DEFAULT_WAIT + 30
    age = None if signs.written_at is None else signs.now - signs.written_at
    over = age is not None and age > deadline
    if any(hook.active for hook in signs.hooks):
        return (Life.UNCLEAR if over else Life.WORKING), evidence
    abandoned = [hook for hook in signs.hooks if _abandoned(hook, signs.now)]
    if abandoned or over:
        return Life.NOBODY, evidence
    return Life.UNCLEAR, evidence


def _abandoned(hook: HookState, now: float) -> bool:
    """It ended, and the record still takes it for running: whoever waited for it is gone."""
    waiting = hook.recorded.lower() == "running"
    return waiting and hook.ended_at is not None and now - hook.ended_at > GRACE


def _evidence(signs: Signs) -> Sequence[str]:
    told = []
    if signs.ours:
        told.append(f"acp-tui works on it: {signs.ours}")
    if signs.ended:
        told.append(signs.ended)
    deadline = (2 * len(signs.hooks) + 2) * DEFAULT_WAIT + 30
    if signs.written_at is None:
        told.append("when the record was written is not known")
    else:
        told.append(
            f"record written {span(signs.now - signs.written_at)} ago; a Helm with {len(signs.hooks)} hooks "
            f"and its usual time-out is over after {span(deadline)}"
        )
    told += [_hook(hook, signs.now) for hook in signs.hooks if hook.there or hook.recorded]
    if signs.moved_at is not None:
        told.append(f"an object of it was last written {span(signs.now - signs.moved_at)} ago")
    if signs.rolling:
        told.append(f"pods still move: {', '.join(signs.rolling[:3])}")
    return told


def _hook(hook: HookState, now: float) -> str:
    if hook.active:
        return f"hook {hook.name} runs"
    if hook.ended_at is not None:
        word = "failed" if hook.failed else "ended"
        return f"hook {hook.name} {word} {span(now - hook.ended_at)} ago; the record says {hook.recorded or 'nothing'}"
    state = "is there" if hook.there else "is gone"
    return f"hook {hook.name} {state}; the record says {hook.recorded.lower() or 'nothing'}"
