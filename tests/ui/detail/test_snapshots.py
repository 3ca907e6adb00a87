"""Pictures of the detail screens on a small and on a middle terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.model.operation import OperationState
from acp_tui.ui.app import AcpApp
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.screens.compare import CompareScreen
from acp_tui.ui.screens.deploy import DeployScreen
from acp_tui.ui.screens.history import HistoryScreen
from acp_tui.ui.screens.logs import LogsScreen
from acp_tui.ui.screens.revision import RevisionScreen
from acp_tui.ui.screens.text import TextScreen
from acp_tui.ui.screens.tree import TreeScreen
from tests.fakes.backend import FakeBackend
from tests.ui.detail.plans import PAYMENTS, REGRESSED, ROLLBACK, operation, plan
from tests.ui.detail.scene import POD, console, scene
from tests.ui.workers import workers_done

Make = Callable[[FakeBackend], Screen[None]]


def tree(fake: FakeBackend) -> Screen[None]:
    return TreeScreen(next(row for row in fake.fleet.rows("applications") if row.ref.name == "payments-api"))


def refused(fake: FakeBackend) -> Screen[None]:
    fake.controller.plans.append(plan(refused=True))
    return ReviewScreen(ROLLBACK)


def running(fake: FakeBackend) -> Screen[None]:
    fake.controller.past.insert(0, operation())
    return RunScreen("op-7")


def regressed(fake: FakeBackend) -> Screen[None]:
    fake.controller.past.insert(0, operation(OperationState.FAILED, outcome=REGRESSED))
    return RunScreen("op-7")


SCREENS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "tree": (tree, ("down", "down", "down")),
    "history": (lambda fake: HistoryScreen(PAYMENTS), ("space", "down")),
    "revision": (lambda fake: RevisionScreen(PAYMENTS), ()),
    "compare": (lambda fake: CompareScreen(PAYMENTS, older=41, newer=42), ("n",)),
    "description": (lambda fake: TextScreen(POD, what="describe"), ()),
    "logs": (lambda fake: LogsScreen(POD), ("slash", *"request", "enter")),
    "review": (lambda fake: ReviewScreen(ROLLBACK), tuple("pay")),
    "refused": (refused, ()),
    "running": (running, ()),
    "regressed": (regressed, ()),
    "deploy": (lambda fake: DeployScreen(cluster="staging"), ("ctrl+y",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", SCREENS)
def test_screens(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    make, keys = SCREENS[name]
    fake = scene()
    app: AcpApp = console(fake)

    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await workers_done(app)
        app.push_screen(make(fake))
        for pressed in ((), keys):
            await pilot.press(*pressed)
            await pilot.pause()
            await workers_done(app)
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)
