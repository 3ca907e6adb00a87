"""How old a fact is, and why."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Age(StrEnum):
    """LIVE: a watch is open. POLLED: asked now and then. STALE: the source stopped answering. NEVER: no answer yet."""

    LIVE = "live"
    POLLED = "polled"
    STALE = "stale"
    CACHED = "cached"
    NEVER = "never"


class Freshness(Struct, frozen=True):
    """`confirmed_at` is the last moment (epoch seconds) at which the server vouched for what is shown."""

    state: Age
    confirmed_at: float | None = None
    reason: str = ""


NEVER = Freshness(Age.NEVER)
