"""What a person does with keys alone: from the tree to the history, from the review to the verdict."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.insight.mask import MASK
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState
from acp_tui.model.plan import Intent, Plan, ValuesMode, Verb
from acp_tui.ui.app import AcpApp
from acp_tui.ui.review.plan import EffectScreen, ReviewScreen
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.screens.compare import CompareScreen
from acp_tui.ui.screens.deploy import DeployScreen, UpgradeScreen
from acp_tui.ui.screens.history import HistoryScreen
from acp_tui.ui.screens.logs import LogsScreen
from acp_tui.ui.screens.revision import RevisionScreen
from acp_tui.ui.screens.text import TextScreen
from acp_tui.ui.screens.tree import TreeScreen
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.notice import Notice
from tests.fakes.backend import FakeBackend
from tests.ui.detail.plans import HEALTHY, PAYMENTS, ROLLBACK, operation, plan
from tests.ui.detail.scene import POD, broken_tree, console, node, ref, scene


class Stage:
    """The console with one screen on top of it, and hands to press keys with."""

    def __init__(self, fake: FakeBackend, app: AcpApp, pilot: Pilot[None]) -> None:
        self.fake = fake
        self.app = app
        self.pilot = pilot

    async def push(self, screen: Screen[None]) -> None:
        self.app.push_screen(screen)
        await self.settle()

    async def settle(self) -> None:
        await self.pilot.pause()
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def answer(self, text: str) -> None:
        """Type over what stands in the line at the foot of the screen, and press Enter."""
        self.screen.query_one(Entry).value = text
        await self.press("enter")

    @property
    def screen(self) -> Screen[object]:
        return self.app.screen

    @property
    def shown(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    @property
    def said(self) -> str:
        return "\n".join(notice.text for notice in self.screen.query(Notice) if notice.display)


@asynccontextmanager
async def stage(
    make: Callable[[FakeBackend], Screen[None]], *, size: tuple[int, int] = (120, 40), fake: FakeBackend | None = None
) -> AsyncIterator[Stage]:
    fake = fake or scene()
    app = console(fake)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        here = Stage(fake, app, pilot)
        await here.push(make(fake))
        yield here


def tree_of_payments(fake: FakeBackend) -> TreeScreen:
    return TreeScreen(next(row for row in fake.fleet.rows("applications") if row.ref.name == "payments-api"))


# the tree


async def test_the_tree_opens_on_the_branch_that_fails_with_the_reason() -> None:
    async with stage(tree_of_payments) as here:
        assert "ImagePullBackOff: registry/pay:1.9.2 not found" in here.shown
        assert "ConfigMap 3, Secret 2, HorizontalPodAutoscaler 1" in here.shown
        assert "platform: Partially Running" in here.shown
        assert "last good" in here.shown, "the history strip stands below"


async def test_the_tree_follows_the_live_picture() -> None:
    async with stage(tree_of_payments) as here:
        application = next(row for row in here.fake.fleet.rows("applications") if row.ref.name == "payments-api")
        here.fake.inspector.trees[application.key] = node(ref("Application", "payments-api"), note="all is well")
        screen = here.screen
        assert isinstance(screen, TreeScreen)
        here.fake.fleet.tell("applications")
        assert screen.root == broken_tree(), "not asked for twice within moments"
        screen._again()
        await here.settle()
        assert "all is well" in here.shown


@pytest.mark.parametrize(("key", "kind"), [("y", TextScreen), ("d", TextScreen), ("e", TextScreen), ("l", LogsScreen)])
async def test_a_pod_of_the_tree_is_one_key_from_its_yaml_and_logs(key: str, kind: type[Screen[None]]) -> None:
    async with stage(tree_of_payments) as here:
        await here.press("down", "down", "down", key)
        assert isinstance(here.screen, kind)
        assert getattr(here.screen, "ref", None) == POD


async def test_tab_moves_to_the_history_where_enter_opens_a_revision() -> None:
    async with stage(tree_of_payments) as here:
        await here.press("tab", "down", "enter")
        assert isinstance(here.screen, RevisionScreen)
        assert here.screen.revision == 41


async def test_a_tree_that_cannot_be_had_says_why_and_leaves_the_way_back() -> None:
    fake = scene()
    fake.inspector.trees.clear()
    async with stage(tree_of_payments, fake=fake) as here:
        assert "check the word, or the rights" in here.shown
        await here.press("escape")
        assert not isinstance(here.screen, TreeScreen)


# histories and revisions


async def test_the_history_is_asked_for_again_when_the_release_moves() -> None:
    async with stage(lambda fake: HistoryScreen(PAYMENTS)) as here:
        assert " 43 " not in here.shown
        revisions = here.fake.inspector.histories[PAYMENTS.key]
        newer = structs.replace(revisions[0], revision=43, status="deployed")
        here.fake.inspector.histories[PAYMENTS.key] = (newer, *revisions)
        row = next(row for row in here.fake.fleet.rows("releases") if row.key == PAYMENTS.key)
        here.fake.fleet.change("releases", structs.replace(row, revision=43))
        await here.settle()
        assert " 43 " in here.shown


async def test_any_two_revisions_are_compared_by_marking_one() -> None:
    async with stage(lambda fake: HistoryScreen(PAYMENTS)) as here:
        await here.press("space", "down", "down", "d")
        screen = here.screen
        assert isinstance(screen, CompareScreen)
        assert (screen.older, screen.newer) == (40, 42)
        assert "image 1.9.0 → 1.9.2" in here.shown


async def test_the_changes_of_a_comparison_are_walked_with_n() -> None:
    async with stage(lambda fake: CompareScreen(PAYMENTS, older=41, newer=42)) as here:
        await here.press("n")
        assert "change 1/2" in here.shown
        await here.press("n", "n")
        assert "change 1/2" in here.shown, "around the end"
        await here.press("N")
        assert "change 2/2" in here.shown


async def test_secrets_of_a_revision_stay_masked_until_asked_for() -> None:
    async with stage(lambda fake: RevisionScreen(PAYMENTS)) as here:
        assert MASK in here.shown
        assert "hunter2" not in here.shown
        await here.press("x")
        assert "hunter2" in here.shown
        assert "SECRETS SHOWN" in here.shown
        await here.press("3")
        assert "aHVudGVyMg==" in here.shown
        await here.press("x")
        assert "aHVudGVyMg==" not in here.shown


async def test_each_tab_has_its_digit() -> None:
    async with stage(lambda fake: RevisionScreen(PAYMENTS, 41)) as here:
        for key, words in {
            "2": "replicas: 3",
            "3": "kind: Deployment",
            "4": "[runbook]",
            "5": "last run: Failed",
            "6": "Nothing was heard",
        }.items():
            await here.press(key)
            assert words in here.shown, key
        await here.press("tab")
        assert "[1 values]" in here.shown


# texts and logs


async def test_words_are_searched_and_walked_and_escape_ends_the_search_first() -> None:
    async with stage(lambda fake: TextScreen(POD)) as here:
        await here.press("slash", *"value", "enter", "n")
        assert "/value 2/60" in here.shown
        await here.press("escape")
        assert isinstance(here.screen, TextScreen)
        assert "/value" not in here.shown
        await here.press("escape")
        assert not isinstance(here.screen, TextScreen)


async def test_a_text_is_saved_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "pod.yaml"
    async with stage(lambda fake: TextScreen(POD)) as here:
        await here.press("s")
        await here.answer(str(target))
        assert here.said.startswith("Saved ")
        await here.press("s")
        await here.answer(str(target))
        assert "is there already" in here.said
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_text() == scene().inspector.texts[POD.key]


async def test_a_description_has_conditions_and_events() -> None:
    async with stage(lambda fake: TextScreen(POD, what="describe")) as here:
        assert "ContainersNotReady" in here.shown
        assert 'Failed to pull image "registry/pay:1.9.2": not found' in here.shown
        assert "×5" in here.shown


async def test_logs_ask_for_another_container_the_one_before_and_times() -> None:
    async with stage(lambda fake: LogsScreen(POD)) as here:
        screen = here.screen
        assert isinstance(screen, LogsScreen)
        assert "request 59" in here.shown
        await here.press("c", "p", "t")
        asked = [each for each in here.fake.inspector.asked if each[0] == "logs"]
        assert asked == [
            ("logs", "api", True, False, False),
            ("logs", "sidecar", True, False, False),
            ("logs", "sidecar", False, True, False),
            ("logs", "sidecar", False, True, True),
        ]
        assert "sidecar 2/2 (before the last restart)" in here.shown


# the review


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

    async def fails(intent: Intent) -> Plan:
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


# the run


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
        assert "goes on in the background" in here.said


async def test_undo_opens_the_review_of_the_way_back() -> None:
    async with stage(running) as here:
        await here.press("u")
        assert "it still runs" in here.said
        here.fake.controller.tell(operation(OperationState.SUCCEEDED, outcome=HEALTHY))
        await here.settle()
        await here.press("u")
        assert isinstance(here.screen, ReviewScreen)
        assert here.fake.controller.intents[-1] == Intent(Verb.ROLLBACK, PAYMENTS, revision=42)


# the forms


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
