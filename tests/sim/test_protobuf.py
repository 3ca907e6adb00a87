"""The protobuf bodies of typed clients read as the JSON they stand for."""

from __future__ import annotations

import pytest

from acp_tui.sim.answers import ApiError
from acp_tui.sim.protobuf import decode


def field(number: int, value: bytes | str | int) -> bytes:
    """One field as protobuf writes it; all lengths here are below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    raw = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(raw)]) + raw


def envelope(kind: str, body: bytes) -> bytes:
    return b"k8s\x00" + field(1, field(1, "v1") + field(2, kind)) + field(2, body)


def test_a_secret() -> None:
    meta = field(1, "a") + field(2, "") + field(11, field(1, "owner") + field(2, "helm"))
    data = field(2, field(1, "release") + field(2, b"\x00\xff"))
    found = decode(envelope("Secret", field(1, meta) + data + field(3, "helm.sh/release.v1")))
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "labels": {"owner": "helm"}},
        "data": {"release": "AP8="},
        "type": "helm.sh/release.v1",
    }


def test_delete_options() -> None:
    body = field(1, 5) + field(4, "Foreground") + field(5, "All")
    found = decode(envelope("DeleteOptions", body))
    assert (found["gracePeriodSeconds"], found["propagationPolicy"], found["dryRun"]) == (5, "Foreground", ["All"])


def test_another_kind_is_unsupported() -> None:
    with pytest.raises(ApiError) as refused:
        decode(envelope("Deployment", b""))
    assert refused.value.code == 415


@pytest.mark.parametrize("cut", [0, 3, 6, 9, 15, 21, 27, 33])
def test_a_body_cut_short_never_breaks_the_server(cut: int) -> None:
    whole = envelope("Secret", field(1, field(1, "name-of-a-secret")) + field(3, "Opaque"))
    with pytest.raises(ApiError) as refused:
        decode(whole[:cut])
    assert refused.value.code in (400, 415)
