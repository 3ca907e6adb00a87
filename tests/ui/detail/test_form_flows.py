"""What a person types into forms, and where what is typed ahead ends up."""

from __future__ import annotations

import pytest
from textual.events import Key

from acp_tui.model.plan import ValuesMode, Verb
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.screens.deploy import DeployScreen, UpgradeScreen
from acp_tui.ui.widgets.entry import Entry
from tests.ui.detail.plans import PAYMENTS, ROLLBACK, plan
from tests.ui.detail.scene import scene
from tests.ui.detail.stage import stage


async def test_the_deploy_form_says_what_is_missing_and_then_plans() -> None:
    async with stage(lambda fake: DeployScreen(cluster="staging")) as here:
        await here.press("ctrl+y")
        assert "3 fields to mend first" in here.said
        assert "name a chart" in here.shown
        await here.press(*"repo/api", "enter", "enter", "enter", *"pay", "enter", "enter", *"shop", "ctrl+y")
        assert isinstance(here.screen, ReviewScreen)
        intent = here.fake.controller.intents[-1]
        assert (intent.verb, intent.chart, intent.release.name, intent.release.namespace) == (
            Verb.DEPLOY,
            "repo/api",
            "pay",
            "shop",
        )


async def test_a_form_whose_act_was_started_is_gone_when_the_run_is_left() -> None:
    fake = scene()
    fake.controller.plans.append(plan(confirm="", production=False))
    async with stage(lambda _: UpgradeScreen(PAYMENTS), fake=fake) as here:
        await here.press("ctrl+y", "y")
        assert isinstance(here.screen, RunScreen)
        await here.press("escape")
        assert len(here.app.screen_stack) == 1


async def test_values_written_in_the_editor_are_used_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(lambda fake: UpgradeScreen(PAYMENTS)) as here:
        offered: list[str] = []

        async def edited(text: str, suffix: str = ".yaml") -> str:
            offered.append(text)
            return "db:\n  password: hunter3\n"

        monkeypatch.setattr(here.app, "edit_text", edited)
        screen = here.screen
        assert isinstance(screen, UpgradeScreen)
        screen.do_edit_values()
        await here.settle()
        assert "password: hunter2" in offered[0], "starts from what the release was given"
        assert "2 lines of values from the editor" in here.shown
        assert "hunter3" not in here.shown
        await here.press("ctrl+y")
        intent = here.fake.controller.intents[-1]
        assert (intent.values, intent.values_mode) == ("db:\n  password: hunter3\n", ValuesMode.REUSE)


async def test_a_flag_reads_without_colour_and_turns_with_space() -> None:
    async with stage(lambda fake: UpgradeScreen(PAYMENTS)) as here:
        assert "[x] yes" in here.shown
        await here.press("tab", "tab", "tab", "space")
        assert "[x] yes" not in here.shown


async def test_keys_typed_ahead_of_the_screen_end_up_where_they_were_meant() -> None:
    async with stage(lambda fake: DeployScreen(cluster="staging")) as here:
        for key in ("a", "slash", "b", "enter", "1", "enter", "enter", "p"):
            here.app.post_message(Key(key, {"slash": "/"}.get(key, key if len(key) == 1 else None)))
        await here.settle()
        screen = here.screen
        assert isinstance(screen, DeployScreen)
        typed = screen.form.typed()
        assert [typed.text(field) for field in ("chart", "version", "repository", "name")] == ["a/b", "1", "", "p"]


async def test_a_name_typed_ahead_of_the_question_is_not_taken_for_commands() -> None:
    async with stage(lambda fake: ReviewScreen(ROLLBACK)) as here:
        await here.press("escape")
        for key in ("y", *"payments"):
            here.app.post_message(Key(key, key))
        await here.settle()
        assert here.screen.query_one(Entry).value == "payments"
