"""Turning what controllers write into one short line."""

from __future__ import annotations

LIMIT = 160


def line(text: str | None, limit: int = LIMIT) -> str:
    """All on one line, cut with an ellipsis."""
    whole = " ".join((text or "").split())
    return whole if len(whole) <= limit else f"{whole[: limit - 1].rstrip()}…"


def cause(reason: str, detail: str | None) -> str:
    """`Reason: detail`, or the one of the two that is there; a detail that repeats the reason says it once."""
    told = line(detail)
    if not told or told == reason:
        return reason
    if not reason or told.startswith(f"{reason}:"):
        return told
    return line(f"{reason}: {told}")
