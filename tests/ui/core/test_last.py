"""The screen as it was left, under the live one: it stands until there are rows, and keys wait for them."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec import structs

from acp_tui.config.settings import Settings
from acp_tui.model.errors import KubeconfigError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.terminal.lastscreen import LastScreen, Picture
from acp_tui.ui import last
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from acp_tui.ui.last import Standing
from acp_tui.ui.screens.workspace import Workspace
from tests.fakes.backend import NOW, fake_backend
from tests.ui.core.scene import names, notice, opened, pane, press, settle

SIZE = (100, 30)
ROWS = [" acp-tui  Fleet".ljust(100), "╭" + "─" * 98 + "╮", "│ remembered" + " " * 88 + "│", "╰" + "─" * 98 + "╯"]


class OnTheTerminal(LastScreen):
    """A picture that is on the terminal already."""

    def __init__(self, where: str = "") -> None:
        super().__init__(Picture(ROWS, at=NOW - 3 * 3600, where=where))
        self._up = True


def beginning(screen: LastScreen) -> tuple[AcpApp, asyncio.Future[Backend]]:
    answer: asyncio.Future[Backend] = asyncio.Future()
    settings = Settings(theme="dark", glyphs="full")
    return AcpApp(lambda: answer, settings=settings, clock=lambda: NOW, env={}, last=screen), answer


def shown(app: AcpApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until_lifted(app: AcpApp) -> None:
    async with asyncio.timeout(20):
        while app.last.covers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_it_stands_dated_until_there_are_rows() -> None:
    app, answer = beginning(OnTheTerminal())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "remembered" in shown(app)
        assert "3 h ago, connecting…" in shown(app)
        assert "Keys are kept" in shown(app)

        answer.set_result(fake_backend().backend)
        await until_lifted(app)
        await settle(pilot)

        assert not app.screen.query(Standing)
        assert "remembered" not in shown(app)
        assert "prod-east" in shown(app)


async def test_keys_typed_meanwhile_are_typed_then_in_their_order() -> None:
    app, answer = beginning(OnTheTerminal())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "slash", "p", "a", "y", "enter")
        assert pane(app).aim.view == "clusters"

        answer.set_result(fake_backend().backend)
        await until_lifted(app)
        await settle(pilot)

        assert (pane(app).aim.view, pane(app).aim.filter) == ("releases", "pay")


async def test_an_act_is_not_begun_with_such_a_key() -> None:
    app, answer = beginning(OnTheTerminal())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "b")
        answer.set_result(fake_backend().backend)
        await until_lifted(app)
        await settle(pilot)

        assert "typed before anything was live" in notice(app)
        assert app.screen is app.workspace


async def test_one_can_leave_at_once() -> None:
    app, _ = beginning(OnTheTerminal())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")

        assert not app.is_running


async def test_what_cannot_be_opened_is_told_in_its_place() -> None:
    app, answer = beginning(OnTheTerminal())
    async with app.run_test(size=SIZE) as pilot:
        answer.set_exception(KubeconfigError("There is no kubeconfig"))
        await settle(pilot)

        assert "remembered" not in shown(app)
        assert "There is no kubeconfig" in shown(app)


async def test_panes_look_where_they_looked_as_far_as_it_is_there() -> None:
    aims = [
        {"view": "releases", "clusters": ["prod-east", "gone"], "filter": "pay"},
        {"view": "quotas", "clusters": ["gone"]},
    ]
    app, answer = beginning(OnTheTerminal(json.dumps({"aims": aims, "chosen": 1})))
    async with app.run_test(size=SIZE) as pilot:
        answer.set_result(fake_backend().backend)
        await until_lifted(app)
        await settle(pilot)
        first, second = app.workspace.panes

        assert (first.aim.view, first.aim.clusters, first.aim.filter) == ("releases", frozenset({"prod-east"}), "pay")
        assert first.grid.rows.query.text == "pay"
        assert (second.aim.view, second.aim.clusters) == ("quotas", None)
        assert app.workspace.pane is second


@pytest.mark.parametrize("where", ["", "{", '{"aims": []}', '{"aims": [{"view": "nonsense"}]}', '{"aims": 1}'])
async def test_what_is_no_place_is_the_usual_beginning(where: str) -> None:
    app, answer = beginning(OnTheTerminal(where))
    async with app.run_test(size=SIZE) as pilot:
        answer.set_result(fake_backend().backend)
        await until_lifted(app)
        await settle(pilot)

        assert [each.aim.view for each in app.workspace.panes] == ["clusters"]
        assert len(names(app)) == 6


async def test_a_row_that_is_only_remembered_is_not_acted_on() -> None:
    fake = fake_backend()
    rows = fake.fleet.tables["releases"]
    cached = Freshness(Age.CACHED, NOW - 9000, "as it was")
    fake.fleet.tables["releases"] = [structs.replace(row, freshness=cached) for row in rows]
    async with opened(fake) as (app, pilot):
        await press(pilot, "3", "b")
        await settle(pilot)

        assert "remembered" in notice(app)
        assert app.screen is app.workspace


async def test_what_is_kept_quotes_no_record_and_no_age() -> None:
    kept: list[Picture] = []
    fake = fake_backend()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={}, keep=kept.append)
    async with app.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        reasons = [row.reason for row in fake.fleet.tables["clusters"] if row.reason]
        assert any(reason[:12] in shown(app) for reason in reasons)
        await pilot.press("q")

    (picture,) = kept
    text = "\n".join(picture.rows)
    assert picture.at == NOW
    assert "prod-east" in text
    assert "FAIL" in text
    assert not any(reason[:12] in text for reason in reasons)
    assert "live" not in text
    assert {len(row) for row in picture.rows} == {160}
    assert json.loads(picture.where)["aims"][0]["view"] == "clusters"


async def test_leaving_while_a_pane_is_on_its_way_is_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    def half_there(workspace: Workspace) -> list[str]:
        workspace.query_one("#no-such-pane")
        return []

    monkeypatch.setattr(last, "picture_of", half_there)
    kept: list[Picture] = []
    fake = fake_backend()
    settings = Settings(theme="dark", glyphs="full")
    app = AcpApp(fake.open, settings=settings, clock=lambda: NOW, env={}, keep=kept.append)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("q")

    assert (app.is_running, kept) == (False, [])


async def test_nothing_is_kept_before_anything_is_true() -> None:
    kept: list[Picture] = []
    app, _ = beginning(LastScreen())
    app.last._keep = kept.append
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")

    assert kept == []
