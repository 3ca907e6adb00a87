"""Every detail screen on a terminal that shows ASCII alone."""

from __future__ import annotations

import pytest

from acp_tui.config.settings import Settings
from acp_tui.ui.app import AcpApp
from tests.fakes.backend import NOW
from tests.ui.detail.scene import scene
from tests.ui.detail.test_snapshots import SCREENS
from tests.ui.workers import workers_done


@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_has_no_sign_the_terminal_cannot_show(name: str) -> None:
    make, keys = SCREENS[name]
    fake = scene()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="ascii"), clock=lambda: NOW, env={})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await workers_done(app)
        app.push_screen(make(fake))
        for pressed in ((), keys):
            await pilot.press(*pressed)
            await pilot.pause()
            await workers_done(app)
            await pilot.pause()
        shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    assert not [line for line in shown.splitlines() if not line.isascii()]
