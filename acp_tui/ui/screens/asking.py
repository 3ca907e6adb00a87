"""A screen that asks the cluster something: never on the event loop's time, and never in the way of leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.worker import Worker, WorkerState

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.screens.base import BaseScreen

A = TypeVar("A")


class Asking(BaseScreen):
    """What `ask` is given runs as a task of this screen and ends with it; the newest question of a group wins."""

    def opened(self) -> None:
        """The screen stands and it is time to ask; a hook, because mount handlers run for each class of a screen."""

    def ask(self, question: Awaitable[A], then: Callable[[A], None], *, group: str = "ask") -> Worker[None]:
        """Await the answer and hand it to `then`; an AcpTuiError goes to `failed`."""

        async def run() -> None:
            try:
                answer = await question
            except AcpTuiError as error:
                self.failed(error)
                return
            then(answer)

        return self.run_worker(run(), group=group, exclusive=True, exit_on_error=False)

    def failed(self, error: AcpTuiError) -> None:
        """What is said when there is no answer."""
        self.acp.show_error(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What nobody foresaw is said and does not end the program."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.acp.show_error(event.worker.error, doing=type(self).__name__.removesuffix("Screen"))


def error_lines(error: AcpTuiError) -> list[tuple[Span, ...]]:
    """An error as lines: what happened, what was tried, what to do next."""
    lines: list[tuple[Span, ...]] = [((error.title, Tone.FAIL),)]
    if error.tried:
        lines.append(((error.tried, Tone.DIM),))
    if error.advice:
        lines += [(), ((error.advice, Tone.PLAIN),)]
    return lines
