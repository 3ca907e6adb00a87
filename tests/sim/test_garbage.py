"""Dependents go with their owners, before them, or stay behind, as the delete says."""

from __future__ import annotations

from typing import Any

from tests.sim.conftest import CONFIG_MAPS, DEPLOYMENTS, Api, config_map, deployment, ready

SETS, PODS = ("apps", "replicasets"), ("", "pods")


async def running(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=2))
    await api.until(PODS, lambda pods: sum(map(ready, pods)) == 2)


async def test_background_is_the_default(api: Api) -> None:
    await running(api)
    answer = await api.ask("DELETE", f"{DEPLOYMENTS}/web")
    assert answer.body["status"] == "Success"
    await api.until(SETS, lambda sets: not sets)
    await api.until(PODS, lambda pods: not pods)


async def test_foreground_waits_for_the_dependents(api: Api) -> None:
    await running(api)
    answer = await api.ask("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Foreground"})
    assert answer.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    await api.until(("apps", "deployments"), lambda found: not found)
    assert api.cluster.store.count(SETS) == 0


async def test_orphans_keep_running(api: Api) -> None:
    await running(api)
    await api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Orphan")
    await api.until(("apps", "deployments"), lambda found: not found)
    (left,) = [s.obj() for s in api.cluster.store.all(SETS)]
    assert not left["metadata"].get("ownerReferences")
    assert api.cluster.store.count(PODS) == 2


async def test_an_object_of_two_owners_outlives_one(api: Api) -> None:
    owners: list[Any] = [await api.post(CONFIG_MAPS, config_map(name)) for name in ("a", "b")]
    child = config_map("child")
    child["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
        for o in owners
    ]
    await api.post(CONFIG_MAPS, child)
    await api.ask("DELETE", f"{CONFIG_MAPS}/a")
    assert (await api.ask("GET", f"{CONFIG_MAPS}/child")).status == 200
    await api.ask("DELETE", f"{CONFIG_MAPS}/b")
    await api.until(("", "configmaps"), lambda found: not found)


async def test_a_namespace_takes_everything_along(api: Api) -> None:
    await api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    await api.post("/apis/apps/v1/namespaces/shop/deployments", deployment("web"))
    await api.post("/api/v1/namespaces/shop/configmaps", config_map("a"))
    await api.until(PODS, lambda pods: sum(map(ready, pods)) == 2)
    answer = await api.ask("DELETE", "/api/v1/namespaces/shop")
    assert answer.body["status"]["phase"] == "Terminating"
    refused = await api.ask("POST", "/api/v1/namespaces/shop/configmaps", config_map("late"))
    assert "because it is being terminated" in refused.body["message"]
    await api.until(("", "namespaces"), lambda found: all(n["metadata"]["name"] != "shop" for n in found))
    assert api.cluster.store.count(PODS) == 0
