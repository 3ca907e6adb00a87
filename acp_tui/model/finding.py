"""A finding: what is wrong, where, since when, and the evidence for it."""

from __future__ import annotations

from msgspec import Struct

from acp_tui.model.health import Health
from acp_tui.model.refs import ObjectRef


class Finding(Struct, frozen=True):
    what: str
    ref: ObjectRef | None = None
    evidence: str = ""
    since: float | None = None
    health: Health = Health.DEGRADED
