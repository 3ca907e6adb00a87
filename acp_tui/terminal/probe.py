"""What only the terminal itself knows: how wide it draws our signs, and which of the rarer short ways it takes."""

from __future__ import annotations

from enum import Enum

SIGN = "●"
"""A sign of ambiguous width: one cell, or two where the terminal is set up for Chinese, Japanese or Korean."""
LINE = "─"


class Finding(Enum):
    """What an answer says."""

    NOTHING = "nothing"
    WIDE_SIGNS = "signs take two cells"
    REPEATS = "a character can be repeated by number"
    STOPS = "tabulator stops can be set and cleared"


_QUESTIONS = {
    Finding.WIDE_SIGNS: (f"{SIGN}\x1b[6n", 3),
    Finding.REPEATS: (f"{LINE}\x1b[3b\x1b[6n", 5),
    # Two stops are set and the first is cleared, so that the tabulator halts at the second; which is cleared as well.
    Finding.STOPS: ("\x1b[4G\x1bH\x1b[6G\x1bH\x1b[4G\x1b[g\r\t\x1b[6n\x1b[6G\x1b[g", 6),
}
"""What is drawn in the first line, and the column in which the cursor is then where the finding holds."""


class Probe:
    """Questions for the cursor's column, each after drawing in the corner of a screen not yet painted.

    A terminal that does not answer has none of the properties.
    """

    def __init__(self) -> None:
        self._awaited: list[Finding] = []

    @property
    def open(self) -> bool:
        """Whether an answer may still come."""
        return bool(self._awaited)

    def question(self, *, stops: bool = True) -> str:
        """What to send before the first frame; it leaves the first cells of the screen unknown."""
        self._awaited = [each for each in _QUESTIONS if stops or each is not Finding.STOPS]
        return "".join(f"\x1b[H{_QUESTIONS[each][0]}" for each in self._awaited) + "\x1b[H"

    def answered(self, column: int) -> Finding | None:
        """What the answer to the next open question says; None where no question is open."""
        if not self._awaited:
            return None
        asked = self._awaited.pop(0)
        return asked if column == _QUESTIONS[asked][1] else Finding.NOTHING
