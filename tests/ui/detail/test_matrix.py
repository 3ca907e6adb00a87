"""The matrix and the rollout on the screen: cells in words, two of them compared, one version taken further."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from msgspec import structs
from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.actions import actions_at
from acp_tui.config.settings import Settings
from acp_tui.model.errors import Refused
from acp_tui.model.operation import OperationState
from acp_tui.model.plan import Check, CheckResult
from acp_tui.model.release import ReleaseRef
from acp_tui.model.rollout import Drifted, LegState, ObjectDrift, RolloutState, ValuesOf
from acp_tui.ui.app import AcpApp
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.screens.base import Acting
from acp_tui.ui.screens.compare import CompareScreen
from acp_tui.ui.screens.history import HistoryScreen
from acp_tui.ui.screens.matrix import MatrixScreen
from acp_tui.ui.screens.rollout import LegScreen, RolloutScreen
from acp_tui.ui.widgets.notice import Notice
from tests.fakes.backend import NOW, FakeBackend
from tests.ui.detail.across import ID, across, leg_plan, pay, row, went
from tests.ui.detail.plans import REGRESSED, operation
from tests.ui.detail.scene import console
from tests.ui.detail.stage import Stage, stage
from tests.ui.test_every_key import SURPRISE, back_to, said, settle
from tests.ui.workers import workers_done

STAGING = ("right", "right")
"""From the cell of prod-east to that of staging."""


def matrix(fake: FakeBackend) -> MatrixScreen:
    return MatrixScreen(pay("prod-east"))


def rollout_of(here: Stage) -> RolloutScreen:
    return cast(RolloutScreen, here.screen)


async def test_a_cell_is_told_in_words_with_what_makes_it_odd() -> None:
    async with stage(matrix, fake=across()) as here:
        assert "✖ 1.9.2 failed" in here.shown
        assert "payments-api · shop · prod-east PROD" in here.shown
        assert "api 1.9.2 · revision 42 failed, 3m ago" in here.shown
        assert "behind: the newest is 1.9.3 (staging)" in here.shown
        assert "values d18cbb52: as in prod-west, edge-7; other than in staging" in here.shown
        assert "drift: not looked" in here.shown


async def test_what_nobody_vouches_for_now_has_its_age_and_what_nobody_knows_is_said_so() -> None:
    async with stage(matrix, fake=across()) as here:
        assert "◌ 1.9.1 41s" in here.shown
        await here.press("right", "right", "right")
        assert "last confirmed 41s ago" in here.shown
        await here.press("right")
        assert "edge-9 does not answer: nobody knows what it runs" in here.shown


async def test_enter_opens_the_history_of_the_cell_and_esc_leads_back() -> None:
    async with stage(matrix, fake=across()) as here:
        await here.press("right", "enter")
        assert cast(HistoryScreen, here.screen).ref == pay("prod-west")
        await here.press("escape")
        assert isinstance(here.screen, MatrixScreen)


async def test_a_cell_that_is_not_there_has_no_history() -> None:
    async with stage(lambda fake: MatrixScreen(row("staging", "cart", "2.5.0").ref), fake=across()) as here:
        await here.press("left")
        assert "missing: prod-west runs other releases of namespace shop" in here.shown
        await here.press("O")
        assert here.said == "Roll out: cart is not in prod-west"


async def test_two_cells_are_compared_values_masked_and_objects_of_both_clusters_matched() -> None:
    async with stage(matrix, fake=across()) as here:
        await here.press("right", "space", "right", "d")
        assert isinstance(here.screen, CompareScreen)
        assert "payments-api · shop · prod-west → staging" in here.shown
        assert "image registry/pay 1.9.1 → 1.9.3" in here.shown or "image 1.9.1 → 1.9.3" in here.shown
        assert "1 more equal (ConfigMap 1)" in here.shown
        assert "-region: prod-west" in here.shown
        assert "secret-of" not in here.shown


async def test_without_a_mark_it_is_compared_with_the_newest() -> None:
    async with stage(matrix, fake=across()) as here:
        await here.press("right", "d")
        assert "payments-api · shop · staging → prod-west" in here.shown


async def test_records_are_read_for_what_is_in_sight_and_once() -> None:
    fake = across()
    bare = [structs.replace(each, values_hash="") for each in fake.fleet.tables["releases"]]
    fake.fleet.tables["releases"] = bare
    async with stage(matrix, fake=fake) as here:
        await here.press("down", "up")
        assert sorted(fake.fleet.read) == sorted(each.ref for each in bare)


async def test_drift_is_looked_at_for_the_cell_and_then_for_its_row() -> None:
    fake = across()
    moved = ObjectDrift("Deployment", "payments-api", ("spec.replicas",))
    gone = ObjectDrift("ConfigMap", "settings", missing=True)
    for cluster, number in (("prod-east", 42), ("prod-west", 41), ("staging", 61), ("edge-7", 7)):
        found = (moved, gone) if cluster == "prod-west" else ()
        fake.rollouts.drifts[pay(cluster)] = Drifted(pay(cluster), number, NOW - 2, 7, found)
    async with stage(matrix, fake=fake) as here:
        await here.press("f")
        assert "drift: none in 7 objects, looked 2s ago" in here.shown
        assert "drift 2" not in here.shown
        await here.press("f", "right")
        assert "▲ 1.9.1 drift 2" in here.shown
        assert "drift: 2 of 7 objects, looked 2s ago: Deployment payments-api spec.replicas; ConfigMap" in here.shown


async def test_at_80_columns_the_name_stands_still_and_the_cursor_moves_the_rest() -> None:
    async with stage(matrix, fake=across(), size=(80, 24)) as here:
        assert "STAGING" in here.shown
        assert "EDGE-7" not in here.shown
        await here.press("right", "right", "right")
        assert "EDGE-7" in here.shown
        assert "PROD-EAST" not in here.shown
        assert "payments-api" in here.shown
        await here.press("left", "left", "left")
        assert "PROD-EAST" in here.shown


@pytest.mark.parametrize("place", [1, 20, 39])
async def test_it_opens_on_the_release_it_was_asked_for_which_is_in_sight(place: int) -> None:
    fake = across()
    places = ("prod-east", "prod-west", "staging", "edge-7")
    fake.fleet.tables["releases"] = [row(each, f"app-{number:02}", "1.0.0") for number in range(40) for each in places]
    ref = ReleaseRef("prod-east", "shop", f"app-{place:02}")
    async with stage(lambda fake: MatrixScreen(ref), fake=fake, size=(80, 24)) as here:
        assert f"{here.app.glyphs.cursor}app-{place:02}" in here.shown
        assert f"app-{place:02} · shop · prod-east" in here.shown


async def test_a_rollout_takes_the_version_where_it_differs_production_last() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O")
        screen = rollout_of(here)
        assert screen.taken == ["edge-7", "prod-east", "prod-west"]
        assert fake.rollouts.wishes[0].source == pay("staging")
        assert fake.rollouts.wishes[0].revision == 61
        assert "Version    api 1.9.3 as in staging revision 61" in here.shown
        assert "roll back to 41" in here.shown
        assert "then type payments-api to begin with edge-7, then 2 more" in here.shown


async def test_order_and_clusters_are_chosen_before_it_begins() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O")
        await here.press("space", "down", ">")
        screen = rollout_of(here)
        assert screen.plan is not None
        assert [leg.release.cluster for leg in screen.plan.rollout.legs] == ["prod-west", "prod-east"]
        assert "left out" in here.shown
        assert len(fake.rollouts.wishes) == 1, "what is planned already is not planned again"


async def test_other_values_are_another_plan() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O", "v")
        assert [wish.values for wish in fake.rollouts.wishes] == [ValuesOf.OWN, ValuesOf.SOURCE]
        assert "those of staging for all" in here.shown


async def test_nothing_begins_without_the_word_and_with_it_all_begin_in_order() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O", "y")
        await here.answer("payments")
        assert here.said == "That is not payments-api: nothing was done"
        assert fake.rollouts.known == {}
        await here.press("y")
        await here.answer("payments-api")
        assert [leg.release.cluster for leg in fake.rollouts.known[ID].legs] == ["edge-7", "prod-east", "prod-west"]


async def test_a_cluster_that_refuses_keeps_it_from_beginning_until_it_is_left_out() -> None:
    fake = across()
    no = Check("quota", "Fits the quota", CheckResult.REFUSE, "2 cores short")
    fake.rollouts.plans["edge-7"] = leg_plan("edge-7", "1.9.1", check=no)
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O")
        assert "Fits the quota: 2 cores short" in here.shown
        await here.press("y")
        assert here.said == "Run: edge-7 refuses: leave it out with space, or mend it"
        await here.press("space", "y")
        await here.answer("payments-api")
        assert ID in fake.rollouts.known


async def test_a_version_that_failed_where_it_comes_from_is_doubted() -> None:
    fake = across()
    doubted = {
        cluster: structs.replace(plan, rollout=structs.replace(plan.rollout, source_status="failed"))
        for cluster, plan in fake.rollouts.plans.items()
    }
    fake.rollouts.plans = doubted
    async with stage(matrix, fake=fake) as here:
        await here.press("O")
        assert "Doubt      revision 42 is failed in prod-east itself" in here.shown


async def test_a_refusal_at_the_start_is_said() -> None:
    fake = across()
    fake.rollouts.refuses = Refused("Rollout is under way in another process")
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O", "y")
        await here.answer("payments-api")
        assert "under way in another process" in here.said


async def began(here: Stage) -> None:
    await here.press(*STAGING, "O", "y")
    await here.answer("payments-api")


async def test_it_follows_each_cluster_and_stops_at_the_first_red() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await began(here)
        known = fake.rollouts.known[ID]
        fake.rollouts.tell(went(known, LegState.HEALTHY, LegState.RUNNING, LegState.WAITING))
        await here.settle()
        assert "● healthy" in here.shown
        assert "▸ running" in here.shown or "running" in here.shown
        await here.press("u")
        assert here.said == "Undo: it still runs"
        await here.press("C")
        assert fake.rollouts.cancelled == [ID]
        fake.rollouts.tell(went(known, LegState.HEALTHY, LegState.RED, LegState.WAITING, over=True))
        await here.settle()
        assert "done: edge-7 · stopped at prod-east · not begun: prod-west" in here.shown
        assert "regressed: ImagePullBackOff in 2 of 3 pods" in here.shown


async def test_the_way_back_is_one_key_and_a_review_of_its_own() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await began(here)
        known = fake.rollouts.known[ID]
        fake.rollouts.tell(went(known, LegState.HEALTHY, LegState.RED, LegState.WAITING, over=True))
        back = leg_plan("prod-east", "1.9.3", revision=42)
        fake.rollouts.undo = structs.replace(back, rollout=structs.replace(back.rollout, id="back", undoes=ID))
        await here.press("u")
        assert "Take back the rollout of payments-api 1.9.3" in here.shown
        await here.press("y")
        await here.answer("payments-api")
        assert fake.rollouts.known["back"].undoes == ID


async def test_what_is_not_done_can_be_gone_on_with() -> None:
    fake = across()
    async with stage(matrix, fake=fake) as here:
        await began(here)
        known = fake.rollouts.known[ID]
        fake.rollouts.tell(went(known, LegState.HEALTHY, LegState.RED, LegState.WAITING, over=True))
        await here.press("n")
        assert [wish.targets for wish in fake.rollouts.wishes][-1] == (pay("prod-east"), pay("prod-west"))
        assert "to begin with prod-east, then 1 more" in here.shown


async def test_a_cluster_opens_its_plan_before_and_its_run_after_it_began() -> None:
    fake = across()
    fake.controller.past.insert(0, structs.replace(operation(), id="leg-0", group=ID))
    async with stage(matrix, fake=fake) as here:
        await here.press(*STAGING, "O", "enter")
        assert isinstance(here.screen, LegScreen)
        await here.press("escape")
        await here.press("y")
        await here.answer("payments-api")
        fake.rollouts.tell(went(fake.rollouts.known[ID], LegState.HEALTHY, LegState.WAITING, LegState.WAITING))
        await here.press("home", "enter")
        assert cast(RunScreen, here.screen).operation_id == "leg-0"


async def test_an_operation_leads_to_the_rollout_it_belongs_to() -> None:
    """Also one that another console began and did not end."""
    fake = across()
    left = structs.replace(leg_plan("prod-west", "1.9.1").rollout, state=RolloutState.INTERRUPTED)
    fake.rollouts.known[ID] = left
    fake.controller.past = [structs.replace(operation(), id="leg-0", group=ID)]
    async with stage(matrix, fake=fake) as here:
        told = "\n".join(notice.text for each in here.app.screen_stack for notice in each.query(Notice))
        assert "was interrupted; not done: prod-west. Activity leads back to it" in told
        await here.press("escape", "7", "O")
        assert "whoever ran it is gone" in here.shown
        await here.press("n")
        assert "to begin with prod-west" in here.shown


@pytest.mark.parametrize("place", ["matrix", "rollout"])
async def test_every_key_does_what_it_says_or_says_why_not(place: str) -> None:
    """Those that tables and texts share are pressed elsewhere."""
    fake = across()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full", keymap="k9s"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(app, pilot)
        start = MatrixScreen(pay("staging"))
        app.push_screen(start)
        await settle(app, pilot)
        if place == "rollout":
            await pilot.press("O")
            await settle(app, pilot)
        screen = cast(Acting[object], app.screen)
        assert screen.place == place
        for action in actions_at(place):
            if action.context in ("table", "scroll", "global"):
                continue
            await pilot.press(app.keymap.keys_of(action.name)[0])
            await settle(app, pilot)
            assert app.is_running, action.name
            assert not SURPRISE.search(said(app)), f"{action.name}: {said(app)}"
            await back_to(screen, app, pilot)


@pytest.mark.parametrize("keys", [("space",), (*STAGING, "O")], ids=["matrix", "rollout"])
async def test_an_ascii_terminal_shows_every_sign(keys: tuple[str, ...]) -> None:
    fake = across()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="ascii"), clock=lambda: NOW, env={})
    async with app.run_test(size=(120, 40)) as pilot:
        await _opened(fake, *keys)(pilot)
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
        assert not [line for line in lines if not line.isascii()]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
def test_the_matrix_in_pictures(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(console(fake := across()), terminal_size=size, run_before=_opened(fake, "right"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", ["planned", "stopped"])
def test_a_rollout_in_pictures(snap_compare: Callable[..., bool], state: str, size: tuple[int, int]) -> None:
    fake = across()
    warned = Check("quota", "Fits the quota", CheckResult.WARN, "91 % of requests.cpu", "It is tight.")
    fake.rollouts.plans["prod-west"] = leg_plan("prod-west", "1.9.1", check=warned)
    if state == "stopped":
        legs = [fake.rollouts.plans[cluster].rollout for cluster in ("edge-7", "prod-east", "prod-west")]
        broken = operation(OperationState.FAILED, outcome=REGRESSED)
        fake.controller.past.insert(0, structs.replace(broken, id="leg-1", group=ID))
        whole = structs.replace(legs[0], legs=tuple(leg for each in legs for leg in each.legs))
        fake.rollouts.tell(went(whole, LegState.HEALTHY, LegState.RED, LegState.WAITING, over=True))
        before = _opened(fake, "down", first=RolloutScreen(id=ID))
    else:
        before = _opened(fake, *STAGING, "O", "down", "down")
    assert snap_compare(console(fake), terminal_size=size, run_before=before)


def _opened(
    fake: FakeBackend, *keys: str, first: Screen[None] | None = None
) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await workers_done(pilot.app)
        pilot.app.push_screen(first or matrix(fake))
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await pilot.pause()
            await workers_done(pilot.app)
            await pilot.pause()

    return before
