"""What the rollout screen says: a row a cluster, and the cluster under the cursor in lines."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation
from acp_tui.model.plan import EffectAction, Plan, Verb
from acp_tui.model.rollout import Leg, LegState, Rollout, RolloutPlan, RolloutState, ValuesOf, Wish, restarts, warnings
from acp_tui.ui.review import lines, verdict
from acp_tui.ui.review.lines import Sign
from acp_tui.ui.widgets.tint import Line

STATES = {
    LegState.WAITING: (Tone.DIM, "waiting"),
    LegState.RUNNING: (Tone.ACCENT, "running"),
    LegState.HEALTHY: (Tone.OK, "healthy"),
    LegState.RED: (Tone.FAIL, "red"),
    LegState.NOTHING: (Tone.DIM, "there already"),
    LegState.REFUSED: (Tone.FAIL, "refused"),
}
_LABEL = 10
WIDE = 500
"""Cells: these lines are cut and not folded."""
_ACTS = {Verb.UPGRADE: "upgrade", Verb.ROLLBACK: "roll back", Verb.DEPLOY: "deploy", Verb.UNINSTALL: "uninstall"}


class LegRow(NamedTuple):
    """`place` is its line, `number` its turn, 0 where it is left out; `leg` is None until it is planned."""

    place: int
    number: int
    cluster: str
    leg: Leg | None
    plan: Plan | None
    taken: bool

    @property
    def key(self) -> str:
        return self.cluster


def _cluster(row: LegRow, now: float) -> Cell:
    return Cell(row.cluster, Tone.PLAIN if row.taken else Tone.DIM)


def _act(row: LegRow, now: float) -> Cell:
    leg = row.leg
    if leg is None or leg.verb is None:
        return Cell("-", Tone.DIM)
    to = f" to {leg.revision}" if leg.revision is not None else ""
    return Cell(_ACTS.get(leg.verb, leg.verb.value) + to, Tone.PLAIN if row.taken else Tone.DIM)


def _state(row: LegRow, now: float) -> Cell:
    """The state of one that has begun, else what the checks say; a cluster that is left out says so."""
    leg = row.leg
    if not row.taken:
        return Cell("left out", Tone.DIM)
    if leg is None:
        return Cell("planning…", Tone.DIM)
    tone, word = STATES[leg.state]
    if leg.state is LegState.WAITING and row.plan is not None:
        odd = len(warnings(row.plan))
        return Cell(f"{odd} to look at", Tone.WARN) if odd else Cell("checks ok", Tone.OK)
    return Cell(word, tone)


def _touched(row: LegRow, now: float) -> Cell:
    if row.plan is None:
        return Cell("-", Tone.DIM)
    changed = [effect for effect in row.plan.effects if effect.action is not EffectAction.UNCHANGED]
    return Cell(str(len(changed)))


def _note(row: LegRow, now: float) -> Cell:
    return Cell(row.leg.note if row.leg is not None else "", Tone.DIM)


LEGS: View[LegRow] = View(
    id="rollout",
    title="Clusters",
    digit="",
    kind_word="clusters",
    order=lambda row: row.place,
    columns=(
        Column(
            id="number",
            title="#",
            width=2,
            align="right",
            cell=lambda row, now: Cell(str(row.number) if row.number else "-", Tone.DIM),
            sort=lambda row: row.number,
        ),
        Column(
            id="cluster", title="CLUSTER", width=14, names=True, grow=1, cell=_cluster, sort=lambda row: row.cluster
        ),
        Column(
            id="before",
            title="NOW",
            width=10,
            cell=lambda row, now: Cell((row.leg.before if row.leg else "") or "-", Tone.DIM),
            sort=lambda row: row.leg.before if row.leg else "",
        ),
        Column(id="act", title="ACT", width=15, cell=_act, sort=lambda row: str(row.leg.verb) if row.leg else ""),
        Column(id="state", title="STATE", width=15, glyph=True, cell=_state, sort=lambda row: _state(row, 0.0).text),
        Column(
            id="objects", title="OBJECTS", width=7, priority=2, align="right", cell=_touched,
            sort=lambda row: _touched(row, 0.0).text,
        ),
        Column(
            id="restarts",
            title="RESTARTS",
            width=8,
            priority=1,
            align="right",
            cell=lambda row, now: Cell(restarts(row.plan), Tone.PLAIN if row.plan else Tone.DIM),
            sort=lambda row: restarts(row.plan),
        ),
        Column(id="note", title="WHY", width=24, priority=3, grow=4, cell=_note, sort=lambda row: _note(row, 0.0).text),
    ),
)  # fmt: skip


def head(wish: Wish | None, rollout: Rollout | None) -> list[Line]:
    """What is rolled out, from where, and with whose values."""
    asked = rollout.wish if rollout is not None and wish is None else wish
    if asked is None:
        return []
    source = asked.source
    chart = f"{rollout.chart} {rollout.version}" if rollout is not None else "its chart"
    if rollout is not None and rollout.undoes:
        return [(("Back from ", Tone.DIM), (f"{chart}, rollout {rollout.undoes}", Tone.PLAIN))]
    whose = "each cluster keeps its own" if asked.values is ValuesOf.OWN else f"those of {source.cluster} for all"
    version = f"{chart} as in {source.cluster} revision {asked.revision}"
    own = asked.values is ValuesOf.OWN
    return [
        *_labelled("Version", version, Tone.PLAIN, WIDE),
        *(_labelled("Doubt", rollout.doubt, Tone.WARN, WIDE) if rollout is not None and rollout.doubt else []),
        *_labelled("Values", whose, Tone.PLAIN if own else Tone.WARN, WIDE),
    ]


def leg_lines(row: LegRow, operation: Operation | None, sign: Sign, width: int, *, now: float) -> list[Line]:
    """The cluster under the cursor: its steps and verdict, or why it is refused, else what its plan says."""
    if not row.taken:
        return [(("space takes it in: it is planned then", Tone.DIM),)]
    leg, plan = row.leg, row.plan
    if leg is None:
        return [(("planning: nothing is changed", Tone.DIM),)]
    tone, word = STATES[leg.state]
    said: list[Line] = []
    if leg.note:
        label = "Verdict" if leg.operation else "Why"
        said += _labelled(label, leg.note, tone if tone is Tone.FAIL else Tone.PLAIN, width)
    if operation is not None:
        return [*said, *(verdict.outcome_lines(operation, sign, now) or verdict.steps(operation, sign, now))]
    if not leg.note and plan is None:
        said.append(((f"{sign(tone) or ' '} {word}", tone),))
    if plan is not None and leg.state in (LegState.WAITING, LegState.REFUSED):
        said += _labelled("What", plan.headline, Tone.PLAIN, width)
        said += lines.checks(plan, sign, width, brief=True)
        said += lines.way_back(plan, width)
    return said


def _labelled(label: str, text: str, tone: Tone, width: int) -> list[Line]:
    parts = wrap(text, max(20, width - _LABEL - 1), break_on_hyphens=False)
    return [((f"{'' if number else label:<{_LABEL}} ", Tone.DIM), (part, tone)) for number, part in enumerate(parts)]


def last(running: Rollout | None, plan: RolloutPlan | None, why: str) -> Line:
    """What to press now, or what came of it."""
    if running is not None:
        return _so_far(running)
    if why or plan is None:
        return ((why or "there is no plan yet", Tone.WARN),)
    count = len(plan.to_run)
    words = f" to begin with {plan.to_run[0].intent.release.cluster}" + (
        f", then {count - 1} more" if count > 1 else ""
    )
    rest = ("; it stops at the first that is not healthy", Tone.DIM)
    if plan.confirm:
        return (
            ("y", Tone.ACCENT),
            (", then type ", Tone.PLAIN),
            (plan.confirm, Tone.ACCENT),
            (words, Tone.PLAIN),
            rest,
        )
    return (("y", Tone.ACCENT), (words, Tone.PLAIN), rest)


def _so_far(rollout: Rollout) -> Line:
    done = [leg.release.cluster for leg in rollout.legs if leg.state is LegState.HEALTHY]
    red = [leg.release.cluster for leg in rollout.legs if leg.state in (LegState.RED, LegState.REFUSED)]
    left = [leg.release.cluster for leg in rollout.legs if leg.state is LegState.WAITING]
    parts: list[tuple[str, Tone]] = []
    if rollout.state is RolloutState.INTERRUPTED:
        parts.append(("whoever ran it is gone; ", Tone.WARN))
    parts.append((f"done: {', '.join(done) or 'nowhere'}", Tone.OK if done else Tone.DIM))
    if red:
        parts.append((f" · stopped at {', '.join(red)}", Tone.FAIL))
    if left:
        parts.append((f" · not begun: {', '.join(left)}", Tone.DIM))
    return tuple(parts)
