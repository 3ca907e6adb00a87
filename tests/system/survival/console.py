"""The console as a process that may be killed: begins the acts it is told, each from its review, and shows them.

It is the program's own console over real clusters, on a terminal without a screen. Orders are JSON lines on standard
input: {"begin": INTENT}, {"running": [ID...]}, {"verdict": ID}. Each is answered by one JSON line, an object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec
from textual.pilot import Pilot

from acp_tui.cli.target import Look, Target
from acp_tui.console import console
from acp_tui.model.plan import Intent
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.review.run import RunScreen
from acp_tui.ui.widgets.entry import Entry


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    app = console(Target(), Look())

    async def work(pilot: Pilot[object]) -> None:
        while app.backend is None or not all(each.freshness.confirmed_at for each in app.backend.fleet.clusters()):
            await pilot.pause(0.05)
        hand = Hand(app, app.backend, pilot)
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            ((order, what),) = json.loads(line).items()
            print(json.dumps(await getattr(hand, order)(what)), file=answers)
        app.exit()

    app.run(headless=True, size=(140, 50), auto_pilot=work)


class Hand:
    """Who sits before it."""

    def __init__(self, app: AcpApp, backend: Backend, pilot: Pilot[object]) -> None:
        self._app = app
        self._acts = backend.controller
        self._pilot = pilot

    async def begin(self, intent: Any) -> dict[str, str]:
        """Reviews and confirms; the id of the act, or what the screen said where it did not begin."""
        review = ReviewScreen(msgspec.convert(intent, Intent))
        self._app.push_screen(review)
        await self._until(lambda: review.plan is not None or review.problem is not None)
        if review.plan is not None and review.plan.confirm:
            await self._until(lambda: review.typing)
            review.query_one(Entry).value = review.plan.confirm
            await self._pilot.press("enter")
        else:
            await self._pilot.press("y")
        await self._until(lambda: not review.started or self._app.screen is not review)
        shown = self._app.screen
        return {"id": shown.operation_id} if isinstance(shown, RunScreen) else {"problem": self._text()}

    async def running(self, ids: list[str]) -> dict[str, list[str]]:
        """Once all of these are shown as running."""
        await self._until(lambda: set(ids) <= {each.id for each in self._acts.operations() if not each.state.over})
        return {"running": ids}

    async def verdict(self, id: str) -> dict[str, str]:
        """What the screen of an act says once it is over."""
        shown = RunScreen(id)
        self._app.push_screen(shown)
        await self._until(lambda: shown.operation is not None and shown.operation.state.over)
        await self._pilot.pause()
        return {"text": self._text()}

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self._pilot.pause(0.02)

    def _text(self) -> str:
        return "\n".join(strip.text for strip in self._app.screen._compositor.render_strips())


if __name__ == "__main__":
    main()
