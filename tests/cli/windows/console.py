"""Rolls the failed release back in a console without a terminal; prints what a person is told on the way."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from acp_tui.cli.target import Look, Target
from acp_tui.console import console
from acp_tui.ui.app import AcpApp

SECONDS = 60.0


def shown(app: AcpApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def tell(app: AcpApp, pilot: Pilot[None], words: str) -> None:
    """Waits for the words and prints the line they stand in."""
    try:
        async with asyncio.timeout(SECONDS):
            while not (found := [line for line in shown(app) if words in line]):
                await pilot.pause(0.05)
    except TimeoutError:
        raise SystemExit("\n".join((f"never said: {words}", *shown(app)))) from None
    print(found[0].strip(" │╭╮╰╯─"))


async def main() -> None:
    app = console(Target(), Look())
    async with app.run_test(size=(150, 60)) as pilot:
        await tell(app, pilot, "prod-east")
        await pilot.press("3")
        await tell(app, pilot, "payments-api")
        # Whatever came first holds the cursor; the filter leaves the one that is meant.
        await pilot.press("slash", *"payments-api", "space", *"prod-east", "enter")
        await pilot.press("b")
        await tell(app, pilot, "This act ends with this program")
        await pilot.press(*"payments-api", "enter")
        await tell(app, pilot, "Look again before acting")
        await pilot.press("q")
        await tell(app, pilot, "Press again to leave")
        await tell(app, pilot, "Rolled back payments-api to 41 as revision 43")
        await pilot.press("ctrl+z")
        await tell(app, pilot, "no shell to go back to")


asyncio.run(main())
