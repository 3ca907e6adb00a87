"""The console on a fleet that stands still, as a program of its own: `python -m tests.terminal.stage`.

SIGUSR1 changes one cell; SIGUSR2 begins to change rows of every pane twice a second, and ends it again; SIGRTMIN does
so with every application five times a second, and ends it again; the signal after it ends the act that runs.
With STAGE_FLEET=town the fleet has two thousand rows in each view.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from itertools import count
from typing import Any

from msgspec import structs

from acp_tui.config.settings import Settings
from acp_tui.model.operation import OperationState
from acp_tui.terminal.driver import ThriftyDriver
from acp_tui.ui.app import AcpApp
from tests.fakes.backend import NOW, FakeBackend
from tests.ui.core.town import town
from tests.ui.detail.scene import scene


class Stage:
    """What moves when a signal says so."""

    def __init__(self, app: AcpApp, fake: FakeBackend) -> None:
        self.app = app
        self.fleet = fake.fleet
        self.controller = fake.controller
        self.counter = count(1)
        self.busy: asyncio.Task[None] | None = None

    def one_cell(self) -> None:
        row = self.fleet.tables["clusters"][0]
        self.fleet.change("clusters", structs.replace(row, nodes=next(self.counter)))

    def end_act(self) -> None:
        controller = self.controller
        act = next(act for act in controller.operations() if not act.state.over)
        controller.tell(structs.replace(act, state=OperationState.SUCCEEDED))

    def everything(self) -> None:
        self._turn(self._restless())

    def flood(self) -> None:
        self._turn(self._flooding())

    def _turn(self, moving: Coroutine[Any, Any, None]) -> None:
        """Let it begin, or end what moves."""
        if self.busy is None:
            self.busy = asyncio.create_task(moving)
        else:
            moving.close()
            self.busy.cancel()
            self.busy = None

    async def _flooding(self) -> None:
        while True:
            words = f"{next(self.counter) * 7919 % 0xFFFFF:05x} " * 12
            rows = self.fleet.tables["applications"]
            said = dict.fromkeys(("reason", "project", "version", "platform_state"), words)
            self.fleet.change("applications", *(structs.replace(row, **said) for row in rows))
            await asyncio.sleep(0.2)

    async def _restless(self) -> None:
        while True:
            number = next(self.counter)
            tables = self.fleet.tables
            clusters = [structs.replace(row, nodes=number + at) for at, row in enumerate(tables["clusters"][:3])]
            releases = [structs.replace(row, revision=number + at) for at, row in enumerate(tables["releases"][:3])]
            self.fleet.change("clusters", *clusters)
            self.fleet.change("releases", *releases)
            await asyncio.sleep(0.5)


def main(driver: type[ThriftyDriver] | None = None) -> None:
    """Runs until `q`."""
    fake = town() if os.environ.get("STAGE_FLEET") == "town" else scene()
    look = os.environ.get("STAGE_GLYPHS", "full"), os.environ.get("STAGE_THEME", "dark")
    settings = Settings(glyphs=look[0], theme=look[1], pacing="STAGE_UNPACED" not in os.environ)
    app = AcpApp(fake.open, settings=settings, clock=lambda: NOW)
    if driver is not None:
        app.driver_class = driver
    stage = Stage(app, fake)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, app.call_later, stage.one_cell)
        loop.add_signal_handler(signal.SIGUSR2, app.call_later, stage.everything)
        loop.add_signal_handler(signal.SIGRTMIN, app.call_later, stage.flood)
        loop.add_signal_handler(signal.SIGRTMIN + 1, app.call_later, stage.end_act)
        await app.run_async()

    asyncio.run(run())
    sys.exit(app.return_code or 0)


if __name__ == "__main__":
    main()
