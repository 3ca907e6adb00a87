"""How much may be under way to the terminal: now and then it is asked how far it has come.

A writable descriptor says nothing about a slow line: sshd takes megabytes that the line behind it carries for minutes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from math import inf

QUESTION = b"\x1b[5n"
"""Whether the terminal is well, which it answers when it has drawn everything before; its answer is no key."""
ASK_FROM = 1024
"""Bytes after which it is asked: a changed cell or a moved cursor is not worth a question."""
WIDEST, NARROWEST = 65536, 2048
"""Bytes that may be under way, at most and at least."""
LAG_SECONDS = 0.1
"""How long what is under way may delay what comes next, beyond the time of the line itself."""
NOTICED_SECONDS = 0.03
"""A delay below this says nothing about the line: programs and terminals have their own."""
SILENCE_SECONDS = 2.0
"""After so long a question counts as answered; after some in a row nothing is asked any more."""
SILENCES = 3


class Pace:
    """Counts what is under way; `answered` may be called from the thread that reads, everything else by who writes.

    The shortest time that an answer ever took is that of the line itself, any time beyond is spent in a queue; so on
    a line that becomes longer only a few frames are under way at a time.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._on = False
        self._sent = 0
        self._asked = 0
        self._arrived = 0
        self._under_way: deque[tuple[int, int, float]] = deque()
        self._line_seconds = inf
        self._silences = 0
        self.window = WIDEST

    def begin(self, line_seconds: float) -> None:
        """The terminal answers questions; so long it took for one with nothing before it."""
        self._on = True
        self._line_seconds = min(self._line_seconds, max(0.0, line_seconds))

    def add(self, data: bytes) -> bytes:
        """What to send for this frame: itself, followed by a question where one is due."""
        self._sent += len(data)
        if not self._on or self._sent - self._asked < ASK_FROM:
            return data
        self._asked = self._sent
        self._under_way.append((self._sent, self._sent - self._arrived, self._clock()))
        return data + QUESTION

    def answered(self) -> None:
        """The terminal has come as far as the oldest open question; one that nobody knows of is an old one."""
        now = self._clock()
        self._silences = 0
        try:
            arrived, ahead, asked_at = self._under_way.popleft()
        except IndexError:
            self._on = True
            return
        self._arrived = max(self._arrived, arrived)
        took = now - asked_at
        self._line_seconds = min(took, self._line_seconds)
        waited = took - self._line_seconds
        if waited > NOTICED_SECONDS:
            rate = ahead / waited
            self.window = int(min(WIDEST, max(NARROWEST, rate * (LAG_SECONDS + self._line_seconds))))
        else:
            self.window = min(WIDEST, 2 * self.window)

    @property
    def free(self) -> bool:
        """Whether a frame may follow now; otherwise an answer should be waited for, as long as there is `patience`."""
        if self._full and not self.patience:
            self._give_up()
        return not self._full

    @property
    def _full(self) -> bool:
        return self._on and self._sent - self._arrived >= self.window

    @property
    def patience(self) -> float:
        """Seconds for which the oldest open question may stay unanswered; 0 where there is none, or it is too old."""
        try:
            asked_at = self._under_way[0][2]
        except IndexError:
            return 0.0
        return max(0.0, asked_at + SILENCE_SECONDS - self._clock())

    @property
    def awaits(self) -> bool:
        """Whether an answer may still come."""
        return bool(self.patience)

    def _give_up(self) -> None:
        self._under_way.clear()
        self._arrived = self._asked = self._sent
        self._silences += 1
        if self._silences >= SILENCES:
            self._on = False
