"""What happens in the fleet while one watches."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acp_tui.sim.serve import Fleet


class Life:
    def __init__(self, *, seed: int) -> None:
        self._rng = random.Random(f"{seed}/life")  # noqa: S311

    async def run(self, fleet: Fleet) -> None:
        await asyncio.sleep(0)
