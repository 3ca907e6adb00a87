"""The console is killed at each step of each verb: its acts go on, and the next console tells their verdict.

The matrix is whole: seven steps (before Helm, before the record, the record written, in a hook, half the objects,
before the status, at the wait for the verdict), four verbs, helm 3, helm 4 and the Python engine. One console shows the
acts of all seven steps at once, so that one kill hits each at its step. Consoles in a terminal that people type into,
and commands, are killed in test_viewers.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import msgspec
import pytest

from acp_tui.model.plan import Verb
from tests.system.survival.cells import Cell, Victim, groups, named
from tests.system.survival.conftest import Sit
from tests.system.survival.consoles import console
from tests.system.survival.desk import PATIENCE, Desk, within
from tests.system.survival.side_by_side import side_by_side
from tests.system.survival.steps import request_at
from tests.system.survival.todo import to_do

pytestmark = pytest.mark.system


@pytest.mark.parametrize("group", tuple(groups(Victim.VIEWER)), ids=named)
async def test_acts_go_on_when_their_console_is_killed_and_the_next_one_tells_the_verdict(
    sit_together: Sit, group: tuple[Cell, ...]
) -> None:
    async with AsyncExitStack() as stack:
        desks = {cell: await stack.enter_async_context(sit_together()) for cell in group}
        some = desks[group[0]]
        intents = dict(
            zip(group, await asyncio.gather(*(to_do(desk, cell) for cell, desk in desks.items())), strict=True)
        )
        before = {cell: await asyncio.to_thread(desk.records) for cell, desk in desks.items()}
        ids: dict[Cell, str] = {}
        async with console(some.bed, some.kubeconfig, some.folder) as first:
            for cell, desk in desks.items():
                held = desk.gate.hold(request_at(cell.step, desk))
                begun = await first.told(begin=msgspec.to_builtins(intents[cell]))
                assert "id" in begun, f"{cell}: {begun}"
                ids[cell] = begun["id"]
                await within(PATIENCE, held.wait(), str(cell))
            await first.killed()
        async with console(some.bed, some.kubeconfig, some.folder) as second:
            await second.told(running=list(ids.values()))
            some.gate.let_go()
            told = {cell: (await second.told(verdict=id))["text"] for cell, id in ids.items()}

        async def check(cell: Cell) -> None:
            assert "Verdict: healthy" in told[cell], told[cell]
            await whole(desks[cell], cell, before[cell])

        await side_by_side(group, check)


async def whole(desk: Desk, cell: Cell, before: dict[str, str]) -> None:
    """The release is as the act wanted it, nothing ails it, and no record is lost."""
    after = await asyncio.to_thread(desk.records)
    assert sorted(after.values()) == [] if cell.verb is Verb.UNINSTALL else ["deployed", *["superseded"] * len(before)]
    assert cell.verb is Verb.UNINSTALL or set(before) <= set(after)
    assert await desk.controller.doctor.examine(desk.ref) == ()
