"""The logs of a pod: one container at a time, following, of this run or the one before."""

from __future__ import annotations

from collections.abc import AsyncIterator

from textual.worker import Worker

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.look import Span
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.screens.text import place
from acp_tui.ui.widgets.tint import log

TAIL = 1000
"""Lines of the past that are asked for."""
FLUSH_SECONDS = 0.1
"""How often lines that came in are put on the screen: a chatty container must not cost a frame a line."""


class LogsScreen(Reading):
    """Lines are held back for at most a tenth of a second and never more than the view's limit is kept."""

    PLACE = "logs"
    SUFFIX = ".log"

    def __init__(self, ref: ObjectRef, *, previous: bool = False) -> None:
        super().__init__()
        self.ref = ref
        self.previous = previous
        self.containers: tuple[str, ...] = ()
        self.container = ""
        self.timestamps = False
        self._waiting: list[str] = []
        self._stream: Worker[None] | None = None
        self._told = ""

    def heading(self) -> tuple[Span, ...]:
        return (("Pod ", Tone.DIM), (self.ref.name, Tone.ACCENT), (f" · {place(self.ref)}", Tone.DIM))

    def subject(self) -> str:
        which = " (before the last restart)" if self.previous else ""
        many = (
            f" {self.containers.index(self.container) + 1}/{len(self.containers)}" if len(self.containers) > 1 else ""
        )
        return f"Logs · {self.container or self.ref.name}{many}{which}"

    def state(self) -> tuple[Span, ...]:
        follows = ("following · ", Tone.OK) if self.view.follow else ("not following · ", Tone.DIM)
        return ((f"{self._told} · ", Tone.DIM),) if self._told else (follows,)

    def opened(self) -> None:
        self.set_interval(FLUSH_SECONDS, self.flush, name="flush")
        self.ask(self.backend.inspector.containers(self.ref), self._choose)

    def failed(self, error: AcpTuiError) -> None:
        """Lines that were read stay; the error stands below them."""
        self.flush()
        if self._told == "" and not len(self.view.body):
            super().failed(error)
            return
        self.view.append([((error.title, Tone.FAIL),), ((error.advice, Tone.DIM),)])
        self._told = "stopped"
        self.say_state()

    def do_follow(self) -> None:
        self.view.set_follow(not self.view.follow)

    def do_previous(self) -> None:
        self.previous = not self.previous
        self._open()

    def do_container(self) -> None:
        if len(self.containers) < 2:
            self.acp.toast("This pod has one container", tone=Tone.DIM)
            return
        place = self.containers.index(self.container) + 1
        self.container = self.containers[place % len(self.containers)]
        self._open()

    def do_timestamps(self) -> None:
        self.timestamps = not self.timestamps
        self._open()

    def flush(self) -> None:
        """Put the lines that came in on the screen."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self.view.append(lines)
            self.say_state()

    def _choose(self, containers: tuple[str, ...]) -> None:
        self.containers = containers
        self.container = containers[0] if containers else ""
        self._open()

    def _open(self) -> None:
        """Read from the chosen container; what was on the screen was another one's."""
        self._waiting.clear()
        self._told = ""
        self.view.set_title((self.subject(), Tone.PLAIN))
        self.view.show([], tint=log)
        self.view.set_follow(True)
        lines = self.backend.inspector.logs(
            self.ref,
            container=self.container,
            follow=not self.previous,
            previous=self.previous,
            tail=TAIL,
            timestamps=self.timestamps,
        )
        self._stream = self.ask(self._read(lines), self._ended, group="stream")

    async def _read(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            self._waiting.append(line)

    def _ended(self, _: None) -> None:
        self.flush()
        self._told = "ended" if len(self.view.body) else "no lines"
        self.say_state()
