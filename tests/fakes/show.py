"""Opens the console on the fake fleet: `python -m tests.fakes.show`."""

from __future__ import annotations

import asyncio
import os

from acp_tui.config.settings import Settings
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from tests.fakes.backend import NOW, fake_backend


def main() -> None:
    fake = fake_backend()

    async def open_backend() -> Backend:
        await asyncio.sleep(float(os.environ.get("SHOW_DELAY", "0.2")))
        return fake.backend

    settings = Settings(
        theme=os.environ.get("SHOW_THEME", "dark"),
        keymap=os.environ.get("SHOW_KEYMAP", "default"),
        glyphs=os.environ.get("SHOW_GLYPHS", "auto"),
    )
    AcpApp(open_backend, settings=settings, clock=lambda: NOW).run()


if __name__ == "__main__":
    main()
