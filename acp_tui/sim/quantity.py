"""Kubernetes quantities as exact numbers, and back to the short text a quota status shows."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "1e-3",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
    "E": "1e18",
}


def parse(text: str | int | float | None) -> Decimal:
    """The value of a quantity; what is no quantity counts as nothing."""
    if text is None:
        return Decimal(0)
    raw = str(text)
    try:
        if raw[-2:] in _BINARY:
            return Decimal(raw[:-2]) * _BINARY[raw[-2:]]
        if raw[-1:] in _DECIMAL:
            return Decimal(raw[:-1]) * Decimal(_DECIMAL[raw[-1:]])
        return Decimal(raw)
    except InvalidOperation:
        return Decimal(0)


def show(value: Decimal, resource: str) -> str:
    """Shortest exact text: binary suffixes for bytes, milli for the rest."""
    if "memory" in resource or "storage" in resource:
        whole = int(value)
        for suffix, size in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if whole and whole % size == 0:
                return f"{whole // size}{suffix}"
        return str(whole)
    if value == value.to_integral_value():
        return str(int(value))
    return f"{int(value * 1000)}m"
