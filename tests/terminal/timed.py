"""The stage on a driver that says for each key how much work it was: `python -m tests.terminal.timed FILE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO

from acp_tui.terminal.driver import ThriftyDriver
from tests.terminal.stage import main


class TimedDriver(ThriftyDriver):
    """Writes a line for each input that changed the screen: seconds of processor until drawn, and until sent."""

    times: IO[str]
    _read_at = 0.0
    _drawn_at = 0.0

    def _read(self) -> bytes:
        data = super()._read()
        self._read_at, self._drawn_at = time.process_time(), 0.0
        return data

    def write(self, data: str) -> None:
        super().write(data)
        self._drawn_at = self._drawn_at or time.process_time()

    def _send(self) -> None:
        before = self.bytes_sent
        super()._send()
        if self._read_at and self._drawn_at and self.bytes_sent > before:
            print(self._drawn_at - self._read_at, time.process_time() - self._read_at, file=self.times, flush=True)
            self._read_at = 0.0


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w", encoding="utf-8") as TimedDriver.times:
        main(driver=TimedDriver)
