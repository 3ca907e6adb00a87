"""Quotas refuse in Kubernetes' words, before anything runs, and say what is used."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.conftest import CONFIG_MAPS, DEPLOYMENTS, PODS, Api, config_map, deployment

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
Obj = dict[str, Any]


def quota(**hard: str) -> Obj:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "default"}, "spec": {"hard": named}}


def pod(name: str, **requests: str) -> Obj:
    container = {"name": "main", "image": "web:1", "resources": {"requests": requests}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


async def test_a_pod_over_quota_is_refused_in_kubernetes_words(api: Api) -> None:
    await api.post(QUOTAS, quota(requests_cpu="1", pods="5"))
    await api.post(PODS, pod("a", cpu="800m"))
    refused = await api.ask("POST", PODS, pod("b", cpu="500m"))
    assert refused.status == 403
    assert refused.body["message"] == (
        'pods "b" is forbidden: exceeded quota: default, requested: requests.cpu=500m, used: requests.cpu=800m, '
        "limited: requests.cpu=1"
    )


async def test_a_dry_run_is_checked_but_not_charged(api: Api) -> None:
    await api.post(QUOTAS, quota(requests_cpu="1"))
    for _ in range(3):
        await api.post(f"{PODS}?dryRun=All", pod("a", cpu="900m"))
    assert (await api.ask("POST", f"{PODS}?dryRun=All", pod("b", cpu="1100m"))).status == 403


async def test_a_pod_that_states_nothing_must_specify(api: Api) -> None:
    await api.post(QUOTAS, quota(requests_cpu="1", requests_memory="1Gi"))
    refused = await api.ask("POST", PODS, pod("a", cpu="100m"))
    assert "failed quota: default: must specify requests.memory for: main" in refused.body["message"]


async def test_limit_ranges_fill_in_before_the_quota_counts(api: Api) -> None:
    limits = [{"type": "Container", "defaultRequest": {"cpu": "300m"}}]
    body = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "default"}, "spec": {"limits": limits}}
    await api.post("/api/v1/namespaces/default/limitranges", body)
    await api.post(QUOTAS, quota(requests_cpu="500m"))
    made = await api.post(PODS, pod("a"))
    assert made["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "300m"}
    assert (await api.ask("POST", PODS, pod("b"))).status == 403


async def test_objects_are_counted(api: Api) -> None:
    await api.post(QUOTAS, quota(count__deployments_apps="1", configmaps="1"))
    await api.post(CONFIG_MAPS, config_map("a"))
    assert "used: configmaps=1" in (await api.ask("POST", CONFIG_MAPS, config_map("b"))).body["message"]
    await api.post(DEPLOYMENTS, deployment("a", replicas=0))
    assert (await api.ask("POST", DEPLOYMENTS, deployment("b", replicas=0))).status == 403


async def test_the_status_says_what_is_used(api: Api) -> None:
    await api.post(QUOTAS, quota(requests_cpu="2", requests_memory="1Gi", pods="10"))
    await api.post(DEPLOYMENTS, deployment("web", replicas=3))
    found = await api.until(
        ("", "resourcequotas"), lambda quotas: quotas[0].get("status", {}).get("used", {}).get("pods") == "3"
    )
    assert found[0]["status"]["used"] == {"requests.cpu": "300m", "requests.memory": "192Mi", "pods": "3"}


async def test_a_deployment_over_quota_is_accepted_and_says_why_it_stops(api: Api) -> None:
    await api.post(QUOTAS, quota(requests_cpu="150m"))
    await api.post(DEPLOYMENTS, deployment("web", replicas=2))

    def refused(found: list[Obj]) -> bool:
        return any(c["type"] == "ReplicaFailure" for c in found[0].get("status", {}).get("conditions", []))

    found = await api.until(("apps", "deployments"), refused)
    failure = next(c for c in found[0]["status"]["conditions"] if c["type"] == "ReplicaFailure")
    assert failure["reason"] == "FailedCreate"
    assert "exceeded quota: default" in failure["message"]
    events = await api.get("/api/v1/namespaces/default/events", params={"fieldSelector": "reason=FailedCreate"})
    assert events["items"][0]["involvedObject"]["kind"] == "ReplicaSet"


@pytest.mark.parametrize("change", [{"pods": "1"}])
async def test_finished_pods_are_not_counted(api: Api, change: dict[str, str]) -> None:
    await api.post(QUOTAS, quota(**change))
    body = pod("once", cpu="10m")
    body["spec"]["restartPolicy"] = "Never"
    await api.post(PODS, body)
    await api.until(("", "pods"), lambda pods: pods[0]["status"]["phase"] == "Succeeded")
    await api.post(PODS, pod("next", cpu="10m"))
