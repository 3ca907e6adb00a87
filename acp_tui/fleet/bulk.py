"""Keeps Python's cyclic garbage collector out of the way while many lists come in at once."""

from __future__ import annotations

import gc


class BulkLoad:
    """Between `begin` and `end` nothing is collected; what is there at the end is never looked through again.

    Projections hold no cycles, but making so many of them lets the collector run again and again over all that is
    there: a quarter of the time that reading a large fleet takes. A collector that somebody else switched off is left
    alone.
    """

    def __init__(self) -> None:
        self._ours = False

    def begin(self) -> None:
        if gc.isenabled():
            self._ours = True
            gc.disable()

    def end(self) -> None:
        if self._ours:
            self._ours = False
            gc.freeze()
            gc.enable()
