"""Which colour of a terminal looks most like one wanted: the nearest in CIE Lab, where distance is what eyes see."""

from __future__ import annotations

from enum import IntEnum
from functools import cache, lru_cache
from math import sqrt

Rgb = tuple[int, int, int]
Lab = tuple[float, float, float]

_LEVELS = (0, 95, 135, 175, 215, 255)
_SIXTEEN: tuple[Rgb, ...] = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)),
    *((127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0)),
    *((92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
PALETTE: tuple[Rgb, ...] = (
    *_SIXTEEN,
    *((red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS),
    *((grey, grey, grey) for grey in range(8, 248, 10)),
)
"""xterm's 256 colours: the first 16 are whatever the user's terminal makes them, the rest look alike everywhere."""
_EXACT = {rgb: number for number, rgb in enumerate(PALETTE) if number > 21}
"""Colours that cost half the bytes by their number; base16 themes give 16 to 21 another look, so those are not here."""


class Depth(IntEnum):
    """How many colours the terminal shows."""

    NONE = 0
    SIXTEEN = 16
    EIGHT_BIT = 256
    TRUE = 1 << 24

    @classmethod
    def of(cls, name: str | None) -> Depth:
        """From the word Rich has for it; what it has no word for shows no colours."""
        words = {"truecolor": cls.TRUE, "256": cls.EIGHT_BIT, "standard": cls.SIXTEEN, "windows": cls.SIXTEEN}
        return words.get(name or "", cls.NONE)


def lab_of(rgb: Rgb) -> Lab:
    """CIE L*a*b* of an sRGB colour, under D65."""
    red, green, blue = (_linear(channel / 255) for channel in rgb)
    x = _cube_root((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047)
    y = _cube_root(0.2126729 * red + 0.7151522 * green + 0.0721750 * blue)
    z = _cube_root((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _cube_root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def distance(one: Rgb, other: Rgb) -> float:
    """How different two colours look; 2.3 is just noticeable."""
    return sqrt(_apart(lab_of(one), lab_of(other)))


def _apart(one: Lab, other: Lab) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


@cache
def _entries(first: int, beyond: int) -> tuple[tuple[int, Lab], ...]:
    return tuple((number, lab_of(PALETTE[number])) for number in range(first, beyond))


@lru_cache(maxsize=4096)
def nearest(rgb: Rgb, depth: Depth) -> int:
    """Number of the palette entry, 16 to 255 for 256 colours and 0 to 15 for 16, that looks most like the colour."""
    wanted = lab_of(rgb)
    entries = _entries(0, 16) if depth is Depth.SIXTEEN else _entries(16, 256)
    return min(entries, key=lambda entry: _apart(wanted, entry[1]))[0]


def codes_of(colour: Rgb | int, depth: Depth, *, foreground: bool) -> str:
    """The SGR parameters that select a colour, given as RGB or palette number, on a terminal of that depth."""
    base = 38 if foreground else 48
    if depth is Depth.NONE:
        return ""
    if isinstance(colour, tuple):
        if depth is not Depth.TRUE:
            colour = nearest(colour, depth)
        elif colour not in _EXACT:
            return f"{base};2;{colour[0]};{colour[1]};{colour[2]}"
        else:
            colour = _EXACT[colour]
    elif colour > 15 and depth is Depth.SIXTEEN:
        colour = nearest(PALETTE[colour], depth)
    if colour > 15:
        return f"{base};5;{colour}"
    return str(base - 8 + colour if colour < 8 else base + 44 + colour)
