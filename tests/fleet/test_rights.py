"""What a user sees who may not see everything, and how a cluster's row says so."""

from __future__ import annotations

from typing import Any

from acp_tui.clients.kube.context import Context
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.health import Health
from acp_tui.sim.access import User
from acp_tui.sim.cluster import ADMIN
from acp_tui.sim.serve import Fleet as Box
from tests.fleet.scenery import Obj, context, fleet_of, namespace, pod, record, release, spec

LONG = 20.0
LOOK = ["get", "list", "watch"]
API = "rbac.authorization.k8s.io/v1"


def role(kind: str, groups: list[str], resources: list[str], **meta: str) -> list[Obj]:
    """A role and its binding to the user dev; with a namespace they hold there alone."""
    subjects = [{"kind": "User", "name": "dev"}]
    rules = [{"apiGroups": groups, "resources": resources, "verbs": LOOK}]
    ref = {"apiGroup": API.partition("/")[0], "kind": kind, "name": "look"}
    made: dict[str, Any] = {"apiVersion": API, "metadata": {"name": "look", **meta}}
    return [
        {**made, "kind": kind, "rules": rules},
        {**made, "kind": f"{kind}Binding", "roleRef": ref, "subjects": subjects},
    ]


async def seen(objects: list[Obj], *, home: str = "") -> ClusterSummary:
    """The row of a cluster as dev sees it."""
    people = {"admin": ADMIN, "dev": User("dev", ("system:authenticated",))}

    def as_dev(box: Box) -> list[Context]:
        return [context(box["east"], token="dev", namespace=home)]

    async with fleet_of(spec("east", objects, tokens=people), contexts=as_dev) as (fleet, _):
        await fleet.settled(LONG)
        (row,) = fleet.clusters()
    return row


async def test_namespaces_beyond_the_contexts_own_are_found_by_listing_them() -> None:
    spaces = ("shop", "retail", "secret")
    everything = ["", "apps", "batch"]
    objects = [namespace(each) for each in spaces] + [pod("one", space=each) for each in spaces]
    for each in ("shop", "retail"):
        objects += role("Role", everything, ["*"], namespace=each)
    objects += [record(release("pay", 1, "deployed")), *role("ClusterRole", [""], ["namespaces"])]

    east = await seen(objects)

    assert east.pods == 2
    assert east.releases == 1
    assert east.nodes is None
    assert east.health is Health.HEALTHY
    assert east.reason == "only namespaces retail, shop seen; no right to list nodes"


async def test_nodes_that_may_not_be_listed_leave_the_rest_judged() -> None:
    kinds = ["pods", "deployments", "statefulsets", "daemonsets", "replicasets", "namespaces"]

    east = await seen([namespace("shop"), pod("well"), *role("ClusterRole", ["", "apps"], kinds)])

    assert east.health is Health.HEALTHY
    assert east.reason == "no right to list nodes"
    assert (east.nodes, east.pods) == (None, 1)


async def test_a_cluster_of_which_nothing_may_be_seen_is_unknown() -> None:
    east = await seen([namespace("shop"), pod("well")])

    assert east.health is Health.UNKNOWN
    assert east.reason == "no right to list anything"
