"""The fleet against simulated API servers: what is seen, what a fault costs, what stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from acp_tui.clients.kube.context import AcpExtension, Context
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.transport import Transport
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.application import ApplicationSource
from acp_tui.model.cluster import ClusterSummary, Role
from acp_tui.model.errors import UsageError
from acp_tui.model.freshness import Age
from acp_tui.model.health import Health
from acp_tui.model.release import OwnerKind, Store
from acp_tui.sim.access import User
from acp_tui.sim.cluster import ADMIN, SimCluster
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import Fleet as Box
from tests.fleet.scenery import (
    BROKEN,
    context,
    create,
    deployment,
    fleet_of,
    namespace,
    pod,
    quota,
    record,
    release,
    spec,
)

PLATFORM = "https://platform.example.org"
LONG = 20.0


async def until(fleet: Fleet, fact: Callable[[], bool]) -> None:
    """Waits for a change after which the fact is true."""
    changed = asyncio.Event()
    end = fleet.subscribe(lambda views: changed.set())
    try:
        async with asyncio.timeout(LONG):
            while not fact():
                changed.clear()
                await changed.wait()
    finally:
        end()


def row(fleet: Fleet, name: str) -> ClusterSummary:
    return next(each for each in fleet.clusters() if each.name == name)


def by_name(rows: Any) -> dict[str, Any]:
    return {each.ref.name: each for each in rows}


def shop() -> list[dict[str, Any]]:
    helm = {"app.kubernetes.io/managed-by": "Helm"}
    controller = {"apiVersion": "example.org/v1", "kind": "Rollout", "name": "canary", "uid": "u-1", "controller": True}
    return [
        namespace("shop", **{"cpaas.io/project": "retail"}),
        {**deployment("pay", "registry/pay:1", replicas=0, labels=helm), "status": {"observedGeneration": 1}},
        pod("canary-1", status=BROKEN, ownerReferences=[controller]),
        pod("well"),
        record(release("pay", 41, "deployed")),
        record(release("pay", 42, "failed", description="Upgrade failed: image not found")),
        record(release("web", 2, "deployed"), store=Store.CAPTAIN),
        record(release("stuck", 3, "pending-upgrade"), store=Store.CONFIGMAP, at=time.time() - 3600),
        quota("shop", {"requests.cpu": "10"}, {"requests.cpu": "0"}),
    ]


def platform() -> list[dict[str, Any]]:
    request = {
        "apiVersion": "app.alauda.io/v1",
        "kind": "HelmRequest",
        "metadata": {"name": "web-east", "namespace": "cpaas-system"},
        "spec": {"chart": "demo/web", "clusterName": "east", "namespace": "shop", "releaseName": "web"},
        "status": {"phase": "Failed", "reason": "cannot find version 9.9.9 for chart web.demo"},
    }
    cap = {"name": "east", "quota": {"requests.cpu": "16"}}
    project = {
        "apiVersion": "auth.alauda.io/v1",
        "kind": "Project",
        "metadata": {"name": "retail"},
        "spec": {"clusters": [cap]},
    }
    return [namespace("cpaas-system"), request, project]


def acp(box: Box) -> list[Context]:
    def told(cluster: SimCluster) -> AcpExtension:
        return AcpExtension(is_global=cluster.name == "global", platform_url=PLATFORM, cluster=cluster.name)

    return [context(cluster, acp=told(cluster)) for cluster in box.clusters.values()]


async def test_every_view_is_filled_from_all_clusters() -> None:
    async with fleet_of(spec("global", platform()), spec("east", shop()), contexts=acp) as (fleet, _):
        await fleet.settled(LONG)
        await until(fleet, lambda: by_name(fleet.rows("releases"))["pay"].reason != "")

        releases = by_name(fleet.rows("releases"))
        assert (releases["pay"].revision, releases["pay"].status) == (42, "failed")
        assert (releases["pay"].chart, releases["pay"].chart_version) == ("api", "1.9.42")
        assert releases["pay"].reason == "Upgrade failed: image not found"
        assert releases["stuck"].stuck
        assert releases["web"].owner.kind is OwnerKind.HELMREQUEST
        assert releases["web"].owner.cluster == "global"
        assert releases["web"].reason.endswith("cannot find version 9.9.9 for chart web.demo")

        applications = by_name(fleet.rows("applications"))
        assert applications["canary"].health is Health.DEGRADED
        assert applications["canary"].reason == "ImagePullBackOff: registry/pay:1.9.2 not found"
        assert applications["pay"].source is ApplicationSource.HELM
        assert applications["pay"].health is Health.SUSPENDED

        total, *quotas = [each for each in fleet.rows("quotas") if each.cluster == "east"]
        assert (total.namespace, total.project) == ("", "retail")
        assert total.worst is not None
        assert total.worst.ratio == 10 / 16
        assert [(each.namespace, each.project) for each in quotas] == [("shop", "retail")]

        east = row(fleet, "east")
        assert (east.role, row(fleet, "global").role) == (Role.WORKLOAD, Role.GLOBAL)
        assert (east.problem_pods, east.pods, east.failed_releases, east.stuck_releases) == (1, 2, 2, 1)
        assert east.health is Health.DEGRADED
        assert "shop/canary" in east.reason
        assert east.version == "v1.34.2"
        assert east.latency_ms is not None


async def test_changes_reach_the_rows_without_asking() -> None:
    async with fleet_of(spec("east", shop())) as (fleet, box):
        await fleet.settled(LONG)

        create(box["east"], record(release("new", 1, "deployed"), store=Store.CONFIGMAP))
        await until(fleet, lambda: "new" in by_name(fleet.rows("releases")))

        create(box["east"], namespace("empty"))
        create(box["east"], pod("late", space="empty"))
        await until(fleet, lambda: "late" in by_name(fleet.rows("applications")))


@pytest.mark.parametrize("fault", [Faults(down="refuse"), Faults(down="hang"), Faults(html=1.0)])
async def test_a_dead_cluster_delays_nothing(fault: Faults) -> None:
    async with fleet_of(spec("east", shop()), spec("edge-9", []), down=fault) as (fleet, _):
        async with asyncio.timeout(4.0):
            await fleet.session("east").settled.wait()

        assert row(fleet, "east").problem_pods == 1
        edge = row(fleet, "edge-9")
        assert edge.health is Health.UNKNOWN
        assert edge.problem_pods is None
        assert edge.freshness.state is Age.NEVER


async def test_a_cluster_that_falls_silent_stays_with_its_age_and_reason() -> None:
    async with fleet_of(spec("east", shop())) as (fleet, box):
        await fleet.settled(LONG)
        before = row(fleet, "east")
        box["east"].set_faults(Faults(down="refuse"))
        session = fleet.session("east")

        # The pulse is felt twice at once instead of waiting for its turn.
        for _ in range(2):
            await session.feel_pulse()

        after = row(fleet, "east")
        assert after.reachable is False
        assert after.freshness.state is Age.STALE
        assert after.freshness.confirmed_at == before.freshness.confirmed_at
        assert after.freshness.reason != ""
        assert after.pods == before.pods
        assert all(each.freshness.state is Age.STALE for each in fleet.rows("releases"))

        box["east"].set_faults(Faults())
        await session.feel_pulse()
        assert row(fleet, "east").freshness.state is Age.LIVE


async def test_a_user_of_one_namespace_sees_it_and_knows_what_is_missing() -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "look", "namespace": "shop"},
        "rules": [{"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "look", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
        "subjects": [{"kind": "User", "name": "dev"}],
    }
    people = {"admin": ADMIN, "dev": User("dev", ("system:authenticated",))}
    cluster = spec("east", [*shop(), role, binding], tokens=people)

    def as_dev(box: Box) -> list[Context]:
        return [context(box["east"], token="dev", namespace="shop")]

    async with fleet_of(cluster, contexts=as_dev) as (fleet, _):
        await fleet.settled(LONG)

        east = row(fleet, "east")
        assert east.reachable is True
        assert east.nodes is None
        assert east.problem_pods == 1
        assert east.failed_releases is not None
        assert any(warning.startswith("nodes: no right") for warning in east.warnings)
        assert any("only in namespace shop" in warning for warning in east.warnings)


async def test_a_token_that_is_not_taken_is_told_and_not_green() -> None:
    def stranger(box: Box) -> list[Context]:
        return [context(box["east"], token="nobody")]

    async with fleet_of(spec("east", shop()), contexts=stranger) as (fleet, _):
        await fleet.settled(LONG)

        east = row(fleet, "east")
        assert east.health is Health.UNKNOWN
        assert east.reachable is True
        assert east.reason != ""


async def test_contexts_that_are_not_looked_at_are_not_dialled() -> None:
    async with fleet_of(spec("east", shop()), spec("west", shop()), lazy=frozenset({"west"})) as (fleet, box):
        await fleet.settled(LONG)
        assert box["west"].stats.requests == 0
        assert row(fleet, "west").freshness.state is Age.NEVER

        fleet.look("west")
        await fleet.settled(LONG)

        assert row(fleet, "west").pods == 2


async def test_a_context_that_cannot_be_used_says_why_and_is_not_dialled() -> None:
    def broken(box: Box) -> list[Context]:
        return [Context("odd", "", problem="the user tok is not defined"), context(box["east"])]

    async with fleet_of(spec("east", shop()), contexts=broken) as (fleet, _):
        await fleet.settled(LONG)

        assert row(fleet, "odd").reason == "the user tok is not defined"
        assert row(fleet, "odd").health is Health.UNKNOWN
        assert row(fleet, "east").pods == 2


async def test_charts_no_label_names_are_read_for_the_rows_that_are_asked_for() -> None:
    broken = record(release("torn", 1, "deployed"))
    broken["data"]["release"] = "bm90IGEgcmVjb3Jk"
    async with fleet_of(spec("east", [*shop(), broken])) as (fleet, _):
        await fleet.settled(LONG)
        refs = {name: each.ref for name, each in by_name(fleet.rows("releases")).items()}

        await fleet.name_charts([refs["web"], refs["torn"]])

        rows = by_name(fleet.rows("releases"))
        assert (rows["web"].chart, rows["web"].chart_version) == ("api", "1.9.2")
        assert rows["torn"].chart == ""


async def test_a_session_that_breaks_says_so_and_takes_no_other_with_it() -> None:
    def connect(context: Context) -> Transport:
        if context.name == "west":
            raise RuntimeError("a mistake of ours")
        return HttpTransport(context)

    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=connect) as (fleet, _):
        await fleet.settled(LONG)

        west = row(fleet, "west")
        assert west.health is Health.UNKNOWN
        assert "a mistake of ours" in west.reason
        assert row(fleet, "east").pods == 2


async def test_rows_can_be_kept_to_some_clusters() -> None:
    async with fleet_of(spec("east", shop()), spec("west", shop())) as (fleet, _):
        await fleet.settled(LONG)

        rows = fleet.rows("releases", clusters=frozenset({"west"}))

        assert {each.ref.cluster for each in rows} == {"west"}


async def test_an_unknown_cluster_is_an_error_that_names_the_known() -> None:
    async with fleet_of(spec("east", shop())) as (fleet, _):
        with pytest.raises(UsageError, match="no cluster north"):
            fleet.session("north")
