"""What a cell is drawn with, read from SGR sequences, and the shortest sequence from one pen to the next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from acp_tui.terminal.colours import Depth, codes_of

_BIT_OF = {code: 1 << index for index, code in enumerate((1, 2, 3, 4, 21, 5, 6, 7, 8, 9, 51, 52, 53))}
"""SGR code of an attribute to its bit: bold, dim, italic, underlines, blinks, reverse, conceal, strike, frames."""
_OFF = {
    22: _BIT_OF[1] | _BIT_OF[2],
    23: _BIT_OF[3],
    24: _BIT_OF[4] | _BIT_OF[21],
    25: _BIT_OF[5] | _BIT_OF[6],
    27: _BIT_OF[7],
    28: _BIT_OF[8],
    29: _BIT_OF[9],
    54: _BIT_OF[51] | _BIT_OF[52],
    55: _BIT_OF[53],
}
_ON_A_BLANK = sum(_BIT_OF[code] for code in (4, 21, 5, 6, 7, 9, 51, 52, 53))
"""Attributes that show on a space too."""
_SHADES = _BIT_OF[1] | _BIT_OF[2]
"""Bold and dim change the colour of a letter, so also that of a line or of a reversed space."""
_EXTENDED = {38: True, 48: False}


class Pen(NamedTuple):
    """Attributes as bits, colours as SGR parameters of the terminal's own depth, empty for its default colours."""

    attributes: int = 0
    foreground: str = ""
    background: str = ""
    link: str = ""

    @property
    def codes(self) -> str:
        """SGR parameters that lead here from the default pen."""
        parts = [str(code) for code, bit in _BIT_OF.items() if self.attributes & bit]
        return ";".join(part for part in (*parts, self.foreground, self.background) if part)


DEFAULT = Pen()


@lru_cache(maxsize=4096)
def blank(pen: Pen) -> Pen:
    """The simplest pen that paints the same space: a space shows no letter, so most of a pen does not matter to it."""
    if not pen.attributes & _ON_A_BLANK:
        return Pen(0, "", pen.background, pen.link)
    return Pen(pen.attributes & (_ON_A_BLANK | _SHADES), pen.foreground, pen.background, pen.link)


@lru_cache(maxsize=8192)
def applied(pen: Pen, codes: str, depth: Depth) -> Pen:
    """The pen after an SGR sequence with these parameters; parameters nobody knows change nothing."""
    attributes, foreground, background = pen.attributes, pen.foreground, pen.background
    numbers = iter([int(part) if part.isdecimal() else 0 for part in codes.replace(":", ";").split(";")])
    for code in numbers:
        if code == 0:
            attributes, foreground, background = 0, "", ""
        elif code in _BIT_OF:
            attributes |= _BIT_OF[code]
        elif code in _OFF:
            attributes &= ~_OFF[code]
        elif code in _EXTENDED:
            chosen = _extended(numbers, depth, foreground=_EXTENDED[code])
            if _EXTENDED[code]:
                foreground = chosen
            else:
                background = chosen
        elif 30 <= code <= 37 or 90 <= code <= 97:
            foreground = codes_of(code - 30 if code < 40 else code - 82, depth, foreground=True)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            background = codes_of(code - 40 if code < 50 else code - 92, depth, foreground=False)
        elif code == 39:
            foreground = ""
        elif code == 49:
            background = ""
    return Pen(attributes, foreground, background, pen.link)


@lru_cache(maxsize=4096)
def begun(codes: str, depth: Depth) -> Pen:
    """The pen after an SGR sequence that follows a reset."""
    return applied(DEFAULT, codes, depth)


def _extended(numbers: Iterator[int], depth: Depth, *, foreground: bool) -> str:
    kind = next(numbers, 0)
    if kind == 5:
        return codes_of(min(255, next(numbers, 0)), depth, foreground=foreground)
    if kind != 2:
        return ""
    red, green, blue = (min(255, next(numbers, 0)) for _ in range(3))
    return codes_of((red, green, blue), depth, foreground=foreground)


@lru_cache(maxsize=8192)
def between(old: Pen, new: Pen) -> str:
    """The shortest sequence after which the terminal draws with `new` where it drew with `old`."""
    link = f"\x1b]8;{new.link or ';'}\x1b\\" if new.link != old.link else ""
    if old[:3] == new[:3]:
        return link
    steps: list[str] = []
    left = old.attributes
    for code, bits in _OFF.items():
        if left & ~new.attributes & bits:
            steps.append(str(code))
            left &= ~bits
    steps += [str(code) for code, bit in _BIT_OF.items() if new.attributes & ~left & bit]
    if old.foreground != new.foreground:
        steps.append(new.foreground or "39")
    if old.background != new.background:
        steps.append(new.background or "49")
    afresh = f"0;{new.codes}" if new.codes else ""
    return f"{link}\x1b[{min(afresh, ';'.join(steps), key=len)}m"
