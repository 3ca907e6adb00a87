"""One thing in detail, against a simulated API server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acp_tui.clients.errors import NotFound
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.model.application import TreeNode
from acp_tui.model.errors import ClusterError, UsageError
from acp_tui.model.health import Health
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef, Store
from acp_tui.sim.faults import Faults
from tests.fleet.scenery import BROKEN, deployment, fleet_of, namespace, pod, record, release, spec

PAY = ReleaseRef("east", "shop", "pay")
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: pay}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: pay-config}
---
apiVersion: v1
kind: Service
metadata: {name: pay-gone}
"""


def owned(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]


def replica_set(name: str, replicas: int) -> dict[str, Any]:
    obj = deployment(name, "registry/pay:1", replicas=replicas)
    meta = obj["metadata"] | {"uid": f"uid-{name}", "ownerReferences": owned("Deployment", "pay")}
    counts = {"observedGeneration": 1, "replicas": replicas, "readyReplicas": 0, "availableReplicas": 0}
    return obj | {"kind": "ReplicaSet", "metadata": meta, "status": counts}


def helm(extra: str = "") -> dict[str, Any]:
    marks = {"meta.helm.sh/release-name": "pay", "meta.helm.sh/release-namespace": "shop"}
    return {"uid": f"uid-pay{extra}", "annotations": marks, "labels": {"app.kubernetes.io/managed-by": "Helm"}}


def objects() -> list[dict[str, Any]]:
    pay = deployment("pay", "registry/pay:1.9.2", replicas=1)
    pay["metadata"] |= helm()
    pay["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    left = deployment("pay-old-worker", "registry/pay:1", replicas=0)
    left["metadata"] |= helm("-left")
    left["status"] = {"observedGeneration": 1}
    config = {"name": "pay-config", "namespace": "shop", "managedFields": [{"manager": "helm"}]}
    secret = {"name": "pay-db", "namespace": "shop"}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e1", "namespace": "shop"},
        "type": "Warning",
        "reason": "Failed",
        "message": "Failed to pull image",
        "count": 5,
        "lastTimestamp": "2026-11-21T13:00:00Z",
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "pay-new-1", "uid": "uid-pod"},
    }
    return [
        namespace("shop"),
        pay,
        left,
        replica_set("pay-new", 1),
        replica_set("pay-older", 0),
        pod("alone"),
        pod("canary-1", status=BROKEN, ownerReferences=owned("Rollout", "canary")),
        pod("pay-new-1", status=BROKEN, uid="uid-pod", ownerReferences=owned("ReplicaSet", "pay-new")),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": config, "data": {"a": "b"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "data": {"password": "c2VjcmV0LXdvcmQ="}},
        event,
        record(release("pay", 1, "superseded", manifest=MANIFEST, description="Install complete")),
        record(release("pay", 2, "deployed", manifest=MANIFEST, description="Upgrade complete")),
        record(release("cap", 1, "deployed", manifest=MANIFEST), store=Store.CAPTAIN),
    ]


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    async with fleet_of(spec("east", objects())) as (running, _):
        await running.settled(20.0)
        yield running


@pytest.fixture
def inspector(fleet: Fleet) -> Inspector:
    return Inspector(fleet)


def outline(node: TreeNode, depth: int = 0) -> list[str]:
    lines = [f"{'  ' * depth}{node.title}: {node.verdict.health}"]
    return lines + [line for child in node.children for line in outline(child, depth + 1)]


def ref(kind: str, name: str, group: str = "") -> ObjectRef:
    return ObjectRef("east", group, kind, "shop", name)


async def test_the_tree_of_a_release_has_the_failing_branch_the_missing_and_the_left_over(inspector: Inspector) -> None:
    tree = await inspector.release_tree(PAY)

    lines = outline(tree)
    assert "  Service pay-gone: Missing" in lines
    assert "  ConfigMap pay-config: Healthy" in lines
    assert "      Pod pay-new-1: Degraded" in lines
    assert not any("pay-older" in line for line in lines)
    left = next(node for node in tree.children if node.ref.name == "pay-old-worker")
    assert left.note.endswith("not in the manifest of this revision")
    assert tree.verdict.health is Health.DEGRADED
    assert tree.verdict.reason == "ImagePullBackOff: registry/pay:1.9.2 not found"


async def test_the_tree_of_an_application_is_that_of_its_release(fleet: Fleet, inspector: Inspector) -> None:
    row = next(each for each in fleet.rows("applications") if each.ref.name == "pay")

    tree = await inspector.tree(row)

    assert row.health is Health.DEGRADED
    assert "Pod pay-new-1" in " ".join(outline(tree))


