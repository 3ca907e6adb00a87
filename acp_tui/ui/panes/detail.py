"""The lines below a table about the row under the cursor: first causes, who owns it, what could be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from acp_tui.fleet.cells import age, health_cell, use_cell
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import Health, Tone
from acp_tui.model.operation import Operation
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.release import STATUS_TONE, OwnerKind, ReleaseSummary
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.cells import fit, width_of

if TYPE_CHECKING:
    from acp_tui.fleet.tables import MergedTable, ObjectRow
    from acp_tui.terminal.glyphs import Glyphs
    from acp_tui.ui.backend import FleetPort

Line = tuple[Span, ...]
NAME, VALUE = 9, 18
"""Cells of the name and of the value of a fact, unless it is longer."""
IN_A_LINE = 3
"""Facts beside each other."""
CAUSES = 4
"""So many causes are listed; the table below them has the rest."""


class Teller:
    """Puts rows into words; knows the fleet only to name what fails inside a cluster."""

    def __init__(self, fleet: FleetPort, glyphs: Glyphs) -> None:
        self._fleet = fleet
        self._glyphs = glyphs

    def tell(self, row: Any, now: float) -> tuple[str, list[Line]]:
        """A title and the lines for one row of any view."""
        match row:
            case ClusterSummary():
                return f"{row.name} · first causes", self._cluster(row, now)
            case ApplicationSummary():
                return row.ref.name, self._application(row, now)
            case ReleaseSummary():
                return row.ref.name, self._release(row, now)
            case QuotaSummary():
                return row.name or row.project, self._quota(row)
            case Operation():
                return row.headline, self._operation(row, now)
        return "", []

    def _cluster(self, row: ClusterSummary, now: float) -> list[Line]:
        lines: list[Line] = []
        only = frozenset({row.name})
        for release in self._fleet.rows("releases", clusters=only):
            if release.stuck or release.status == "failed":
                what = "stuck" if release.stuck else "failed"
                text = f"release {release.ref.namespace}/{release.ref.name}  revision {release.revision} {what}"
                lines.append(self._line(Tone.FAIL, text, release.reason, release.updated_at, now))
        for app in self._fleet.rows("applications", clusters=only):
            if app.health in (Health.DEGRADED, Health.MISSING):
                text = f"application {app.ref.namespace}/{app.ref.name}"
                lines.append(self._line(Tone.FAIL, text, app.reason))
        if not lines and (row.reason or row.freshness.reason):
            tone = Tone.UNKNOWN if row.reachable is False else health_cell(row.health).tone
            lines.append(self._line(tone, row.reason or row.freshness.reason))
        if row.worst_quota is not None and row.worst_quota >= 0.85:
            tone = Tone.FAIL if row.worst_quota >= 0.95 else Tone.WARN
            lines.append(self._line(tone, f"quota {row.worst_quota_name} at {row.worst_quota:.0%}"))
        lines += [self._line(Tone.WARN, warning) for warning in row.warnings]
        if len(lines) > CAUSES:
            lines = [*lines[:CAUSES], ((f"  and {len(lines) - CAUSES} more", Tone.DIM),)]
        if not lines and row.freshness.state in (Age.LIVE, Age.POLLED):
            lines.append(self._line(Tone.OK, "nothing wrong is known here"))
        return lines or [self._line(Tone.UNKNOWN, "nothing is known of this cluster yet")]

    def _application(self, row: ApplicationSummary, now: float) -> list[Line]:
        verdict = health_cell(row.health)
        lines = [self._line(verdict.tone, verdict.text, row.reason)]
        facts = [
            ("version", row.version),
            ("revision", "" if row.revision is None else str(row.revision)),
            ("platform", row.platform_state),
            ("project", row.project),
            ("known by", str(row.source)),
            ("owner", row.owner),
        ]
        lines += _facts(facts)
        return [*lines, *self._age(row.freshness, now)]

    def _release(self, row: ReleaseSummary, now: float) -> list[Line]:
        tone = Tone.FAIL if row.stuck else STATUS_TONE.get(row.status, Tone.UNKNOWN)
        word = f"{row.revision} {row.status}" + (", stuck" if row.stuck else "")
        when = f"{age(row.updated_at, now)} ago" if row.updated_at is not None else ""
        lines = [self._line(tone, word, " · ".join(part for part in (row.reason, when) if part))]
        chart = "-".join(part for part in (row.chart, row.chart_version) if part)
        facts = [
            ("chart", chart),
            ("app", row.app_version),
            ("project", row.project),
            ("record", str(row.ref.store)),
            ("owner", str(row.owner)),
        ]
        lines += _facts(facts)
        if row.owner.kind is not OwnerKind.HELM:
            lines.append(((f"  {row.owner} would undo a plain helm command", Tone.DIM),))
        return [*lines, *self._age(row.freshness, now)]

    def _quota(self, row: QuotaSummary) -> list[Line]:
        glyphs = self._glyphs
        lines: list[Line] = []
        width = max((len(use.resource) for use in row.uses), default=0)
        for use in sorted(row.uses, key=lambda use: -(use.ratio or 0.0)):
            cell = use_cell(use)
            filled = round(min(use.ratio or 0.0, 1.0) * 20)
            lines.append(
                (
                    (f"{use.resource:<{width}}  ", Tone.PLAIN),
                    (glyphs.bar_full * filled, cell.tone),
                    (glyphs.bar_empty * (20 - filled), Tone.DIM),
                    (f" {cell.text}", cell.tone),
                )
            )
        return lines

    def _operation(self, row: Operation, now: float) -> list[Line]:
        lines: list[Line] = []
        if row.outcome is not None:
            lines.append(self._line(_OUTCOME_TONE.get(row.outcome.kind.value, Tone.UNKNOWN), row.outcome.title))
            lines += [self._line(Tone.FAIL, finding.what) for finding in row.outcome.findings[:2]]
        else:
            current = next((step for step in row.steps if step.state.value == "running"), None)
            doing = current.title if current is not None else row.state.value
            lines.append(self._line(Tone.ACCENT, doing, f"for {age(row.started_at, now)}"))
        lines += [((f"  {text}", Tone.DIM),) for text in row.output[-2:]]
        if row.undo:
            lines.append((("  undo: ", Tone.DIM), (row.undo, Tone.PLAIN)))
        if row.group:
            lines.append((("  rollout: ", Tone.DIM), (row.group, Tone.PLAIN)))
        return lines

    def _line(self, tone: Tone, text: str, more: str = "", since: float | None = None, now: float = 0.0) -> Line:
        sign = self._glyphs.of(tone) or self._glyphs.dot
        when = f"{age(since, now):>4} " if since is not None else ""
        return ((f"{sign} ", tone), (when, Tone.DIM), (text, Tone.PLAIN), (f"  {more}" if more else "", Tone.DIM))

    def _age(self, freshness: Freshness, now: float) -> Sequence[Line]:
        """A line only where the fact is not live: an old truth must say that it is old."""
        if freshness.state in (Age.LIVE, Age.POLLED) or freshness.confirmed_at is None:
            return ()
        text = f"last confirmed {age(freshness.confirmed_at, now)} ago"
        return (self._line(Tone.STALE, text, freshness.reason),)


_OUTCOME_TONE = {
    "healthy": Tone.OK,
    "residue": Tone.WARN,
    "not proven": Tone.UNKNOWN,
    "regressed": Tone.FAIL,
    "failed": Tone.FAIL,
    "cancelled": Tone.WARN,
}


def printed_facts(table: MergedTable, row: ObjectRow) -> list[Line]:
    """All that the server printed of one object, also where the table has no room for it."""
    pairs = [(column.name.lower(), text) for column, text in zip(table.columns, row.cells, strict=False)]
    return _facts([(name, "" if text == "<none>" else text) for name, text in pairs[1:]])


def _facts(pairs: Sequence[tuple[str, str]]) -> list[Line]:
    """Names and values in steady places, so that from one row to the next only values are drawn again."""
    lines: list[Line] = []
    for start in range(0, len(pairs), IN_A_LINE):
        part: list[Span] = [("  ", Tone.DIM)]
        for name, value in pairs[start : start + IN_A_LINE]:
            shown = value or "-"
            part += [
                (fit(name, max(NAME, width_of(name))) + " ", Tone.DIM),
                (fit(shown, max(VALUE, width_of(shown))) + "  ", Tone.PLAIN),
            ]
        lines.append(tuple(part))
    return lines
