"""What a person does with keys alone in a history, a revision and a comparison."""

from __future__ import annotations

from msgspec import structs

from acp_tui.insight.mask import MASK
from acp_tui.model.kept import KeptWords, Words
from acp_tui.ui.screens.compare import CompareScreen
from acp_tui.ui.screens.history import HistoryScreen
from acp_tui.ui.screens.revision import RevisionScreen
from tests.fakes.backend import NOW
from tests.ui.detail.plans import PAYMENTS
from tests.ui.detail.scene import scene
from tests.ui.detail.stage import stage


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


async def test_the_two_marked_revisions_are_compared_wherever_the_cursor_is() -> None:
    async with stage(lambda fake: HistoryScreen(PAYMENTS)) as here:
        await here.press("space", "down", "space", "down", "down", "d")
        screen = here.screen
        assert isinstance(screen, CompareScreen)
        assert (screen.older, screen.newer) == (41, 42)
        await here.press("escape", "space", "d")
        assert isinstance(here.screen, HistoryScreen)
        assert "two are compared, and 3 are marked" in here.said


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


async def test_a_revision_that_only_acp_tui_still_has_is_read_and_not_gone_back_to() -> None:
    fake = scene()
    uid = "uid-of-long-ago"
    newest = fake.inspector.histories[PAYMENTS.key][0]
    fake.controller.keep.copies[PAYMENTS] = (
        structs.replace(newest, revision=7, status="failed", uid=uid, kept_at=NOW, description="hook failed"),
    )
    fake.controller.keep.bodies[uid] = structs.replace(fake.inspector.bodies[PAYMENTS.key, 41], revision=7)
    heard = Words("migrate-x", "run", "hook migrate", NOW, "exit 1, Error", ("no such table: orders",))
    fake.controller.keep.heard[PAYMENTS] = (KeptWords(PAYMENTS, "op-7", NOW, 7, uid, (heard,)),)
    async with stage(lambda fake: HistoryScreen(PAYMENTS), fake=fake) as here:
        await here.press("G")
        assert "kept here" in here.shown
        await here.press("d")
        assert "a kept copy is read, not compared" in here.said
        await here.press("enter")
        assert isinstance(here.screen, RevisionScreen)
        assert "a copy kept here" in here.shown
        await here.press("6")
        assert "no such table: orders" in here.shown
        assert "exit 1, Error" in here.shown


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
