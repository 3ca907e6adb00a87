"""Live objects beside the record: what differs, what is gone, what could not be read, and never a secret."""

from __future__ import annotations

from acp_tui.clients.errors import Forbidden
from acp_tui.controllers.drifted import find_drift
from acp_tui.model.rollout import Drifted, ObjectDrift
from acp_tui.wire.manifest import objects
from tests.controllers.conftest import REF, SECRET_WORD, manifest
from tests.fakes.cluster import FakeCluster, FakeFleet, forbidden


async def look(cluster: FakeCluster) -> Drifted:
    return await find_drift(FakeFleet(cluster), REF, clock=lambda: 100.0)


async def test_objects_as_they_were_stored_have_not_drifted(cluster: FakeCluster) -> None:
    found = await look(cluster)
    assert (found.revision, found.at, found.objects, found.drifted, found.unread) == (42, 100.0, 2, (), ())


async def test_a_field_that_somebody_set_is_named_and_a_default_is_not(cluster: FakeCluster) -> None:
    _, deployment = objects(manifest("1.9.2", replicas=5), origin="live")
    deployment["spec"]["paused"] = False
    cluster.put(deployment)
    assert (await look(cluster)).drifted == (ObjectDrift("Deployment", "payments-api", ("spec.replicas",)),)


async def test_an_object_that_is_gone_is_missing(cluster: FakeCluster) -> None:
    secret, _ = objects(manifest("1.9.2"), origin="live")
    cluster.remove(secret)
    assert (await look(cluster)).drifted == (ObjectDrift("Secret", "payments-db", missing=True),)


async def test_what_may_not_be_read_is_no_drift_and_is_said(cluster: FakeCluster) -> None:
    secret, _ = objects(manifest("1.9.2"), origin="live")
    cluster.failures[cluster.path(secret)] = forbidden("prod-east", "secrets")
    found = await look(cluster)
    assert isinstance(cluster.failures[cluster.path(secret)], Forbidden)
    assert found.drifted == ()
    assert found.unread[0].startswith("Secret payments-db: ")


async def test_a_secret_that_was_changed_is_named_and_not_shown(cluster: FakeCluster) -> None:
    secret, _ = objects(manifest("1.9.2"), origin="live")
    cluster.put({**secret, "stringData": {"password": "another"}})
    found = await look(cluster)
    assert [each.name for each in found.drifted] == ["payments-db"]
    assert SECRET_WORD not in repr(found)
    assert "another" not in repr(found)
