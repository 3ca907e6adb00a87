"""What a person does with keys alone while an act runs and after it."""

from __future__ import annotations

from acp_tui.model.operation import OperationState
from acp_tui.model.plan import Intent, Verb
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.review.run import RunScreen
from tests.fakes.backend import FakeBackend
from tests.ui.detail.plans import HEALTHY, PAYMENTS, operation
from tests.ui.detail.stage import stage


def running(fake: FakeBackend) -> RunScreen:
    fake.controller.past.insert(0, operation())
    return RunScreen("op-7")


async def test_a_run_shows_its_steps_and_the_verdict_stays() -> None:
    async with stage(running) as here:
        assert "running" in here.shown
        assert "2/3 pods ready" in here.shown
        here.fake.controller.tell(operation(OperationState.SUCCEEDED, outcome=HEALTHY))
        await here.settle()
        assert "Verdict: healthy" in here.shown
        assert "3/3 pods ready, 0 restarts" in here.shown


async def test_cancelling_asks_once() -> None:
    async with stage(running) as here:
        await here.press("C")
        assert not here.fake.controller.cancelled
        assert "Press again" in here.said
        await here.press("C")
        assert here.fake.controller.cancelled == ["op-7"]


async def test_leaving_a_run_leaves_it_running() -> None:
    async with stage(running) as here:
        await here.press("escape")
        assert not isinstance(here.screen, RunScreen)
        assert not here.fake.controller.cancelled
        assert "goes on by itself" in here.said


async def test_a_run_without_a_process_of_its_own_is_not_left_by_one_press() -> None:
    async with stage(running) as here:
        here.fake.controller.in_here.add("op-7")
        await here.press("q")
        assert "Press again to leave; that ends what runs in this console" in here.said
        assert here.app.is_running
        await here.press("escape")
        assert "goes on as long as acp-tui is open" in here.said
        here.fake.controller.tell(operation(OperationState.SUCCEEDED, outcome=HEALTHY))
        await here.settle()
        await here.press("q")
        assert here.app._exit


async def test_where_no_shell_waits_for_the_terminal_it_is_not_given_back() -> None:
    async with stage(running) as here:
        await here.press("ctrl+z")
        assert "no shell to go back to" in here.said


async def test_undo_opens_the_review_of_the_way_back() -> None:
    async with stage(running) as here:
        await here.press("u")
        assert "it still runs" in here.said
        here.fake.controller.tell(operation(OperationState.SUCCEEDED, outcome=HEALTHY))
        await here.settle()
        await here.press("u")
        assert isinstance(here.screen, ReviewScreen)
        assert here.fake.controller.intents[-1] == Intent(Verb.ROLLBACK, PAYMENTS, revision=42)
