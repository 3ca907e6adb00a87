"""When nothing that the console began in the background is under way any more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from textual.app import App
from textual.worker import WorkerCancelled


async def workers_done(app: App[Any]) -> None:
    """Wait for all workers; one whose place another took is over as well."""
    while running := [worker for worker in app.workers if not worker.is_finished]:
        with suppress(WorkerCancelled):
            await app.workers.wait_for_complete(running)
