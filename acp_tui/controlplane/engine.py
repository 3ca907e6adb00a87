"""The Helm that Captain renders with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from acp_tui.clients.helm.engines import choose, find_engines

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine


class HelmOfThisMachine:
    """Looked for when it is first needed, and again while there is none: the reason then says what is missing."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._found: HelmEngine | None = None

    async def __call__(self) -> HelmEngine:
        if self._found is None:
            self._found = choose(await asyncio.to_thread(find_engines), self._wanted)
        return self._found
