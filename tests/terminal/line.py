"""A line with a terminal at its end, in time that is reckoned and not waited for."""

from __future__ import annotations

from collections import deque

from acp_tui.terminal.pace import QUESTION, Pace


class Line:
    """Carries `rate` bytes a second and takes `delay` seconds for each way; what does not fit waits in front of it."""

    def __init__(self, *, rate: float, delay: float, asks: bool = True) -> None:
        self.rate = rate
        self.now = 0.0
        self.carried_at = 0.0
        self._delay = delay
        self._answers: deque[float] = deque()
        self.pace = Pace(clock=lambda: self.now)
        if asks:
            self.pace.begin(2 * delay)

    @property
    def lag(self) -> float:
        """Seconds until what is sent now begins to be drawn, beyond the delay of the line."""
        return max(0.0, self.carried_at - self.now)

    def send(self, frame: bytes) -> None:
        data = self.pace.add(frame)
        self.carried_at = max(self.carried_at, self.now) + len(data) / self.rate
        if data.endswith(QUESTION):
            self._answers.append(self.carried_at + 2 * self._delay)

    def until(self, seconds: float) -> None:
        """Let time pass, from where the line was begun or from now if that is later; answers arrive."""
        end = max(self.now, seconds)
        while self._answers and self._answers[0] <= end:
            self.now = max(self.now, self._answers.popleft())
            self.pace.answered()
        self.now = end
