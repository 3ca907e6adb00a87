"""The smallest program on our driver: it shows which of two keys it heard last. `python -m tests.terminal.listener`."""

from __future__ import annotations

import sys

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from acp_tui.terminal.driver import ThriftyDriver


class Listener(App[None], inherit_bindings=False):
    """Hears every key and shows F12 and Escape."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("listening")

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key in ("f12", "escape"):
            self.query_one(Static).update(f"heard {event.key}")
        elif not isinstance(event, events.InputEvent | events.Paste):
            await super().on_event(event)


if __name__ == "__main__":
    app = Listener(driver_class=ThriftyDriver)
    app.run()
    sys.exit(app.return_code or 0)
