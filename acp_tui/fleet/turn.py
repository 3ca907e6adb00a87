"""Who may decode now: one at a time, so that answers that come together do not hold up the keyboard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager


class Turn(AbstractAsyncContextManager[None]):
    """Held by whoever decodes; `first` is held the same way, but those who wait for it go before all others.

    What somebody waits for on the screen is decoded with `first`.
    """

    def __init__(self) -> None:
        self._held = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        await self._take(self._others)

    async def __aexit__(self, *error: object) -> None:
        self._pass_on()

    @property
    def first(self) -> AbstractAsyncContextManager[None]:
        return self._first()

    @asynccontextmanager
    async def _first(self) -> AsyncIterator[None]:
        await self._take(self._urgent)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._held:
            self._held = True
            return
        place = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # its turn came while it was being cancelled
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """To the next one, who holds it from now on even before it runs."""
        for queue in (self._urgent, self._others):
            while queue:
                place = queue.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._held = False
