"""Health, in Argo CD's words, and the tone a word is painted in."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class Health(StrEnum):
    """What we say of an object; the order of severity is Argo CD's (`worst`)."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {health: rank for rank, health in enumerate(Health)}


class Tone(StrEnum):
    """How a fact is painted: themes give each tone a colour, glyph sets a sign; no meaning by colour alone."""

    PLAIN = "plain"
    DIM = "dim"
    ACCENT = "accent"
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    STALE = "stale"
    UNKNOWN = "unknown"


TONE_OF_HEALTH = {
    Health.HEALTHY: Tone.OK,
    Health.SUSPENDED: Tone.DIM,
    Health.PROGRESSING: Tone.WARN,
    Health.MISSING: Tone.FAIL,
    Health.DEGRADED: Tone.FAIL,
    Health.UNKNOWN: Tone.UNKNOWN,
}


class Verdict(Struct, frozen=True):
    """A health with the reason for it; the reason of a healthy object may be empty."""

    health: Health
    reason: str = ""
    since: float | None = None


def worst(healths: Iterable[Health]) -> Health:
    """The most severe of several; UNKNOWN for none, because an empty set proves nothing."""
    return max(healths, key=lambda health: health.severity, default=Health.UNKNOWN)
