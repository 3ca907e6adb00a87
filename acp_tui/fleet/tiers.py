"""Which clusters are watched and which only polled: those somebody looks at, as many as one program should."""

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
TOGETHER, APART_SECONDS = 6, 0.02
"""Clusters that are dialled at once at the start, and between two later ones: a hundred at once would keep the
keyboard waiting."""


class Tiers:
    """Tells sessions how much they matter; `attend` may be called as often as one likes."""

    def __init__(self, sessions: Iterable[Session]) -> None:
        self._sessions = {session.name: session for session in sessions}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._wanted: frozenset[str] | None = frozenset()

    @property
    def watched(self) -> tuple[str, ...]:
        return tuple(name for name, session in self._sessions.items() if session.started and not session.pulse.behind)

    def start(self, names: Sequence[str]) -> None:
        """Dials these; the first few at once, the others one by one behind them, as many as may be watched."""
        for place, name in enumerate(names):
            self._sessions[name].attend(place < WATCHED)
            self._sessions[name].start(after=max(0, place - TOGETHER) * APART_SECONDS)

    def look(self, session: Session) -> None:
        """Dials one more."""
        if not session.started:
            session.attend(len(self.watched) < WATCHED)
            session.start()

    def attend(self, names: frozenset[str] | None) -> None:
        """These are on the screen now, None for all."""
        if names == self._wanted:
            return
        self._wanted = names
        dialled = [name for name, session in self._sessions.items() if session.started]
        shown = [name for name in dialled if names is None or name in names][:WATCHED]
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
