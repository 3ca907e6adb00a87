"""Quantities as an API server counts and writes them: nothing for what is none, canonical text for a status."""

from __future__ import annotations

from fractions import Fraction

from acp_tui.model import quantity

_BINARY = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def parse(text: str | int | float | None) -> Fraction:
    """The value of a quantity; what is no quantity counts as nothing."""
    return quantity.parse(text) or Fraction(0)


def show(value: Fraction, resource: str) -> str:
    """Shortest exact text: binary suffixes for bytes, milli for the rest."""
    if quantity.measured_in_bytes(resource):
        whole = int(value)
        return next((f"{whole // size}{suffix}" for suffix, size in _BINARY if whole and whole % size == 0), str(whole))
    return str(value.numerator) if value.denominator == 1 else f"{int(value * 1000)}m"
