"""The time these tests take is the time the console needs: nobody waits until a processor looks idle."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from textual._context import active_app


async def nothing_to_do(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Let the loop run until only timers and answers are waited for, with what is due to be laid out and painted.

    Textual's own waits in steps of 20 ms and asks how much time of the processor went by; beside other programs that
    is most of what a test takes, and says less.
    """
    loop = cast(Any, asyncio.get_running_loop())
    app = active_app.get(None)
    for _ in range(3):
        while loop._ready:  # noqa: ASYNC110 - it is the loop itself that is waited for
            await asyncio.sleep(0)
        if app is not None and app.screen_stack:
            app.screen._on_timer_update()


@pytest.fixture(autouse=True)
def no_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.pilot.wait_for_idle", nothing_to_do)
    monkeypatch.setattr("textual.app.wait_for_idle", nothing_to_do)
