"""The screen of a terminal emulator as an SVG: every piece of text where its cell is, frames and bars as shapes.

Fonts disagree about the width and the height of a cell, and about frames most of all; shapes do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

import pyte

WIDTH, HEIGHT = 9, 19
"""A cell."""
SIZE = 15
"""Of the letters."""
MARGIN, TITLE = 14, 34
GROUND, INK = "#121212", "#d0d0d0"
"""Where the terminal's own colours are used."""
NAMED = {
    "black": "#000000", "red": "#cd3131", "green": "#0dbc79", "brown": "#e5e510", "blue": "#2472c8",
    "magenta": "#bc3fbc", "cyan": "#11a8cd", "white": "#e5e5e5",
    "brightblack": "#666666", "brightred": "#f14c4c", "brightgreen": "#23d18b",
    "brightbrown": "#f5f543", "brightblue": "#3b8eea", "brightmagenta": "#d670d6", "brightcyan": "#29b8db",
    "brightwhite": "#ffffff",
}  # fmt: skip
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace"
_MIDDLE, _CENTRE = WIDTH / 2, HEIGHT / 2
LINES = {
    "│": f"M{_MIDDLE} 0V{HEIGHT}",
    "─": f"M0 {_CENTRE}H{WIDTH}",
    "╭": f"M{_MIDDLE} {HEIGHT}V{_CENTRE + 4}Q{_MIDDLE} {_CENTRE} {WIDTH} {_CENTRE}",
    "╮": f"M0 {_CENTRE}Q{_MIDDLE} {_CENTRE} {_MIDDLE} {_CENTRE + 4}V{HEIGHT}",
    "╰": f"M{_MIDDLE} 0V{_CENTRE - 4}Q{_MIDDLE} {_CENTRE} {WIDTH} {_CENTRE}",
    "╯": f"M0 {_CENTRE}Q{_MIDDLE} {_CENTRE} {_MIDDLE} {_CENTRE - 4}V0",
    "├": f"M{_MIDDLE} 0V{HEIGHT}M{_MIDDLE} {_CENTRE}H{WIDTH}",
    "└": f"M{_MIDDLE} 0V{_CENTRE}H{WIDTH}",
    "┤": f"M{_MIDDLE} 0V{HEIGHT}M0 {_CENTRE}H{_MIDDLE}",
}
BLOCKS = {
    "┃": (_MIDDLE - 1.5, 0, 3, HEIGHT),
    "▌": (0, 0, _MIDDLE, HEIGHT),
    "█": (0, 0, WIDTH, HEIGHT),
    "▇": (0, HEIGHT / 8, WIDTH, HEIGHT * 7 / 8),
    "▁": (0, HEIGHT * 7 / 8, WIDTH, HEIGHT / 8),
}
Cell = tuple[int, str, str, str, bool, bool]
"""Column, text, colours of text and ground, bold, underlined."""


def svg_of(screen: pyte.Screen, *, title: str) -> str:
    """The whole screen, in a window with that title."""
    width = screen.columns * WIDTH + 2 * MARGIN
    height = screen.lines * HEIGHT + MARGIN + TITLE
    dots = "".join(
        f'<circle cx="{18 + 18 * place}" cy="{TITLE / 2}" r="5.5" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    rows = (shape for y in range(screen.lines) for shape in _row(screen, y))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="{FONT}"'
            f' font-size="{SIZE}">',
            f'<rect width="{width}" height="{height}" rx="9" fill="{GROUND}"/>',
            dots,
            f'<text x="{width / 2}" y="{TITLE / 2 + 5}" text-anchor="middle" fill="#8a8a8a">{escape(title)}</text>',
            f'<g transform="translate({MARGIN} {TITLE})" xml:space="preserve">',
            *rows,
            "</g>",
            "</svg>\n",
        )
    )


def _row(screen: pyte.Screen, y: int) -> Iterator[str]:
    cells = [_cell(x, screen.buffer[y][x]) for x in range(screen.columns)]
    top = y * HEIGHT
    for ground, run in groupby(cells, key=lambda cell: cell[3]):
        shaded = list(run)
        if ground != GROUND:
            left, count = shaded[0][0], len(shaded)
            yield f'<rect x="{left * WIDTH}" y="{top}" width="{count * WIDTH}" height="{HEIGHT}" fill="{ground}"/>'
    for _, run in groupby(cells, key=_kind):
        yield from _drawn(list(run), top)


def _kind(cell: Cell) -> object:
    """Cells drawn in one go: text of one style, or one frame sign again and again."""
    _, text, ink, _, bold, underlined = cell
    if text in LINES or text in BLOCKS:
        return text, ink
    # A wide character stands alone, with the empty cell after it.
    return (ink, bold, underlined) if text.isascii() and text else (cell[0], ink)


def _drawn(cells: list[Cell], top: int) -> Iterator[str]:
    x, first, ink, _, bold, underlined = cells[0]
    text = "".join(cell[1] for cell in cells)
    if first in LINES:
        moves = LINES[first] if first != "─" else f"M0 {_CENTRE}H{WIDTH * len(cells)}"
        places = [x] if first == "─" else [cell[0] for cell in cells]
        for column in places:
            yield f'<path d="{moves}" transform="translate({column * WIDTH} {top})" stroke="{ink}" fill="none"/>'
        return
    if first in BLOCKS:
        left, upper, width, height = BLOCKS[first]
        for cell in cells:
            at = f'x="{cell[0] * WIDTH + left}" y="{top + upper}"'
            yield f'<rect {at} width="{width}" height="{height}" fill="{ink}"/>'
        return
    words = text.strip(" ")
    if not words:
        return
    start = x + len(text) - len(text.lstrip(" "))
    length = f' textLength="{len(words) * WIDTH}" lengthAdjust="spacingAndGlyphs"' if words.isascii() else ""
    style = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if underlined else "")
    place = f'x="{start * WIDTH}" y="{top + HEIGHT - 5}"'
    yield f'<text {place} fill="{ink}"{length}{style}>{escape(words)}</text>'


def _cell(x: int, cell: pyte.screens.Char) -> Cell:
    ink, ground = _colour(cell.fg, INK), _colour(cell.bg, GROUND)
    if cell.reverse:
        ink, ground = ground, ink
    return x, cell.data, ink, ground, cell.bold, cell.underscore


def _colour(name: str, otherwise: str) -> str:
    if name == "default":
        return otherwise
    return NAMED.get(name) or f"#{name}"
