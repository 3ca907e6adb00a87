"""What only the terminal itself knows: how wide it draws our signs, and whether it repeats a character by number."""

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


class Probe:
    """Two questions for the cursor's column, each after drawing in the corner of a screen not yet painted.

    A terminal that does not answer has neither property.
    """

    def __init__(self) -> None:
        self._awaited: list[Finding] = []

    @property
    def open(self) -> bool:
        """Whether an answer may still come."""
        return bool(self._awaited)

    def question(self) -> str:
        """What to send before the first frame; it leaves the first cells of the screen unknown."""
        self._awaited = [Finding.WIDE_SIGNS, Finding.REPEATS]
        return f"\x1b[H{SIGN}\x1b[6n\x1b[H{LINE}\x1b[3b\x1b[6n\x1b[H"

    def answered(self, column: int) -> Finding | None:
        """What the answer to the next open question says; None where no question is open."""
        if not self._awaited:
            return None
        asked = self._awaited.pop(0)
        expected = 3 if asked is Finding.WIDE_SIGNS else 5
        return asked if column == expected else Finding.NOTHING
