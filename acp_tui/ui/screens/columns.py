"""Columns of the tables that open from the panes: a status tree, a history, the effects of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acp_tui.fleet.cells import Cell, age_cell, text_cell
from acp_tui.fleet.columns import Column, View, maybe, text_column
from acp_tui.insight.recordsize import LIMIT_BYTES, TIGHT, amount
from acp_tui.model.health import TONE_OF_HEALTH, Health, Tone
from acp_tui.model.plan import Effect, EffectAction
from acp_tui.model.release import STATUS_TONE, Revision
from acp_tui.ui.review.lines import ACTION_LOOK, object_name, restarts, server_says
from acp_tui.ui.screens.folding import Branch

GOOD = ("deployed", "superseded")
"""Statuses of a revision that did reach the cluster without failure."""


class HistoryRow(Struct, frozen=True):
    """A revision with what its list says about it."""

    revision: Revision
    last_good: bool = False

    @property
    def key(self) -> str:
        return self.revision.key


class EffectRow(Struct, frozen=True):
    """An effect with its place in the plan, which is its key: one object may be changed and also run."""

    number: int
    effect: Effect

    @property
    def key(self) -> str:
        return f"{self.number}/{self.effect.ref.key}"


def history_rows(revisions: Sequence[Revision]) -> list[HistoryRow]:
    """Newest first; where the newest did not get through, the last one that did is the last good one.

    A newest revision that got through is not called good: that Helm deployed it does not say that it is well.
    """
    ordered = sorted(revisions, key=lambda revision: (-revision.revision, revision.kept_at is not None))
    there = [revision for revision in ordered if revision.kept_at is None]
    good = next((revision.key for revision in there if revision.status in GOOD), "")
    if there and there[0].key == good:
        good = ""
    return [HistoryRow(each, each.key == good) for each in ordered]


def status_words(revision: Revision) -> Cell:
    if revision.unreadable:
        return Cell("unreadable", Tone.FAIL)
    if revision.kept_at is not None:
        return Cell(revision.status, Tone.DIM)
    return Cell(revision.status, STATUS_TONE.get(revision.status, Tone.UNKNOWN))


def _remark(row: HistoryRow) -> Cell:
    """What this row is among the others; the last good one that the next act removes is a warning."""
    if row.revision.kept_at is not None:
        return Cell("kept here", Tone.DIM)
    if row.revision.leaves:
        return Cell("good, goes", Tone.WARN) if row.last_good else Cell("goes next", Tone.DIM)
    return Cell("last good" if row.last_good else "", Tone.OK)


def _size(revision: Revision) -> Cell:
    """Against the 1 MiB a record may take; empty where nobody read the payload."""
    if not revision.size:
        return Cell("")
    tight = revision.size > TIGHT * LIMIT_BYTES
    words = f"{amount(revision.size)} {revision.size * 100 // LIMIT_BYTES}%" if tight else amount(revision.size)
    return Cell(words, Tone.WARN if tight else Tone.DIM)


def _description(row: HistoryRow) -> Cell:
    revision = row.revision
    if revision.unreadable:
        return Cell(revision.unreadable, Tone.FAIL)
    return text_cell(revision.description, Tone.DIM if revision.status == "superseded" else Tone.PLAIN)


HISTORY: View[HistoryRow] = View(
    id="history",
    title="History",
    digit="",
    kind_word="history",
    order=lambda row: -row.revision.revision,
    columns=(
        Column(
            id="revision",
            title="REV",
            width=4,
            align="right",
            names=True,
            cell=lambda row, now: Cell(str(row.revision.revision)),
            sort=lambda row: row.revision.revision,
        ),
        Column(
            id="status",
            title="STATUS",
            width=18,
            glyph=True,
            names=True,
            cell=lambda row, now: status_words(row.revision),
            sort=lambda row: row.revision.status,
        ),
        Column(
            id="age",
            title="AGE",
            width=4,
            align="right",
            ages=True,
            cell=lambda row, now: age_cell(row.revision.updated_at, now),
            sort=lambda row: maybe(row.revision.updated_at),
        ),
        Column(
            id="remark",
            title="",
            width=10,
            cell=lambda row, now: _remark(row),
            sort=lambda row: not row.last_good,
        ),
        Column(
            id="chart",
            title="CHART",
            width=16,
            grow=1,
            cell=lambda row, now: text_cell(f"{row.revision.chart} {row.revision.chart_version}".strip()),
            sort=lambda row: (row.revision.chart, row.revision.chart_version),
        ),
        text_column("app", "APP", 10, lambda row: row.revision.app_version, tone=Tone.DIM, priority=3),
        Column(
            id="size",
            title="SIZE",
            width=8,
            priority=2,
            align="right",
            cell=lambda row, now: _size(row.revision),
            sort=lambda row: row.revision.size,
        ),
        Column(
            id="description",
            title="DESCRIPTION",
            width=18,
            priority=1,
            grow=3,
            cell=lambda row, now: _description(row),
            sort=lambda row: row.revision.description,
        ),
    ),
)


def _reason(branch: Branch) -> Cell:
    """Why it is as it is; never empty, so that the sign in front of the name has its word."""
    health = branch.verdict.health
    tone = Tone.DIM if health is Health.HEALTHY else TONE_OF_HEALTH[health]
    if branch.node is None:
        return Cell(" · ".join(part for part in (branch.verdict.reason, branch.kinds) if part), tone)
    if branch.same:
        return Cell("same", Tone.DIM)
    words = list(dict.fromkeys(part for part in (branch.verdict.reason, branch.node.note) if part))
    if health is Health.UNKNOWN or not words:
        words.insert(0, health.value)
    return Cell(" · ".join(words), tone)


TREE: View[Branch] = View(
    id="tree",
    title="Status",
    digit="",
    kind_word="tree",
    order=lambda branch: 0,
    columns=(
        Column(
            id="object",
            title="OBJECT",
            middle=True,
            width=34,
            glyph=True,
            grow=2,
            cell=lambda branch, now: Cell(branch.title, TONE_OF_HEALTH[branch.verdict.health]),
            sort=lambda branch: branch.title,
        ),
        Column(
            id="reason",
            title="WHY",
            width=28,
            grow=3,
            cell=lambda branch, now: _reason(branch),
            sort=lambda branch: branch.verdict.reason,
        ),
        Column(
            id="since",
            title="FOR",
            width=4,
            priority=2,
            align="right",
            ages=True,
            cell=lambda branch, now: Cell("") if branch.verdict.since is None else age_cell(branch.verdict.since, now),
            sort=lambda branch: maybe(branch.verdict.since),
        ),
    ),
)


def _change(row: EffectRow) -> Cell:
    tone, word = ACTION_LOOK[row.effect.action]
    return Cell(word, tone)


def _server(row: EffectRow) -> Cell:
    text, tone = server_says(row.effect)
    return Cell(text, tone)


def _restarts(row: EffectRow) -> Cell:
    text, tone = restarts(row.effect)
    return Cell(text, tone)


EFFECTS: View[EffectRow] = View(
    id="effects",
    title="Effects",
    digit="",
    kind_word="effects",
    order=lambda row: (row.effect.action in (EffectAction.KEEP, EffectAction.UNCHANGED), row.number),
    columns=(
        Column(
            id="object",
            title="OBJECT",
            middle=True,
            width=26,
            grow=2,
            cell=lambda row, now: Cell(object_name(row.effect)),
            sort=lambda row: object_name(row.effect),
        ),
        Column(
            id="action",
            title="CHANGE",
            width=11,
            glyph=True,
            cell=lambda row, now: _change(row),
            sort=lambda row: row.effect.action,
        ),
        text_column("summary", "WHAT", 20, lambda row: row.effect.summary, tone=Tone.DIM, grow=3),
        Column(
            id="server",
            title="SERVER SAYS",
            width=14,
            priority=1,
            glyph=True,
            grow=1,
            cell=lambda row, now: _server(row),
            sort=lambda row: server_says(row.effect)[0],
        ),
        Column(
            id="restarts",
            title="RESTARTS",
            width=8,
            grow=1,
            align="right",
            cell=lambda row, now: _restarts(row),
            sort=lambda row: maybe(row.effect.restarts),
        ),
    ),
)
