"""Opens the console: the screen first, the clusters behind it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from acp_tui.cli.target import Target, contexts_of

if TYPE_CHECKING:
    from acp_tui.ui.backend import Backend


class Look(Struct, frozen=True):
    """What the command line says over the settings file; empty means what the file says."""

    theme: str = ""
    keymap: str = ""
    read_only: bool = False


def open_console(target: Target, look: Look) -> None:
    """Runs the console until it is left; the clusters are dialled after the first paint."""
    from acp_tui.config.settings import load_settings
    from acp_tui.ui.app import AcpApp

    settings, problems = load_settings(theme=look.theme, keymap=look.keymap, read_only=look.read_only)
    stack = AsyncExitStack()

    async def open_backend() -> Backend:
        import asyncio
        from importlib import import_module

        for module in ("acp_tui.fleet.fleet", "acp_tui.fleet.inspect", "acp_tui.controllers.controller"):
            await asyncio.to_thread(import_module, module)
        from acp_tui.controllers.controller import open_controller
        from acp_tui.fleet.fleet import Fleet
        from acp_tui.fleet.inspect import Inspector
        from acp_tui.ui.backend import Backend

        contexts, lazy = await contexts_of(target, stack)
        fleet = Fleet(contexts, lazy=lazy)
        stack.push_async_callback(fleet.close)
        fleet.start()
        return Backend(
            fleet=fleet,
            inspector=Inspector(fleet),
            controller=open_controller(fleet, engine=settings.helm_engine, read_only=settings.read_only),
        )

    AcpApp(open_backend, settings=settings, problems=problems, close_backend=stack.aclose).run()
