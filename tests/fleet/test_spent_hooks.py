"""A failed hook of an earlier revision is no cause any more; applications are described as they are listed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.insight.hooks import SPENT, is_spent
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.health import Health
from acp_tui.model.objects import Meta
from acp_tui.model.refs import ObjectRef
from tests.fleet.scenery import deployment, fleet_of, namespace, record, release, spec

MANIFEST = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pay}\n"
MARKS = {"app.kubernetes.io/instance": "pay", "app.kubernetes.io/managed-by": "Helm"}


def pay() -> dict[str, Any]:
    body = deployment("pay", "registry/pay:1", replicas=1, labels=MARKS)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    return {**body, "status": {"observedGeneration": 1, **counts}}


def failed_hook(events: str = "pre-upgrade") -> dict[str, Any]:
    metadata = {
        "name": "pay-migrate", "namespace": "shop", "uid": "uid-migrate", "labels": MARKS,
        "annotations": {"helm.sh/hook": events}, "creationTimestamp": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {}, "status": {"conditions": [condition]}
    }  # fmt: skip


def application() -> dict[str, Any]:
    return {
        "apiVersion": "app.k8s.io/v1beta1",
        "kind": "Application",
        "metadata": {"name": "pay", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app.kubernetes.io/instance": "pay"}}, "componentKinds": []},
    }


def story(status: str, *more: dict[str, Any], events: str = "pre-upgrade") -> list[dict[str, Any]]:
    newest = record(release("pay", 3, status, manifest=MANIFEST), at=time.time())
    return [namespace("shop"), pay(), failed_hook(events), newest, *more]


async def row_of(fleet: Fleet) -> ApplicationSummary:
    await fleet.settled(20.0)
    (row,) = fleet.rows("applications")
    assert isinstance(row, ApplicationSummary)
    return row


async def test_after_a_rollback_the_job_of_the_failed_hook_is_shown_and_counts_for_nothing() -> None:
    async with fleet_of(spec("east", story("deployed"))) as (fleet, _):
        row = await row_of(fleet)
        tree = await Inspector(fleet).tree(row)
    assert (row.health, row.ready, row.components) == (Health.HEALTHY, 1, 1)
    assert tree.verdict.health is Health.HEALTHY
    (job,) = [child for child in tree.children if child.ref.kind == "Job"]
    assert job.verdict == SPENT


@pytest.mark.parametrize(("status", "events"), [("failed", "pre-upgrade"), ("deployed", "test")])
async def test_the_failed_hook_of_the_newest_revision_and_a_failed_test_are_causes(status: str, events: str) -> None:
    async with fleet_of(spec("east", story(status, events=events))) as (fleet, _):
        row = await row_of(fleet)
    assert row.health is Health.DEGRADED
    assert row.reason.startswith("pay-migrate: BackoffLimitExceeded")


async def test_an_application_is_described_with_the_verdict_of_its_row() -> None:
    async with fleet_of(spec("east", story("failed", application()))) as (fleet, _):
        row = await row_of(fleet)
        told = await Inspector(fleet).describe(ObjectRef("east", "app.k8s.io", "Application", "shop", "pay"))
    assert (told.verdict.health, told.verdict.reason) == (row.health, row.reason)
    assert told.verdict.health is Health.DEGRADED


def test_a_hook_made_after_the_record_was_written_speaks_for_itself() -> None:
    hook = Meta(annotations={"helm.sh/hook": "post-upgrade"}, creation_timestamp="2026-11-21T10:00:00Z")
    moment = 1_795_255_200.0
    assert is_spent(hook, status="deployed", written_at=moment + 1)
    assert not is_spent(hook, status="deployed", written_at=moment - 1)
    assert not is_spent(hook, status="pending-upgrade", written_at=moment + 1)
    assert not is_spent(Meta(creation_timestamp="2026-11-21T10:00:00Z"), status="deployed", written_at=moment + 1)
