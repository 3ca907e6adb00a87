"""One object to read: as YAML, described, or what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.model.health import Tone
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.look import Span
from acp_tui.ui.screens.described import description_lines, event_lines
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.widgets.tint import plain, yaml

if TYPE_CHECKING:
    from acp_tui.fleet.describe import Description

_TITLES = {"yaml": "YAML", "describe": "Description", "events": "Events"}


class TextScreen(Reading):
    """`what` is "yaml", "describe" or "events"."""

    PLACE = "text"
    SUFFIX = ".yaml"

    def __init__(self, ref: ObjectRef, *, what: str = "yaml") -> None:
        super().__init__()
        self.ref = ref
        self.what = what
        self._at = 0.0

    @property
    def wraps(self) -> bool:
        return self.what != "yaml"

    def heading(self) -> tuple[Span, ...]:
        ref = self.ref
        return ((f"{ref.kind} ", Tone.DIM), (ref.name, Tone.ACCENT), (f" · {place(ref)}", Tone.DIM))

    def subject(self) -> str:
        return f"{_TITLES[self.what]} · {self.ref.kind} {self.ref.name}"

    def state(self) -> tuple[Span, ...]:
        return (self.as_of(self._at),) if self._at else ()

    def opened(self) -> None:
        if self.what == "yaml":
            self.ask(self.backend.inspector.yaml(self.ref), self._yaml)
        else:
            self.ask(self.backend.inspector.describe(self.ref), self._described)

    def _yaml(self, text: str) -> None:
        self._at = self.acp.clock()
        self.tell(text.splitlines(), yaml)

    def _described(self, description: Description) -> None:
        self._at = now = self.acp.clock()
        if self.what == "events":
            self.tell(event_lines(description.events, now=now), plain)
        else:
            self.tell(description_lines(description, now=now), plain)


def place(ref: ObjectRef) -> str:
    """Where an object lives: namespace, where it has one, and cluster."""
    return " · ".join(part for part in (ref.namespace, ref.cluster) if part)
