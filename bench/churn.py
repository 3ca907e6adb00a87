"""Watch events at a steady rate: pods of a canned server that restart, and keep their place in every order."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from bench.pod import COLUMNS, cells, pod

PACE_SECONDS = 0.01
_ROUND = 1000
"""Events until a pod is spoken of again; every second round says the opposite of the one before."""


class Churn:
    """`rate` events a second on each watch, as objects or as rows of a table; nothing at rate 0."""

    def __init__(self, pods: int, rate: int) -> None:
        self._rate = rate
        self._made: dict[bool, list[bytes]] = {}
        numbers = [each * 7 % pods for each in range(_ROUND)] if pods and rate else []
        for printed in (False, True):
            self._made[printed] = [_chunk(number, again, printed) for again in (1, 0) for number in numbers]

    async def stream(self, writer: asyncio.StreamWriter, *, printed: bool) -> None:
        """Writes events until the other end is gone; late ones are made up for."""
        events = self._made[printed]
        if not events:
            return
        started, sent = time.monotonic(), 0
        while not writer.is_closing():
            await asyncio.sleep(PACE_SECONDS)
            due = int((time.monotonic() - started) * self._rate)
            writer.write(b"".join([events[each % len(events)] for each in range(sent, due)]))
            sent = due
            await writer.drain()


def _chunk(number: int, again: int, printed: bool) -> bytes:
    changed = pod(number)
    changed["metadata"]["resourceVersion"] = str(100_000 + number * 2 + again)
    changed["status"]["containerStatuses"][0]["restartCount"] = again
    return _framed(_row(changed, again) if printed else changed)


def _row(changed: dict[str, Any], again: int) -> dict[str, Any]:
    row = {"cells": cells(changed, restarts=again), "object": {"metadata": changed["metadata"]}}
    columns = [{"name": name} for name in COLUMNS]
    return {"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": [row]}


def _framed(item: dict[str, Any]) -> bytes:
    line = json.dumps({"type": "MODIFIED", "object": item}, separators=(",", ":")).encode() + b"\n"
    return b"%x\r\n%b\r\n" % (len(line), line)
