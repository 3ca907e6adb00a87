"""Lines of spans that are too long, folded at words into the lines there is room for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.cells import width_of

INDENT = 2
"""Cells before a line that goes on; as wide as a sign and its space."""


def folded(lines: Sequence[Sequence[Span]], *, width: int, room: int) -> list[list[Span]]:
    """The lines within `room` lines of `width` cells: spare ones go to the first lines that need more than one.

    What does not fit even so stays whole at the end of its last line, where whoever paints it cuts it.
    """
    spare = max(0, room - len(lines))
    out: list[list[Span]] = []
    for line in lines:
        parts = _fold(line, width=max(8, width), most=1 + spare)
        spare -= len(parts) - 1
        out += parts
    return out


def _fold(line: Sequence[Span], *, width: int, most: int) -> list[list[Span]]:
    parts: list[list[Span]] = [[]]
    used = 0
    for text, tone in line:
        for word in _words(text, width - INDENT):
            if used + width_of(word.rstrip()) > width and len(parts) < most:
                parts.append([(" " * INDENT, Tone.DIM)])
                used = INDENT
            parts[-1].append((word, tone))
            used += width_of(word)
    return [_joined(part) for part in parts]


def _words(text: str, most: int) -> Iterator[str]:
    """Words, each with the blanks behind it, so that together they are the text; endless ones in pieces."""
    for word in re.findall(r"\s*\S+\s*|\s+", text):
        piece, used = "", 0
        for character in word:
            cells = width_of(character)
            if used + cells > most and not character.isspace():
                yield piece
                piece, used = "", 0
            piece += character
            used += cells
        yield piece


def _joined(spans: Sequence[Span]) -> list[Span]:
    out: list[Span] = []
    for text, tone in spans:
        if out and out[-1][1] is tone:
            out[-1] = (out[-1][0] + text, tone)
        else:
            out.append((text, tone))
    if out:
        out[-1] = (out[-1][0].rstrip(), out[-1][1])
    return out
