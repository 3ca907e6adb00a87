"""What a person does with keys alone in a review: nothing runs before they say so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Answer, Intent, Plan, ServerSays
from acp_tui.ui.review.plan import EffectScreen, ReviewScreen
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.widgets.entry import Entry
from tests.ui.detail.plans import PAYMENTS, ROLLBACK, plan
from tests.ui.detail.scene import scene
from tests.ui.detail.stage import Stage, stage


async def test_the_review_says_everything_and_runs_nothing_by_itself() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        for words in ("PROD", "Roll back payments-api · shop · prod-east", "42 → 41", "2 pods", "roll back to 42"):
            assert words in here.shown, words
        await here.press("enter")
        assert "nothing was done" in here.said
        await here.press("enter")
        assert isinstance(here.screen, EffectScreen)
        assert "-      - image: registry/pay:1.9.2" in here.shown
        await here.press("escape", "escape")
        assert not isinstance(here.screen, ReviewScreen)
        assert not started(here)


def started(here: Stage) -> list[Operation]:
    return [each for each in here.fake.controller.operations() if each.release == PAYMENTS]


async def test_production_wants_the_name_typed() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press(*"payments", "enter")
        assert "nothing was done" in here.said
        assert not started(here)
        await here.press(*"payments-api", "enter")
        assert isinstance(here.screen, RunScreen)
        assert len(started(here)) == 1


async def test_fields_of_others_are_taken_over_only_where_there_are_any() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press("escape", "o")
        assert "no field of it belongs to somebody else" in here.said
    fake = scene()
    made = fake.controller.plans[-1]
    no = ServerSays(Answer.CONFLICT, "spec.replicas set by kubectl")
    contested = structs.replace(made, effects=(structs.replace(made.effects[0], server=no), *made.effects[1:]))
    fake.controller.plans.append(contested)
    async with stage(lambda fake: ReviewScreen(ROLLBACK), fake=fake) as here:
        await here.press("escape", "o")
        assert here.fake.controller.intents[-1].take_over


async def test_while_it_is_planned_the_review_says_what_is_being_asked() -> None:
    fake = scene()
    fake.controller.hold, fake.controller.planning = asyncio.Event(), ["dry run 3 of 9"]
    async with stage(lambda fake: EffectScreen(plan().effects[0], what="x"), fake=fake) as here:
        screen = ReviewScreen(ROLLBACK)
        here.app.push_screen(screen)
        await here.pilot.pause()
        await here.pilot.pause()
        screen.tick()
        await here.pilot.pause()
        assert "dry run 3 of 9" in here.shown
        fake.controller.hold.set()
        await here.settle()
        assert "dry run" not in here.shown
        assert "42 → 41" in here.shown


async def test_a_review_of_production_is_looked_at_with_the_line_put_away() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        assert "tab look at the plan" in here.shown
        await here.press("escape", "d")
        assert isinstance(here.screen, EffectScreen)
        await here.press("escape", "y", *"payments-api", "enter")
        assert isinstance(here.screen, RunScreen)


async def test_a_saved_text_never_lands_in_the_folder_the_console_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press("escape", "p")
        assert here.screen.query_one(Entry).value.startswith(str(tmp_path / "acp-tui" / "saved"))
        await here.answer("mine.txt")
    assert (tmp_path / "acp-tui" / "saved" / "mine.txt").read_text().startswith("Roll back payments-api")


async def test_where_a_yes_is_enough_y_runs_it() -> None:
    fake = scene()
    fake.controller.plans.append(plan(confirm="", production=False))
    async with stage(lambda _: ReviewScreen(ROLLBACK), fake=fake) as here:
        assert "PROD" not in here.shown
        await here.press("y")
        assert isinstance(here.screen, RunScreen)


async def test_what_is_refused_has_no_way_to_run() -> None:
    fake = scene()
    fake.controller.plans.append(plan(refused=True))
    async with stage(lambda _: ReviewScreen(ROLLBACK), fake=fake) as here:
        assert "Cannot roll back: 1 check refused" in here.shown
        assert "Roll back the HelmRequest in cluster global" in here.shown
        await here.press("y")
        assert "Run: refused: owner" in here.said
        assert fake.controller.attempts == [fake.controller.plans[-1]], "the journal has who tried"
        await here.press("enter")
        assert isinstance(here.screen, EffectScreen), "enter looks, it never acts"
        assert not started(here)


async def test_hooks_and_target_are_changed_in_the_review_and_planned_again() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press("escape", "h")
        assert here.fake.controller.intents[-1] == structs.replace(ROLLBACK, no_hooks=True)
        await here.press("t", "down", "down", "enter")
        assert isinstance(here.screen, ReviewScreen)
        assert here.fake.controller.intents[-1].revision == 40


async def test_a_plan_that_fails_says_so_and_cannot_be_run() -> None:
    fake = scene()

    async def fails(intent: Intent, **more: object) -> Plan:
        raise Refused("no such release", advice="look again")

    fake.controller.plan = fails  # type: ignore[method-assign]
    async with stage(lambda _: ReviewScreen(ROLLBACK), fake=fake) as here:
        assert "no such release" in here.shown
        assert "look again" in here.shown
        await here.press("y")
        assert not started(here)


async def test_a_plan_can_be_kept_as_a_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.txt"
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press("escape", "p")
        await here.answer(str(target))
    text = target.read_text()
    assert "Roll back payments-api · shop · prod-east" in text
    assert "-      - image: registry/pay:1.9.2" in text
