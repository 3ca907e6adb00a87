"""A link that is far away: what comes in leaves half a round trip later, and now and then a retransmission later."""

from __future__ import annotations

import asyncio
import random
import threading
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024
RESEND_SECONDS = 0.2
"""Until TCP sends again what was lost, at the least; what follows on the same connection waits for it."""


class SlowLink:
    """Forwards `port` of loopback; `loss` is the share of pieces that come only when they are sent again.

    Connections are made at once: what is counted are the round trips of requests.
    """

    def __init__(self, port: int, *, round_trip: float, loss: float = 0.0, seed: int = 7) -> None:
        self.port = 0
        self._target = port
        self._delay = round_trip / 2
        self._loss = loss
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _forward(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._pump(near_in, far_out), self._pump(far_in, near_out))
        except ConnectionError:
            pass
        finally:
            near_out.close()
            far_out.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Keeps the order; pieces overlap on the way as they do on a wire."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(pieces, sink))
        due = 0.0
        while data := await source.read(_CHUNK):
            lost = self._chance.random() < self._loss
            due = max(due, self._loop.time() + self._delay + (RESEND_SECONDS if lost else 0.0))
            pieces.put_nowait((due, data))
        pieces.put_nowait((due, b""))
        await arriving

    async def _arrive(self, pieces: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                sink.close()
                return
            sink.write(data)
            await sink.drain()
