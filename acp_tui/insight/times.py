"""Kubernetes' moments as epoch seconds, and spans as short words."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def epoch(moment: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 text, None for Go's zero time and anything else; UTC without a zone."""
    if not moment or moment.startswith("0001-"):
        return None
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def span(seconds: float) -> str:
    """The largest unit alone: `41 s`, `3 m`, `4 h`, `12 d`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h"
    return f"{whole // _DAY} d"
