"""Equal parts of pods are one object in memory, and nobody can tell from a pod that they are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acp_tui.fleet import sharing
from acp_tui.fleet.sharing import Sharing
from acp_tui.model.objects import Pod


def given(name: str, *, owner: str = "u-1", **labels: str) -> Pod:
    at = "2026-11-21T13:19:00Z"
    document: dict[str, Any] = {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "pay", **labels},
            "annotations": {"checksum/config": "a" * 64},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "pay-1", "uid": owner, "controller": True}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "api", "image": "registry/pay:1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}]},
    }
    return msgspec.convert(document, Pod)


def test_pods_of_a_workload_share_what_is_alike() -> None:
    shared, first, second = Sharing(), given("pay-1"), given("pay-2")

    shared.pod(first)
    shared.pod(second)

    assert second == given("pay-2")
    assert second.metadata.labels is first.metadata.labels
    assert second.metadata.annotations is first.metadata.annotations
    assert second.metadata.owner_references is first.metadata.owner_references
    assert second.spec is not None
    assert first.spec is not None
    assert second.spec.containers is first.spec.containers
    assert second.status is not None


def test_what_differs_stays_apart() -> None:
    shared, first, second = Sharing(), given("pay-1"), given("pay-2", track="canary")

    shared.pod(first)
    shared.pod(second)

    assert first.metadata.labels == {"app": "pay"}
    assert second.metadata.labels == {"app": "pay", "track": "canary"}


def test_what_came_and_went_for_days_does_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "FORGET_AFTER", 100)
    shared = Sharing()

    for number in range(1000):
        shared.pod(given("pay", owner=f"u-{number}"))

    assert len(shared._first) <= 101
