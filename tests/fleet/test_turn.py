"""Who decodes when many want to: one at a time, what somebody waits for before everything else."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from acp_tui.fleet.turn import Turn


class Line:
    """Those who stand in line for a turn, and in which order they had it."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.done: list[str] = []
        self.at_once = 0

    async def work(self, name: str, held: AbstractAsyncContextManager[None]) -> None:
        async with held:
            self.at_once += 1
            assert self.at_once == 1
            self.done.append(name)
            await asyncio.sleep(0)
            self.at_once -= 1


async def test_what_somebody_waits_for_goes_before_the_rest_and_each_in_its_order() -> None:
    line = Line()

    async with asyncio.TaskGroup() as group:
        for name in ("pods 1", "pods 2", "pods 3"):
            group.create_task(line.work(name, line.turn))
        for name in ("table 1", "table 2"):
            group.create_task(line.work(name, line.turn.first))

    assert line.done == ["pods 1", "table 1", "table 2", "pods 2", "pods 3"]


async def test_who_gives_up_does_not_keep_the_others_waiting() -> None:
    line = Line()
    async with asyncio.timeout(5):
        async with line.turn:
            tired = asyncio.create_task(line.work("tired", line.turn))
            next_one = asyncio.create_task(line.work("next", line.turn))
            await asyncio.sleep(0)
            tired.cancel()
            await asyncio.sleep(0)
        await next_one

    assert line.done == ["next"]


async def test_who_gives_up_just_as_it_gets_its_turn_passes_it_on() -> None:
    line = Line()
    async with asyncio.timeout(5):
        async with line.turn:
            tired = asyncio.create_task(line.work("tired", line.turn))
            next_one = asyncio.create_task(line.work("next", line.turn))
            await asyncio.sleep(0)
        tired.cancel()
        await next_one

    assert line.done == ["next"]
