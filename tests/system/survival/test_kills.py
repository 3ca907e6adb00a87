"""What a kill of the runner or of Helm leaves is recognised, explained and led out of, at each step of each verb.

The matrix is whole: seven steps (before Helm, before the record, the record written, in a hook, half the objects,
before the status, at the wait for the verdict), four verbs (deploy, upgrade, rollback, uninstall), helm 3, helm 4 and
the Python engine. Left out are the cells that do not exist, by `cells.why_not`: Helm cannot be killed before it is
started, nor at the wait, when it is over. The Python engine is killed as helm is: it runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from acp_tui.model.operation import Operation, OperationState, OutcomeKind
from acp_tui.model.plan import Verb
from acp_tui.model.recovery import Life
from tests.system.survival.cells import PENDING, Cell, Step, Victim, groups, named
from tests.system.survival.conftest import Sit
from tests.system.survival.desk import PATIENCE, Desk, outcome_of, within
from tests.system.survival.side_by_side import side_by_side
from tests.system.survival.steps import request_at
from tests.system.survival.todo import to_do

pytestmark = pytest.mark.system


@pytest.mark.parametrize("group", tuple(groups(Victim.HELM, Victim.RUNNER)), ids=named)
async def test_what_a_kill_leaves_is_recognised_explained_and_led_out(sit: Sit, group: tuple[Cell, ...]) -> None:
    async def check(cell: Cell) -> None:
        async with sit() as desk:
            await killed_and_led_out(desk, cell)

    await side_by_side(group, check)


async def killed_and_led_out(desk: Desk, cell: Cell) -> None:
    plan = await desk.controller.plan(await to_do(desk, cell))
    assert plan.allowed, plan.refusals
    before = await asyncio.to_thread(desk.records)
    held = desk.gate.hold(request_at(cell.step, desk))
    begun = desk.controller.start(plan)
    await within(PATIENCE, held.wait(), "the step")
    os.kill(desk.runner(begun.id) if cell.victim is Victim.RUNNER else desk.helm(begun.id), signal.SIGKILL)
    if cell.heeded and cell.step is Step.BEFORE_RECORD:
        # Helm is asked to end when its runner is gone, and has its record written before it does.
        await desk.is_gone(begun.id)
        held.let_go()
    done = await within(PATIENCE, desk.controller.wait(begun.id), "the outcome")
    number, status = await desk.newest()
    assert status == cell.left
    explained(cell, done, number)

    said = await desk.led_out(cell.engine)
    if status in PENDING.values():
        assert said[0].ailment.value == status
        assert said[0].life is Life.NOBODY, said[0].evidence
    if cell.verb is not Verb.UNINSTALL:
        assert set(before) <= set(await asyncio.to_thread(desk.records)), "no record is lost"
    await healthy_again(desk, cell)


def explained(cell: Cell, done: Operation, number: int) -> None:
    """The outcome says who was killed, how the release stands and what to do next."""
    told = outcome_of(done)
    stands = f"revision {number} is"
    if not number:
        stands = "no record of" if cell.verb is Verb.UNINSTALL or cell.victim is Victim.HELM else "it wrote nothing"
    assert stands in " ".join((told.title, *told.evidence)), told
    assert told.advice, told
    if cell.victim is Victim.RUNNER:
        assert done.state is OperationState.LOST
        assert told.title.startswith("The runner was killed during ")
    else:
        assert done.state is OperationState.FAILED
        assert "it was ended from outside by SIGKILL" in told.title or cell.engine == "embedded"


async def healthy_again(desk: Desk, cell: Cell) -> None:
    """The very act that was killed, done; an uninstall leaves nothing."""
    number, _ = await desk.newest()
    if cell.verb is Verb.UNINSTALL:
        done = await desk.act(Verb.UNINSTALL, cell.engine) if number else None
        assert done is None or outcome_of(done).kind is OutcomeKind.HEALTHY
        assert (await desk.newest())[0] == 0
        return
    verb = Verb.UPGRADE if number else Verb.DEPLOY
    done = await desk.act(verb, cell.engine, chart=desk.chart("1.2.0"))
    assert outcome_of(done).kind is OutcomeKind.HEALTHY, done.outcome
