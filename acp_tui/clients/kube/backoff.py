"""How long to wait after a failure, as client-go's reflector does."""

from __future__ import annotations

from collections.abc import Callable

from acp_tui.model.refs import Clock

FIRST_SECONDS = 0.8
LONGEST_SECONDS = 30.0
HEALTHY_SECONDS = 120.0


class Backoff:
    """Doubles from 0.8 s to 30 s, each drawn between nothing and the whole step (full jitter).

    Two minutes of health start it over; `random` returns a number of [0, 1).
    """

    def __init__(self, *, clock: Clock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._step = FIRST_SECONDS
        self._healthy_since: float | None = None

    def healthy(self) -> None:
        """Something worked; counts from the first success after a failure."""
        if self._healthy_since is None:
            self._healthy_since = self._clock()

    def after_failure(self, *, floor: float = 0.0) -> float:
        """Seconds to wait, at least `floor`."""
        if self._healthy_since is not None and self._clock() - self._healthy_since >= HEALTHY_SECONDS:
            self._step = FIRST_SECONDS
        self._healthy_since = None
        step, self._step = self._step, min(self._step * 2, LONGEST_SECONDS)
        return floor + step * self._random()
