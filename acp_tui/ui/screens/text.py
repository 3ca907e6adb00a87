"""Objects to read: as YAML, described, or what happened to them; several of them one below the other."""

from __future__ import annotations

import asyncio

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.look import Span
from acp_tui.ui.screens.described import description_lines, event_lines
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.widgets.tint import Line, plain, yaml

_TITLES = {"yaml": "YAML", "describe": "Description", "events": "Events"}


class TextScreen(Reading):
    """`what` is "yaml", "describe" or "events"; an object that does not answer is told as such among the others."""

    PLACE = "text"
    SUFFIX = ".yaml"

    def __init__(self, *refs: ObjectRef, what: str = "yaml") -> None:
        super().__init__()
        self.refs = refs
        self.what = what
        self._at = 0.0

    @property
    def wraps(self) -> bool:
        return self.what != "yaml"

    def heading(self) -> tuple[Span, ...]:
        if len(self.refs) > 1:
            return ((f"{_TITLES[self.what]} of ", Tone.DIM), (f"{len(self.refs)} objects", Tone.ACCENT))
        ref = self.refs[0]
        return ((f"{ref.kind} ", Tone.DIM), (ref.name, Tone.ACCENT), (f" · {place(ref)}", Tone.DIM))

    def subject(self) -> str:
        if len(self.refs) > 1:
            return f"{_TITLES[self.what]} · {len(self.refs)} objects"
        return f"{_TITLES[self.what]} · {self.refs[0].kind} {self.refs[0].name}"

    def state(self) -> tuple[Span, ...]:
        return (self.as_of(self._at),) if self._at else ()

    def opened(self) -> None:
        if len(self.refs) > 1:
            self.ask(asyncio.gather(*map(self._read_or_not, self.refs)), self._several)
        else:
            self.ask(self._read(self.refs[0]), self._told)

    async def _read(self, ref: ObjectRef) -> list[str | Line]:
        inspector = self.backend.inspector
        if self.what == "yaml":
            return list((await inspector.yaml(ref)).splitlines())
        description = await inspector.describe(ref)
        now = self.acp.clock()
        if self.what == "events":
            return list(event_lines(description.events, now=now))
        return list(description_lines(description, now=now))

    async def _read_or_not(self, ref: ObjectRef) -> list[str | Line]:
        try:
            return await self._read(ref)
        except AcpTuiError as error:
            return [((f"# {error.title}", Tone.FAIL),)]

    def _told(self, lines: list[str | Line]) -> None:
        self._at = self.acp.clock()
        self.tell(lines, yaml if self.what == "yaml" else plain)

    def _several(self, parts: list[list[str | Line]]) -> None:
        """As one stream of documents, each under a comment that says whose it is."""
        lines: list[str | Line] = []
        for ref, part in zip(self.refs, parts, strict=True):
            lines += ["---"] if lines and self.what == "yaml" else [""] if lines else []
            lines += [((f"# {ref.kind} {ref.name} · {place(ref)}", Tone.ACCENT),), *part]
        self._told(lines)


def place(ref: ObjectRef) -> str:
    """Where an object lives: namespace, where it has one, and cluster."""
    return " · ".join(part for part in (ref.namespace, ref.cluster) if part)
