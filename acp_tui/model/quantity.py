"""Kubernetes quantities as exact numbers, and as the short text a person reads."""

from __future__ import annotations

import re
from fractions import Fraction

_SUFFIX = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_QUANTITY = re.compile(
    r"([+-]?)(\d{1,64}\.?\d{0,64}|\.\d{1,64})(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)\Z", re.ASCII
)
_BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")
_BYTES = ("memory", "storage")


def parse(value: str | int | float | None) -> Fraction | None:
    """The exact value of a quantity, None for what is not one; `1E` is exa, `1E3` and `1e3` a thousand.

    Source of the grammar: apimachinery pkg/api/resource/quantity.go.
    """
    if value is None or isinstance(value, bool):
        return None
    match = _QUANTITY.match(str(value).strip())
    if match is None:
        return None
    sign, digits, exponent, suffix = match.groups()
    number = Fraction(digits.rstrip(".") if digits.endswith(".") else digits)
    if exponent is not None:
        number *= Fraction(10) ** int(exponent)
    else:
        number *= _SUFFIX[suffix or ""]
    return -number if sign == "-" else number


def show(resource: str, value: Fraction) -> str:
    """At most four significant places: cores as `1.5` or `250m`, bytes as `12.5Gi`, everything else as a number."""
    if measured_in_bytes(resource):
        return _show_bytes(value)
    if value != 0 and abs(value) < 1:
        return f"{_short(value * 1000)}m"
    return _short(value)


def measured_in_bytes(resource: str) -> bool:
    """True for memory and storage in every spelling, requests and storage classes included."""
    return resource.rsplit(".", 1)[-1] in _BYTES or resource.startswith(("memory", "hugepages-", "requests.hugepages-"))


def _show_bytes(value: Fraction) -> str:
    for suffix in _BINARY:
        if abs(value) >= _SUFFIX[suffix]:
            return f"{_short(value / _SUFFIX[suffix])}{suffix}"
    return _short(value)


def _short(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    decimals = 1 if abs(value) >= 10 else 2
    return f"{float(value):.{decimals}f}".rstrip("0").rstrip(".")