async def test_the_tree_of_a_bare_object_is_what_it_owns(fleet: Fleet, inspector: Inspector) -> None:
    row = next(each for each in fleet.rows("applications") if each.ref.name == "alone")

    tree = await inspector.tree(row)

    assert outline(tree) == ["alone: Healthy", "  Pod alone: Healthy"]


async def test_an_owner_of_a_kind_no_rule_knows_is_judged_by_its_pods(fleet: Fleet, inspector: Inspector) -> None:
    row = next(each for each in fleet.rows("applications") if each.ref.name == "canary")

    tree = await inspector.tree(row)

    assert outline(tree) == ["canary: Degraded", "  Rollout canary: Degraded", "    Pod canary-1: Degraded"]


async def test_a_history_is_newest_first_and_the_newest_are_described(inspector: Inspector) -> None:
    history = await inspector.history(PAY)

    assert [(each.revision, each.status, each.description) for each in history] == [
        (2, "deployed", "Upgrade complete"),
        (1, "superseded", "Install complete"),
    ]
    assert (history[0].chart, history[0].chart_version) == ("api", "1.9.2")


async def test_a_record_tells_its_size_once_it_was_read_and_is_read_once(fleet: Fleet, inspector: Inspector) -> None:
    newest, older = await inspector.history(PAY, described=1)
    assert newest.size > 0
    assert older.size == 0, "metadata does not tell"
    stats = fleet.session("east").transport.stats
    before = stats.requests
    both = await inspector.history(PAY, described=10)
    assert all(each.size > 0 for each in both)
    assert stats.requests - before == 2, "one list and the one record that was not read yet"
    assert not any(each.leaves for each in both)


async def test_captains_records_open_as_helms_do(inspector: Inspector) -> None:
    body = await inspector.body(ReleaseRef("east", "shop", "cap", Store.CAPTAIN), 1)

    assert (body.chart, body.manifest) == ("api", MANIFEST)


async def test_yaml_has_no_managed_fields_and_no_secret(inspector: Inspector) -> None:
    config = await inspector.yaml(ref("ConfigMap", "pay-config"))
    secret = await inspector.yaml(ref("Secret", "pay-db"))

    assert "managedFields" not in config
    assert "a: b" in config
    assert "password" in secret
    assert "c2VjcmV0" not in secret


async def test_a_description_has_the_cause_and_the_events(inspector: Inspector) -> None:
    told = await inspector.describe(ref("Pod", "pay-new-1"))

    assert told.verdict.reason == "ImagePullBackOff: registry/pay:1.9.2 not found"
    assert [event.reason for event in told.events] == ["Failed"]
    assert ("Owner", "ReplicaSet pay-new") in told.lines
    assert any(label == "Container" and "ImagePullBackOff" in text for label, text in told.lines)


async def test_a_description_of_a_secret_does_not_tell_it(inspector: Inspector) -> None:
    told = await inspector.describe(ref("Secret", "pay-db"))

    assert "c2VjcmV0" not in repr(told)


async def test_containers_and_logs_of_a_workload_are_those_of_its_worst_pod(inspector: Inspector) -> None:
    assert await inspector.containers(ref("Deployment", "pay", "apps")) == ("api",)
    assert await inspector.containers(ref("Pod", "pay-new-1")) == ("api",)


async def test_any_kind_is_a_table_by_any_of_its_names(inspector: Inspector) -> None:
    for word in ("deploy", "deployments", "Deployment", "deployments.apps"):
        table = await inspector.table(word, namespace="shop")
        assert [column.name for column in table.columns][:3] == ["Name", "Cluster", "Namespace"]
        assert [row.ref.name for row in table.rows] == ["pay", "pay-old-worker"]


async def test_a_word_nobody_serves_is_an_error(inspector: Inspector) -> None:
    with pytest.raises(UsageError, match="No cluster serves gizmos"):
        await inspector.table("gizmos")


async def test_an_object_that_is_gone_is_an_error_of_its_cluster(inspector: Inspector) -> None:
    with pytest.raises(NotFound):
        await inspector.yaml(ref("ConfigMap", "no-such"))


async def test_a_release_is_no_object_to_print(inspector: Inspector) -> None:
    with pytest.raises(UsageError, match="is no object of east"):
        await inspector.yaml(ObjectRef("east", "helm.sh", "Release", "shop", "pay"))


async def test_a_table_names_the_clusters_that_are_not_in_it() -> None:
    async with fleet_of(spec("east", objects()), spec("edge-9", []), down=Faults(down="refuse")) as (running, _):
        await running.settled(20.0)
        inspector = Inspector(running)

        table = await inspector.table("pods")

        assert {row.ref.cluster for row in table.rows} == {"east"}
        assert table.problems[0].startswith("edge-9: ")
        with pytest.raises(ClusterError, match="edge-9 does not answer"):
            await inspector.yaml(ObjectRef("edge-9", "", "Pod", "shop", "x"))
