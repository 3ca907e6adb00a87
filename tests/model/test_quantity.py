"""Quantities, read and written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from acp_tui.model.quantity import parse, show


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("250m", Fraction(1, 4)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("100n", Fraction(1, 10**7)),
        ("2k", 2000),
        ("12e-1", Fraction(6, 5)),
        ("-3Mi", -3 * 2**20),
        (7, 7),
        (0.1, Fraction(1, 10)),
    ],
)
def test_every_spelling_has_one_exact_value(text: str | float, value: Fraction) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["", "many", "1KI", "1 Gi x", "0x10", "1e9999", "٣", None, True])
def test_what_is_no_quantity_has_no_value(text: str | None) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("resource", "value", "text"),
    [
        ("requests.cpu", Fraction(1, 4), "250m"),
        ("limits.cpu", Fraction(91, 10), "9.1"),
        ("limits.cpu", Fraction(455, 10), "45.5"),
        ("pods", Fraction(800), "800"),
        ("requests.memory", Fraction(256 * 2**30), "256Gi"),
        ("memory", Fraction(3 * 2**29), "1.5Gi"),
        ("requests.storage", Fraction(2**41), "2Ti"),
        ("gold.storageclass.storage.k8s.io/requests.storage", Fraction(1000), "1000"),
        ("pods", Fraction(0), "0"),
    ],
)
def test_a_value_is_shown_short_in_the_unit_of_its_resource(resource: str, value: Fraction, text: str) -> None:
    assert show(resource, value) == text
