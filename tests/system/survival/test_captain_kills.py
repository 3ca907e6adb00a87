"""Console, runner and Captain are killed at each step of an act on a HelmRequest; nothing is lost and all ends well.

The acts are upgrade, rollback and uninstall: there is no deploy through Captain. Console and runner are killed before
they look at the HelmRequest again, before they write it, while Captain works on it, and at the wait for the verdict.
Captain is killed at each of its own steps: before its record, with the record written, with half the objects, before
the record is settled (at an uninstall: before the records go), and before it tells the HelmRequest.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.model.operation import OperationState, OutcomeKind
from acp_tui.model.plan import Verb
from testbed.bed import Bed
from tests.system.survival.conftest import namespace_of_its_own
from tests.system.survival.consoles import console
from tests.system.survival.desk import PATIENCE, outcome_of, within
from tests.system.survival.office import VERBS, Office, Stand, captain
from tests.system.survival.side_by_side import side_by_side
from tests.system.survival.turnstile import Match, Turnstile, Wish, kubeconfig, turnstile

pytestmark = pytest.mark.system

Open = Callable[[], AbstractAsyncContextManager[Office]]


@pytest.fixture
async def offices(bed: Bed, catalog: str, engines: Sequence[HelmEngine], tmp_path: Path) -> AsyncIterator[Open]:
    """Offices of one engineer, each with a HelmRequest and a namespace of its own."""
    assert catalog
    async with turnstile(bed["east"]) as gate, turnstile(bed["west"]) as main:

        @asynccontextmanager
        async def made() -> AsyncIterator[Office]:
            async with namespace_of_its_own(bed) as name:
                office = Office(gate, main, bed, name, engines, tmp_path)
                try:
                    await asyncio.gather(*(posts.learn() for posts in office.posts))
                    yield office
                finally:
                    await office.left()
                    await asyncio.to_thread(office.request.cleared)

        yield made


@pytest.mark.parametrize("verb", VERBS)
async def test_a_runner_killed_leaves_captain_to_it_and_is_explained(
    bed: Bed, offices: Open, verb: Verb, tmp_path: Path
) -> None:
    async def check(stand: Stand) -> None:
        async with offices() as office:
            await runner_killed(office, verb, stand)

    async with captain(bed, bed.kubeconfig, tmp_path / "captain.log"):
        await side_by_side(Stand, check)


async def runner_killed(office: Office, verb: Verb, stand: Stand) -> None:
    intent = await office.to_do(verb)
    before = await asyncio.to_thread(office.records)
    plan = await office.controller.plan(intent)
    assert plan.allowed, plan.refusals
    held = office.hold(stand)
    begun = office.controller.start(plan)
    await within(PATIENCE, held.wait(), "the step")
    os.kill(office.runner(begun.id), signal.SIGKILL)
    done = await within(PATIENCE, office.controller.wait(begun.id), "the outcome")
    assert done.state is OperationState.LOST
    assert outcome_of(done).title.startswith("The runner was killed during "), done.outcome
    assert outcome_of(done).advice, done.outcome

    unwritten = stand in (Stand.LOOK, Stand.WRITE)
    if unwritten:
        assert await asyncio.to_thread(office.records) == before
    else:
        await asyncio.to_thread(office.done_by_captain, verb)
    assert await office.controller.doctor.examine(office.ref) == ()
    if verb is not Verb.UNINSTALL:
        assert set(before) <= set(await asyncio.to_thread(office.records)), "no record is lost"
    elif not unwritten:
        return
    again = intent if unwritten else msgspec.structs.replace(intent, verb=Verb.UPGRADE, revision=None, version="1.2.0")
    plan = await office.controller.plan(again)
    assert plan.allowed, plan.refusals
    done = await within(PATIENCE, office.controller.wait(office.controller.start(plan).id), "the next act")
    assert outcome_of(done).kind is OutcomeKind.HEALTHY, done.outcome


@pytest.mark.parametrize("verb", VERBS)
async def test_acts_go_on_when_their_console_is_killed_and_the_next_one_tells_the_verdict(
    bed: Bed, offices: Open, verb: Verb, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(captain(bed, bed.kubeconfig, tmp_path / "captain.log"))
        rooms = {stand: await stack.enter_async_context(offices()) for stand in Stand}
        some = rooms[Stand.LOOK]
        intents = await asyncio.gather(*(office.to_do(verb) for office in rooms.values()))
        before = {stand: await asyncio.to_thread(office.records) for stand, office in rooms.items()}
        ids: dict[Stand, str] = {}
        async with console(bed, some.kubeconfig, tmp_path) as first:
            for (stand, office), intent in zip(rooms.items(), intents, strict=True):
                held = office.hold(stand)
                begun = await first.told(begin=msgspec.to_builtins(intent))
                assert "id" in begun, f"{stand}: {begun}"
                ids[stand] = begun["id"]
                await within(PATIENCE, held.wait(), str(stand))
            await first.killed()
        async with console(bed, some.kubeconfig, tmp_path) as second:
            await second.told(running=list(ids.values()))
            some.gate.let_go()
            some.main.let_go()
            told = {stand: (await second.told(verdict=id))["text"] for stand, id in ids.items()}

        async def check(stand: Stand) -> None:
            assert "Verdict: healthy" in told[stand], told[stand]
            await whole(rooms[stand], verb, before[stand])

        await side_by_side(Stand, check)


@pytest.mark.parametrize("verb", VERBS)
async def test_when_captain_is_killed_the_act_waits_for_the_next_one_and_ends_well(
    bed: Bed, offices: Open, verb: Verb, tmp_path: Path
) -> None:
    log = tmp_path / "captain.log"
    async with AsyncExitStack() as stack:
        gates = {f"bed-{name}": await stack.enter_async_context(turnstile(bed[name])) for name in ("east", "west")}
        theirs = kubeconfig(tmp_path / "captain.kubeconfig", gates, main="bed-west")
        rooms = {step: await stack.enter_async_context(offices()) for step in captain_steps(verb)}
        async with captain(bed, theirs, log) as first:
            intents = await asyncio.gather(*(office.to_do(verb) for office in rooms.values()))
            before = {step: await asyncio.to_thread(office.records) for step, office in rooms.items()}
            ids: dict[str, str] = {}
            for (step, office), intent in zip(rooms.items(), intents, strict=True):
                plan = await office.controller.plan(intent)
                assert plan.allowed, plan.refusals
                held = hold(gates, captain_steps(verb)[step](office))
                ids[step] = office.controller.start(plan).id
                await within(PATIENCE, held(), step)
            await first.killed()
        for step, office in rooms.items():
            assert not office.controller.operation(ids[step]).state.over, "nobody knows yet how it ends"
        await stack.enter_async_context(captain(bed, bed.kubeconfig, log))

        async def check(step: str) -> None:
            office = rooms[step]
            done = await within(PATIENCE, office.controller.wait(ids[step]), "the outcome")
            assert outcome_of(done).kind is OutcomeKind.HEALTHY, done.outcome
            await whole(office, verb, before[step])

        await side_by_side(rooms, check)


async def whole(office: Office, verb: Verb, before: dict[str, str]) -> None:
    """The release is as the act wanted it, nothing ails it, and no record is lost."""
    after = await asyncio.to_thread(office.records)
    if verb is Verb.UNINSTALL:
        assert not after
    else:
        # A Captain that dies before it tells is followed by one that makes the revision once more.
        assert sorted(after.values()) in (
            ["deployed", *["superseded"] * number] for number in (len(before), len(before) + 1)
        )
        assert set(before) <= set(after)
    assert await office.controller.doctor.examine(office.ref) == ()


def captain_steps(verb: Verb) -> dict[str, Callable[[Office], Match]]:
    """The request of Captain's at which it stands at a step; an uninstall writes no record before it begins."""
    begins = {} if verb is Verb.UNINSTALL else {"before the record": first_record}
    return {
        **begins,
        "record written": lambda office: nth_object(office, 1),
        "half the objects": lambda office: nth_object(office, 2),
        "before the record is settled": record_after_objects,
        "before it tells": telling,
    }


