"""Fitting text into terminal cells: wide characters stay whole, what is cut shows that it was cut."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size


def width_of(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


@lru_cache(maxsize=8192)
def cut(text: str, width: int, ellipsis: str = "…", *, middle: bool = False) -> str:
    """At most `width` cells of the text; a cut in the middle keeps the prefix and the hash of a name readable."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return text
    if width == 1:
        return ellipsis
    if not middle or width < 8:
        return _head(text, width - 1) + ellipsis
    tail = (width - 1) // 2
    return _head(text, width - 1 - tail) + ellipsis + _tail(text, tail)


@lru_cache(maxsize=8192)
def fit(text: str, width: int, ellipsis: str = "…", *, right: bool = False, middle: bool = False) -> str:
    """Exactly `width` cells of the text, padded on the side it is not aligned to."""
    shown = cut(text, width, ellipsis, middle=middle)
    blank = " " * (width - width_of(shown))
    return blank + shown if right else shown + blank


def _head(text: str, width: int) -> str:
    return text[:width] if text.isascii() else set_cell_size(text, width)


def _tail(text: str, width: int) -> str:
    if text.isascii():
        return text[len(text) - width :]
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += cell_len(text[index])
        if used > width:
            return text[index + 1 :]
    return text
