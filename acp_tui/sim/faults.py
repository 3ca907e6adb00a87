"""How one simulated cluster misbehaves; set by the scenario, or at run time through `/_sim/faults`."""

from __future__ import annotations

import random
from typing import Literal

import msgspec


class Faults(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Knobs of one API server. All off by default; rates are shares of requests between 0 and 1.

    `match` limits every fault but `down` to request paths that contain it.
    """

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    too_many: float = 0.0  # 429 with Retry-After
    retry_after: int = 1
    server_error: float = 0.0  # 500 with a Status
    html: float = 0.0  # 502 with a page, as a proxy in front of the server answers
    reset: float = 0.0  # connection reset, in the middle of the body where there is one
    stall: bool = False  # open watches go silent, new ones stay silent
    gone: bool = False  # every watch from a version, and every next page, is answered with 410
    down: Literal["", "hang", "refuse"] = ""  # never answers; or closes the connection at once
    match: str = ""

    def concerns(self, path: str) -> bool:
        return not self.match or self.match in path

    def delay(self, rng: random.Random) -> float:
        """Seconds to wait before a request is looked at."""
        if not self.latency_ms:
            return 0.0
        return max(0.0, self.latency_ms + rng.uniform(-self.jitter_ms, self.jitter_ms)) / 1000
