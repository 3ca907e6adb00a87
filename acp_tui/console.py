"""Opens the console: the screen first, the clusters behind it; the one place that knows both ui and cli."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from acp_tui.cli.target import Look, StartingDemo, Target, aim, begin_demo
from acp_tui.fleet.bulk import BulkLoad

if TYPE_CHECKING:
    from acp_tui.config.settings import Settings
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.terminal.lastscreen import LastScreen, Picture
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.backend import Backend

REMEMBERED = 50
ROWS_FIRST_SECONDS = 0.5
"""So long everything else waits for the first rows: what acts, because its import takes as long as they do."""


def open_console(target: Target, look: Look, last: LastScreen) -> None:
    """Runs the console until it is left; ends the program with another code than 0 where it did not end well."""
    from acp_tui.terminal.capabilities import check_terminal

    check_terminal()
    beginning = BulkLoad()
    beginning.begin()
    demo = begin_demo(target)
    try:
        app = console(target, look, last, demo=demo, begun=beginning.end)
        app.run()
    finally:
        if demo is not None:
            demo.abandon()
    if app.return_code:
        raise SystemExit(app.return_code)


def console(
    target: Target,
    look: Look,
    last: LastScreen | None = None,
    *,
    demo: StartingDemo | None = None,
    begun: Callable[[], None] = lambda: None,
) -> AcpApp:
    """The console, ready to run; the clusters are dialled after the first paint.

    `last` is the picture that stands on the terminal, `demo` a simulated fleet that is on its way up meanwhile.
    `begun` is called when the clusters are about to be dialled.
    """
    from acp_tui.config.settings import load_settings
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.panes.words import asked_first

    settings, problems = load_settings(theme=look.theme, keymap=look.keymap, read_only=target.read_only)
    stack = AsyncExitStack()

    async def open_backend() -> Backend:
        import asyncio
        from importlib import import_module

        aiming = asyncio.create_task(aim(target, stack, production=settings.production, demo=demo))
        await asyncio.to_thread(import_module, "acp_tui.fleet.inspect")
        from acp_tui.config.paths import cache_dir
        from acp_tui.fleet.fleet import Fleet
        from acp_tui.fleet.inspect import Inspector
        from acp_tui.fleet.remembered import Remembered
        from acp_tui.fleet.trace import Meter, Trace
        from acp_tui.model.health import Tone
        from acp_tui.ui.backend import Backend, Sight

        aimed = await aiming
        for error in aimed.problems:
            app.toast(str(error), tone=Tone.WARN, stays=True)
        chosen = _chosen_before() if not target.contexts and not target.demo else None
        names = [context.name for context in aimed.contexts]
        at_start = settings.clusters_at_start
        lazy = left_aside(names, current=aimed.current, at_start=at_start, chosen=chosen)
        remembered = None if target.demo else Remembered(cache_dir() / "last-known.json")
        if remembered is not None:
            await asyncio.to_thread(remembered.load)
        fleet = Fleet(aimed.contexts, lazy=lazy, remembered=remembered)
        stack.push_async_callback(fleet.close)
        if chosen is not None:
            stack.callback(_remember, fleet, chosen)
        begun()
        # A table of objects is asked for by whoever shows it; everything else would stand in its way.
        fleet.start(first=app.last.clusters, after=ROWS_FIRST_SECONDS if app.last.shows_objects else 0.0)
        inspector = Inspector(fleet)
        app.look_at(Sight(fleet, inspector))
        await app.rows_are_there(within=ROWS_FIRST_SECONDS)
        await asyncio.to_thread(import_module, "acp_tui.controllers.rollouts.rollouts")
        from acp_tui.controllers.controller import open_controller
        from acp_tui.controllers.rollouts.rollouts import open_rollouts

        meter = Meter(fleet, frames=app.frames)
        if look.trace:
            trace = Trace(meter, Path(look.trace), clock=time.time)
            trace.start()
            stack.push_async_callback(trace.close)
        controller = open_controller(
            fleet,
            engine=settings.helm_engine,
            read_only=settings.read_only,
            deadline_seconds=settings.verdict_seconds,
            policies=target.policies,
        )
        stack.push_async_callback(controller.close)
        controller.attend()
        rollouts = open_rollouts(controller, fleet)
        return Backend(fleet=fleet, inspector=inspector, controller=controller, rollouts=rollouts, meter=meter)

    app = AcpApp(
        open_backend,
        settings=settings,
        problems=problems,
        close_backend=stack.aclose,
        last=last,
        keep=_keeper(target, look, settings),
        asked=asked_first(look.view),
    )
    return app


def _keeper(target: Target, look: Look, settings: Settings) -> Callable[[Picture], None] | None:
    """What keeps the screen for the next start of this kind; where nobody wants that, what was kept goes."""
    from acp_tui.terminal.lastscreen import forget, start_of, write

    if not settings.last_screen or sys.platform == "win32":
        forget(os.environ)
        return None
    start = start_of(
        os.environ, kubeconfig=target.kubeconfig, contexts=target.contexts, demo=target.demo, view=look.view
    )
    return lambda picture: write(picture, start, os.environ)


def left_aside(names: Sequence[str], *, current: str, at_start: int, chosen: Sequence[str] | None) -> frozenset[str]:
    """The contexts that are listed and not dialled until somebody looks: none where there are few, or named ones.

    Of many the current one is dialled and those chosen last, as many as `at_start` allows; `chosen` None means that
    the command line named all of them.
    """
    if chosen is None or len(names) <= at_start:
        return frozenset()
    first = [current or names[0], *(name for name in chosen if name != current)]
    return frozenset(names).difference([name for name in first if name in names][:at_start])


def _memory() -> Path:
    from acp_tui.config.paths import state_dir

    return state_dir() / "clusters.json"


def _chosen_before() -> tuple[str, ...]:
    """Contexts that were dialled when the console was last left; nothing where that is not known."""
    try:
        names = json.loads(_memory().read_bytes())
    except (OSError, ValueError):
        return ()
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def _remember(fleet: Fleet, before: Sequence[str]) -> None:
    """Notes what is dialled, for the next start; a folder that takes no file costs the memory and nothing else."""
    dialled = [name for name in fleet.names if fleet.session(name).started]
    others = [name for name in before if name not in fleet.names]
    path = _memory()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps([*dialled, *others][:REMEMBERED]), encoding="utf-8")
    except OSError:
        return