def hold(gates: dict[str, Turnstile], match: Match) -> Callable[[], asyncio.Future[object]]:
    """Holds the request wherever it comes by."""
    holds = [gate.hold(match) for gate in gates.values()]

    async def wait() -> object:
        return await asyncio.wait([asyncio.ensure_future(each.wait()) for each in holds], return_when="FIRST_COMPLETED")

    return lambda: asyncio.ensure_future(wait())


def first_record(office: Office) -> Match:
    return lambda wish: _of_records(wish, office)


def nth_object(office: Office, number: int) -> Match:
    seen = 0

    def match(wish: Wish) -> bool:
        nonlocal seen
        counts = _of_objects(wish, office)
        seen += counts
        return counts and seen == number

    return match


def record_after_objects(office: Office) -> Match:
    wrote = False

    def match(wish: Wish) -> bool:
        nonlocal wrote
        wrote |= _of_objects(wish, office)
        return wrote and _of_records(wish, office)

    return match


def telling(office: Office) -> Match:
    """What Captain writes to the HelmRequest once the records are as they should be."""
    settled = False

    def match(wish: Wish) -> bool:
        nonlocal settled
        settled |= _of_records(wish, office)
        return settled and wish.writes and f"/helmrequests/{office.request.name}" in wish.path

    return match


def _of_records(wish: Wish, office: Office) -> bool:
    return wish.writes and wish.namespace == office.namespace and "/releases" in wish.path


def _of_objects(wish: Wish, office: Office) -> bool:
    return wish.writes and wish.namespace == office.namespace and "/releases" not in wish.path
