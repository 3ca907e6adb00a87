"""Bodies as they come compressed: inflated in one piece, and never into more than they can honestly hold."""

from __future__ import annotations

import gzip
import zlib

import pytest

from acp_tui.clients.kube.http import inflate

BODY = b'{"kind":"PodList","items":[]}' * 5000


@pytest.mark.parametrize("packed", [gzip.compress(BODY), gzip.compress(BODY) + b"rest", zlib.compress(BODY)])
def test_what_was_compressed_comes_back(packed: bytes) -> None:
    assert inflate(packed) == BODY


def test_an_empty_body_is_empty() -> None:
    assert inflate(gzip.compress(b"")) == b""


@pytest.mark.parametrize("damaged", [gzip.compress(BODY)[:-20], gzip.compress(BODY)[:200], b"\x1f\x8b", b"no zip"])
def test_a_body_that_is_cut_off_or_damaged_is_none(damaged: bytes) -> None:
    assert inflate(damaged) is None


@pytest.mark.parametrize("told", [0, 1, 2**32 - 1])
def test_a_length_that_is_not_true_is_no_body(told: int) -> None:
    assert inflate(gzip.compress(BODY)[:-4] + told.to_bytes(4, "little")) is None
