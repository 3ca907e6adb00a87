"""Which clusters are watched and which only polled: those somebody looks at, as many as one program should.

Opened are clusters whose tree, history or text somebody reads: they come first. On the screen are those of a table.
Everything else is in the background.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from acp_tui.fleet.session import Session
from acp_tui.fleet.watchplan import PLAN

LINGER_SECONDS = 60.0
"""A cluster that left the screen is watched for so much longer: people go back and forth."""
WATCHES = 300
"""Open watches of one program."""
WATCHED = WATCHES // len(PLAN)
"""So many clusters are watched at most; further ones are polled even while they are on the screen."""
OPENED = 4
"""So many clusters are opened at most, the others count as on the screen: a person reads one thing at a time."""
TOGETHER, APART_SECONDS = 6, 0.02
"""Clusters that are dialled at once at the start, and between two later ones: a hundred at once would keep the
keyboard waiting."""


class Tiers:
    """Tells sessions how much they matter; `attend` may be called as often as one likes."""

    def __init__(self, sessions: Iterable[Session]) -> None:
        self._sessions = {session.name: session for session in sessions}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._wanted: frozenset[str] | None = frozenset()
        self._opened: tuple[str, ...] = ()

    @property
    def watched(self) -> tuple[str, ...]:
        return tuple(name for name, session in self._sessions.items() if session.started and not session.pulse.behind)

    def start(self, names: Sequence[str], *, after: float = 0.0) -> None:
        """Dials these after so many seconds, the first few at once and the others one by one behind them."""
        for place, name in enumerate(names):
            self._sessions[name].attend(place < WATCHED)
            self._sessions[name].start(after=after + max(0, place - TOGETHER) * APART_SECONDS)

    def look(self, session: Session) -> None:
        """Dials one more."""
        if not session.started:
            session.attend(len(self.watched) < WATCHED)
            session.start()

    def tier(self, name: str) -> str:
        """`opened`, `screen`, `background`, or `listed` where it is not dialled."""
        session = self._sessions[name]
        if not session.started:
            return "listed"
        if session.pulse.behind:
            return "background"
        return "opened" if name in self._opened else "screen"

    def attend(self, names: frozenset[str] | None, *, opened: Sequence[str] = ()) -> None:
        """These are on the screen now, None for all, and of these somebody reads more than a row."""
        first = tuple(name for name in dict.fromkeys(opened) if name in self._sessions)[:OPENED]
        if (names, first) == (self._wanted, self._opened):
            return
        self._wanted, self._opened = names, first
        dialled = [name for name, session in self._sessions.items() if session.started]
        seen = [name for name in dialled if name not in first and (names is None or name in names)]
        shown = [*(name for name in first if name in dialled), *seen][:WATCHED]
        for name in shown:
            if name in self._leaving:
                self._leaving.pop(name).cancel()
            self._sessions[name].attend(True)
        others = [name for name in self.watched if name not in shown]
        room = WATCHED - len(shown)
        for name in others[:room]:
            if name not in self._leaving:
                loop = asyncio.get_running_loop()
                self._leaving[name] = loop.call_later(LINGER_SECONDS, self._leave, name)
        for name in others[room:]:
            self._leave(name)

    def close(self) -> None:
        for timer in self._leaving.values():
            timer.cancel()
        self._leaving.clear()

    def _leave(self, name: str) -> None:
        timer = self._leaving.pop(name, None)
        if timer is not None:
            timer.cancel()
        self._sessions[name].attend(False)
