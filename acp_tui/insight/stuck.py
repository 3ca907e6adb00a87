"""Whether a pending release is still being worked on."""

from __future__ import annotations

from acp_tui.model.release import PENDING

STUCK_AFTER = 600.0
"""Seconds: twice Helm's default time-out, after which no helm that is alive leaves a record pending untouched."""


def is_stuck(status: str, updated_at: float | None, now: float) -> bool:
    """True for a release that says it is being changed while nobody has written to its record for long."""
    return status in PENDING and updated_at is not None and now - updated_at > STUCK_AFTER
