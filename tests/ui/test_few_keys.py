"""From the first screen to the review of rolling back the newest failed release, and back, with few keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from textual.pilot import Pilot

from acp_tui.config.settings import Settings
from acp_tui.controllers.controller import open_controller
from acp_tui.controllers.rollouts.rollouts import open_rollouts
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef
from acp_tui.sim.scenario.fleet import Scenery
from acp_tui.sim.scenario.fleet import fleet as demo_fleet
from acp_tui.sim.serve import serve
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.screens.workspace import Workspace
from tests.fleet.scenery import context
from tests.ui.test_hostile import shown, until

CLUSTERS = ("global", "prod-east", "staging")
MOST = 4


@asynccontextmanager
async def demo(keymap: str) -> AsyncIterator[tuple[AcpApp, Pilot[None]]]:
    specs = [spec for spec in demo_fleet(Scenery(scale=0.2, pace=0.02)) if spec.name in CLUSTERS]
    async with serve(specs) as box:
        fleet = Fleet([context(box[name]) for name in CLUSTERS])

        async def backend() -> Backend:
            fleet.start()
            controller = open_controller(fleet)
            return Backend(
                fleet=fleet,
                inspector=Inspector(fleet),
                controller=controller,
                rollouts=open_rollouts(controller, fleet),
            )

        settings = Settings(theme="dark", glyphs="full", keymap=keymap)
        app = AcpApp(backend, settings=settings, env={}, close_backend=fleet.close)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(app, pilot, "1 failed")
            yield app, pilot


async def planned(app: AcpApp, pilot: Pilot[None]) -> ReviewScreen:
    """The review, once the plan stands in it."""
    await until(app, pilot, "to roll back")
    return cast(ReviewScreen, app.screen)


@pytest.mark.parametrize(("keymap", "keys"), [("default", ("3", "b")), ("k9s", ("3", "r"))])
async def test_the_newest_failed_release_is_few_keys_away_and_esc_leads_back(
    keymap: str, keys: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    async with demo(keymap) as (app, pilot):
        first = shown(app)[0].split("   ")[0]
        assert len(keys) <= MOST
        await pilot.press(keys[0])
        await until(app, pilot, "payments-api")
        await pilot.press(keys[1])
        review = await planned(app, pilot)
        assert review.intent.verb is Verb.ROLLBACK
        assert review.intent.release == ReleaseRef("prod-east", "shop", "payments-api")
        assert review.intent.revision == 41

        for _ in range(len(keys) + 1):
            await pilot.press("escape")
            await pilot.pause()
        assert isinstance(app.screen, Workspace)
        assert app.screen.pane.aim.view == "clusters"
        assert shown(app)[0].split("   ")[0] == first
        assert app.is_running
