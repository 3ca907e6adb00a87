"""Runs the cells of a group at once, because a cell mostly waits; one that fails is named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def side_by_side(cells: Iterable[T], check: Callable[[T], Awaitable[None]]) -> None:
    """Raises ExceptionGroup with the error of each cell that failed, after all of them ended."""
    asked = tuple(cells)
    ended = await asyncio.gather(*(check(cell) for cell in asked), return_exceptions=True)
    failed: list[Exception] = []
    for cell, error in zip(asked, ended, strict=True):
        if isinstance(error, Exception):
            error.add_note(f"cell: {cell}")
            failed.append(error)
        elif error is not None:
            raise error
    if failed:
        names = "; ".join(note for error in failed for note in error.__notes__[-1:])
        raise ExceptionGroup(f"{len(failed)} of {len(asked)} cells: {names}", failed)
