"""Acts survive whoever watches them, and what a kill leaves is recognised, explained and led out of.

Three can be killed: the program that shows the act, the runner that does it, Helm. An act has six steps: before the
record, the record written, half the objects, in a hook, before the status is written, at the wait for the verdict. Of
the product of steps, verbs, engines and victims the cells that are the same code are left out:

- The viewer never takes part in a step, so it is killed once as a command and once as a console in a terminal.
- To kill Helm matters for each verb and step, because Helm writes in another order for each. Helm 4 has all that
  differ; helm 3 and the Python engine share the middle of the verbs, where records and objects differ.
- To kill the runner asks Helm to stop, which helm heeds for a deploy and an upgrade; each verb is there once for each
  engine, and the steps at which Helm does not run (before it, at the wait) once for all.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from msgspec import Struct

from acp_tui.model.operation import Operation, OperationState, OutcomeKind
from acp_tui.model.plan import Plan, Verb
from acp_tui.model.recovery import Life
from tests.system.survival.desk import Desk, a_job, first_look, first_record, last_record, nth_object, outcome_of
from tests.system.survival.turnstile import Match

pytestmark = pytest.mark.system


STEPS: dict[str, Callable[[], Match]] = {
    "before Helm": lambda: first_look,
    "before the record": lambda: first_record,
    "record written": lambda: nth_object(1),
    "half the objects": lambda: nth_object(2),
    "in a hook": lambda: a_job,
    "before the status": last_record,
}


class Cell(Struct, frozen=True):
    """Who is killed at which step of which act, and the status of the newest revision after it.

    A Helm that is only asked to stop, because its runner was killed, marks a deploy or an upgrade failed. One that is
    killed marks nothing.
    """

    victim: str
    step: str
    verb: Verb
    engine: str
    left: str

    def __str__(self) -> str:
        return f"{self.victim}, {self.step}, {self.verb.value}, {self.engine}"


PENDING = {
    Verb.DEPLOY: "pending-install",
    Verb.UPGRADE: "pending-upgrade",
    Verb.ROLLBACK: "pending-rollback",
    Verb.UNINSTALL: "uninstalling",
}
VERBS = tuple(PENDING)
ASKED = {**PENDING, Verb.DEPLOY: "failed", Verb.UPGRADE: "failed"}


def cells() -> Iterator[Cell]:
    for verb in (Verb.UPGRADE, Verb.UNINSTALL):
        yield Cell("helm", "before the record", verb, "helm4", "deployed")
    for verb in (Verb.UPGRADE, Verb.ROLLBACK):
        yield Cell("helm", "record written", verb, "helm4", PENDING[verb])
        yield Cell("helm", "in a hook", verb, "helm4", PENDING[verb])
    for verb in VERBS:
        yield Cell("helm", "half the objects", verb, "helm4", PENDING[verb])
        yield Cell("helm", "before the status", verb, "helm4", PENDING[verb])
    for verb, engine in (
        (Verb.ROLLBACK, "helm3"), (Verb.UNINSTALL, "helm3"), (Verb.UPGRADE, "embedded"), (Verb.DEPLOY, "embedded"),
    ):  # fmt: skip
        yield Cell("helm", "half the objects", verb, engine, PENDING[verb])
    for engine in ("helm3", "helm4", "embedded"):
        for verb in VERBS:
            yield Cell("runner", "half the objects", verb, engine, ASKED[verb])
    yield Cell("runner", "in a hook", Verb.UPGRADE, "helm4", "failed")
    yield Cell("runner", "in a hook", Verb.ROLLBACK, "helm3", "pending-rollback")
    yield Cell("runner", "before Helm", Verb.ROLLBACK, "helm4", "deployed")
    yield Cell("runner", "at the wait", Verb.UPGRADE, "helm4", "deployed")


async def prepared(desk: Desk, cell: Cell) -> Plan:
    """The plan of the act, on a release on which there is something to do."""
    hook = cell.step == "in a hook"
    # Fields that helm 4 applies on the server's side are its own: another Helm would be refused them.
    helm = "helm4" if cell.engine == "helm4" else "helm3"
    if cell.verb is not Verb.DEPLOY:
        hanging = {"hook__enabled": "true", "hook__events": "pre-rollback", "hook__behaviour": "never-ready"}
        await asyncio.to_thread(desk.released, "1.0.0", helm=helm, **(hanging if hook else {}))
    if cell.verb is Verb.ROLLBACK:
        await asyncio.to_thread(desk.released, "1.1.0", helm=helm, message="two")
    match cell.verb:
        case Verb.DEPLOY:
            return await desk.plan(cell.verb, cell.engine, chart=desk.chart("1.0.0"))
        case Verb.UPGRADE:
            values = "hook: {enabled: true, behaviour: never-ready}" if hook else "message: new"
            return await desk.plan(cell.verb, cell.engine, chart=desk.chart("1.1.0"), values=values)
        case Verb.ROLLBACK:
            return await desk.plan(cell.verb, cell.engine, revision=1)
        case _:
            return await desk.plan(cell.verb, cell.engine)


async def reached(desk: Desk, cell: Cell, plan: Plan) -> Operation:
    """The act, begun, and exactly at the step."""
    console = desk.controller
    if cell.step == "at the wait":
        console = desk.console(steady=600)
        verifying = asyncio.Event()
        console.subscribe(lambda each: verifying.set() if each.state is OperationState.VERIFYING else None)
        begun = console.start(plan)
        await asyncio.wait_for(verifying.wait(), 60)
        return begun
    gone = desk.gate.hold(STEPS[cell.step](), after=cell.step == "in a hook")
    begun = console.start(plan)
    await asyncio.wait_for(gone.wait(), 60)
    return begun


@pytest.mark.parametrize("cell", tuple(cells()), ids=str)
async def test_what_a_kill_leaves_is_recognised_explained_and_led_out(desk: Desk, cell: Cell) -> None:
    plan = await prepared(desk, cell)
    before = await asyncio.to_thread(desk.records)
    begun = await reached(desk, cell, plan)
    os.kill(desk.runner(begun.id) if cell.victim == "runner" else desk.helm(begun.id), signal.SIGKILL)

    done = await asyncio.wait_for(desk.controller.wait(begun.id), 60)
    number, status = await desk.newest()
    assert status == cell.left
    told = outcome_of(done)
    assert f"revision {number} is" in " ".join((told.title, *told.evidence)), "it says how the release stands"
    assert told.advice
    if cell.victim == "runner":
        assert done.state is OperationState.LOST
        assert told.title.startswith("The runner was killed during ")
    else:
        assert done.state is OperationState.FAILED
        assert "it was ended from outside by SIGKILL" in told.title or cell.engine == "embedded"

    said = await desk.led_out(cell.engine)
    if status in PENDING.values():
        assert said[0].ailment.value == status
        assert said[0].life is Life.NOBODY, said[0].evidence
    if cell.verb is not Verb.UNINSTALL:
        assert set(before) <= set(await asyncio.to_thread(desk.records)), "no record is lost"
    await healthy_again(desk, cell)


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
    assert outcome_of(done).kind in (OutcomeKind.HEALTHY, OutcomeKind.RESIDUE), done.outcome
