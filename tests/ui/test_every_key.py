"""Every key of every screen does what it says or says why not; none is a surprise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from acp_tui.actions import actions_at
from acp_tui.config.settings import Settings
from acp_tui.ui.app import AcpApp
from acp_tui.ui.screens.base import BaseScreen
from acp_tui.ui.widgets.notice import Notice
from tests.fakes.backend import NOW, FakeBackend
from tests.ui.detail.scene import scene
from tests.ui.detail.test_snapshots import SCREENS
from tests.ui.workers import workers_done

LEAVES = {"quit", "editor", "edit_values"}
"""These end the program, or hand the terminal to another."""
SURPRISE = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|Traceback")


async def settle(app: AcpApp, pilot: Pilot[None]) -> None:
    await pilot.pause()
    await workers_done(app)
    await pilot.pause()


def said(app: AcpApp) -> str:
    return "\n".join(notice.text for screen in app.screen_stack for notice in screen.query(Notice))


async def press_all(app: AcpApp, pilot: Pilot[None], fake: FakeBackend, *, name: str) -> int:
    """Each key of the place, and each time back to the screen it was pressed on."""
    start: Screen[Any] = app.screen
    assert isinstance(start, BaseScreen)
    pressed = 0
    for action in actions_at(start.place):
        keys = app.keymap.keys_of(action.name)
        if action.id in LEAVES or not keys:
            continue
        for key in keys[:1]:
            await pilot.press(key)
            await settle(app, pilot)
            pressed += 1
            assert app.is_running, f"{key} ({action.name})"
            assert not SURPRISE.search(said(app)), f"{key} ({action.name}): {said(app)}"
            await back_to(start, app, pilot)
            if app.screen is not start:
                make, _ = SCREENS[name]
                app.push_screen(make(fake))
                await settle(app, pilot)
                assert isinstance(app.screen, BaseScreen)
                start = app.screen
    return pressed


async def back_to(start: Screen[Any], app: AcpApp, pilot: Pilot[None]) -> None:
    while start in app.screen_stack and app.screen is not start:
        app.pop_screen()
        await settle(app, pilot)
    if app.screen is start and isinstance(start, BaseScreen) and start.typing:
        await pilot.press("escape")
        await settle(app, pilot)


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("EDITOR", raising=False)


@pytest.mark.parametrize("name", SCREENS)
async def test_every_key_of_a_detail_screen(name: str) -> None:
    fake = scene()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(app, pilot)
        app.push_screen(SCREENS[name][0](fake))
        await settle(app, pilot)
        assert await press_all(app, pilot, fake, name=name) > 5


@pytest.mark.parametrize("view", ["1", "2", "3", "4", "7"])
async def test_every_key_of_a_view(view: str) -> None:
    fake = scene()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full", keymap="k9s"), clock=lambda: NOW, env={})
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(app, pilot)
        await pilot.press(view)
        workspace = app.screen
        assert isinstance(workspace, BaseScreen)
        for action in actions_at(workspace.place):
            if action.id in LEAVES:
                continue
            for key in app.keymap.keys_of(action.name)[:1]:
                await pilot.press(key)
                await settle(app, pilot)
                assert app.is_running, f"{key} ({action.name})"
                assert not SURPRISE.search(said(app)), f"{key} ({action.name}): {said(app)}"
                await back_to(workspace, app, pilot)
                await pilot.press(view)
