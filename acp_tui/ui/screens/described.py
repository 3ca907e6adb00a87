"""An object in words: its summary, its conditions and what happened to it, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from acp_tui.fleet.cells import age
from acp_tui.insight.times import epoch
from acp_tui.model.health import Tone
from acp_tui.model.objects import Condition, Event
from acp_tui.ui.widgets.tint import Line

if TYPE_CHECKING:
    from acp_tui.fleet.describe import Description

_BAD_WHEN_TRUE = frozenset(
    {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "ReplicaFailure", "Failed", "Stalled"}
)
"""Conditions of which True is the trouble; of all others it is False."""


def description_lines(description: Description, *, now: float) -> list[str | Line]:
    """Summary, conditions and events under their heads."""
    label = max([len(name) for name, _ in description.lines], default=0) + 2
    lines: list[str | Line] = []
    before = ""
    for name, text in description.lines:
        for part in text.splitlines() or [""]:
            lines.append(((f"{'' if name == before else name:<{label}}", Tone.DIM), (part, Tone.PLAIN)))
            before = name
    if description.conditions:
        lines += ["", (("Conditions", Tone.ACCENT),)]
        width = max(len(condition.type or "?") for condition in description.conditions)
        lines += [_condition(condition, now, width) for condition in description.conditions]
    lines += ["", (("Events", Tone.ACCENT),), *event_lines(description.events, now=now)]
    return lines


def event_lines(events: Sequence[Event], *, now: float) -> list[str | Line]:
    """Events newest first; the API server forgets them after an hour, so none is not the same as nothing happened."""
    if not events:
        return [(("none kept (a cluster forgets events after about an hour)", Tone.DIM),)]
    return list(_events(sorted(events, key=lambda event: -(_last(event) or 0)), now))


def _events(events: Iterable[Event], now: float) -> Iterable[Line]:
    for event in events:
        at = _last(event)
        tone = Tone.WARN if event.type == "Warning" else Tone.PLAIN
        count = (event.series.count if event.series else event.count) or 1
        yield (
            (f"{'?' if at is None else age(at, now):>4}  ", Tone.DIM),
            (f"{event.type or '?':<8} {event.reason or '-':<20} ", tone),
            (" ".join((event.message or "").split()), Tone.PLAIN),
            (f"  ×{count}" if count > 1 else "", Tone.DIM),
        )


def _condition(condition: Condition, now: float, width: int) -> Line:
    bad = condition.status == ("True" if condition.type in _BAD_WHEN_TRUE else "False")
    tone = Tone.UNKNOWN if condition.status not in ("True", "False") else Tone.FAIL if bad else Tone.OK
    since = epoch(condition.last_transition_time)
    words = " · ".join(part for part in (condition.reason, " ".join((condition.message or "").split())) if part)
    return (
        (f"{'' if since is None else age(since, now):>4}  ", Tone.DIM),
        (f"{condition.type or '?':<{width}} {condition.status or '?':<8} ", tone),
        (words, Tone.PLAIN),
    )


def _last(event: Event) -> float | None:
    series = event.series.last_observed_time if event.series else None
    moments = (epoch(text) for text in (series, event.last_timestamp, event.event_time, event.first_timestamp))
    return next((moment for moment in moments if moment is not None), None)
