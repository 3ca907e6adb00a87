"""Workloads roll, crash, wait and finish as one expects of a cluster."""

from __future__ import annotations

from typing import Any

from tests.sim.conftest import DEPLOYMENTS, PODS, Api, deployment, ready, reason

MERGE = "application/strategic-merge-patch+json"
KIND_PODS, KIND_DEPLOYMENTS = ("", "pods"), ("apps", "deployments")
Obj = dict[str, Any]


def image(tag: str) -> Obj:
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": f"web:{tag}"}]}}}}


def condition(obj: Obj, kind: str) -> Obj:
    found: list[Obj] = obj.get("status", {}).get("conditions", [])
    return next((c for c in found if c["type"] == kind), {})


def rolled(found: list[Obj]) -> bool:
    dep = found[0]
    status, wanted = dep.get("status", {}), dep["spec"]["replicas"]
    counts = [status.get(f"{word}eplicas") for word in ("r", "updatedR", "availableR")]
    return status.get("observedGeneration") == dep["metadata"]["generation"] and counts == [wanted] * 3


async def test_a_rollout_never_drops_below_its_minimum(api: Api) -> None:
    await api.post(
        DEPLOYMENTS, deployment("web", replicas=4, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    )
    await api.until(KIND_DEPLOYMENTS, rolled)
    least, most = [4], [0]

    def count(_: Any) -> None:
        pods = [s.obj() for s in api.cluster.store.all(KIND_PODS)]
        staying = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
        least.append(sum(map(ready, staying)))
        most.append(len(staying))

    api.cluster.store.listen(count)
    await api.ask("PATCH", f"{DEPLOYMENTS}/web", image("2"), kind=MERGE)
    found = await api.until(KIND_DEPLOYMENTS, rolled)
    assert min(least) == 4
    assert max(most) == 5
    assert condition(found[0], "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert found[0]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


async def test_a_missing_image_stops_a_rollout_and_leaves_the_old_serving(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=3, progressDeadlineSeconds=20))
    await api.until(KIND_DEPLOYMENTS, rolled)
    await api.ask("PATCH", f"{DEPLOYMENTS}/web", image("broken"), kind=MERGE)
    await api.until(KIND_PODS, lambda pods: any(reason(p) == "ImagePullBackOff" for p in pods))
    found = await api.until(
        KIND_DEPLOYMENTS, lambda d: condition(d[0], "Progressing").get("reason") == "ProgressDeadlineExceeded"
    )
    assert found[0]["status"]["availableReplicas"] == 3
    assert condition(found[0], "Available")["status"] == "True"
    await api.ask("PATCH", f"{DEPLOYMENTS}/web", image("1"), kind=MERGE)
    healed = await api.until(KIND_DEPLOYMENTS, rolled)
    assert healed[0]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


async def test_a_crashing_container_restarts_ever_more_often(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", image="web:crash", replicas=1))
    found = await api.until(
        KIND_PODS,
        lambda pods: bool(pods) and pods[0]["status"].get("containerStatuses", [{}])[0].get("restartCount", 0) >= 2,
    )
    entry = found[0]["status"]["containerStatuses"][0]
    assert entry["lastState"]["terminated"]["exitCode"] == 1
    assert found[0]["status"]["phase"] == "Running"


async def test_an_unready_pod_runs_but_serves_nobody(api: Api) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    await api.post(
        "/api/v1/namespaces/default/services",
        {**service, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
    )
    await api.post(DEPLOYMENTS, deployment("web", image="web:unready", replicas=1))
    found = await api.until(
        ("discovery.k8s.io", "endpointslices"), lambda slices: bool(slices) and bool(slices[0].get("endpoints"))
    )
    assert found[0]["endpoints"][0]["conditions"]["ready"] is False


async def test_a_service_follows_its_ready_pods(api: Api) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    await api.post(
        "/api/v1/namespaces/default/services",
        {**service, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
    )
    await api.post(DEPLOYMENTS, deployment("web", replicas=3))

    def serving(slices: list[Obj]) -> int:
        return sum(e["conditions"]["ready"] for s in slices for e in s.get("endpoints") or [])

    await api.until(("discovery.k8s.io", "endpointslices"), lambda slices: serving(slices) == 3)
    await api.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, kind=MERGE)
    await api.until(("discovery.k8s.io", "endpointslices"), lambda slices: serving(slices) == 1)


async def test_stateful_pods_come_in_order_with_their_claims(api: Api) -> None:
    body = deployment("db", replicas=2)
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {**body["spec"], "serviceName": "db", "volumeClaimTemplates": [claim]}
    born: list[str] = []
    api.cluster.store.watch(KIND_PODS, lambda e: born.append(e.new.name) if e.type == "ADDED" else None)
    await api.post("/apis/apps/v1/namespaces/default/statefulsets", {**body, "kind": "StatefulSet", "spec": spec})
    await api.until(("apps", "statefulsets"), lambda found: found[0].get("status", {}).get("readyReplicas") == 2)
    assert born == ["db-0", "db-1"]
    claims = [s.obj() for s in api.cluster.store.all(("", "persistentvolumeclaims"))]
    assert {c["metadata"]["name"]: c["status"]["phase"] for c in claims} == {"data-db-0": "Bound", "data-db-1": "Bound"}


async def test_a_job_finishes_and_a_failing_one_gives_up(api: Api) -> None:
    def job(name: str, tag: str) -> Obj:
        pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": f"job:{tag}"}]}
        meta = {"name": name}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": meta,
            "spec": {"backoffLimit": 1, "template": {"spec": pod}},
        }

    for name, tag in (("good", "1"), ("bad", "crash")):
        await api.post("/apis/batch/v1/namespaces/default/jobs", job(name, tag))

    def over(jobs: list[Obj]) -> bool:
        return all(condition(j, "Complete") or condition(j, "Failed") for j in jobs)

    found = {j["metadata"]["name"]: j for j in await api.until(("batch", "jobs"), over)}
    assert found["good"]["status"]["succeeded"] == 1
    assert condition(found["bad"], "Failed")["reason"] == "BackoffLimitExceeded"


async def test_a_daemon_runs_on_every_node(api: Api) -> None:
    for name in ("n1", "n2", "n3"):
        ready_now = [{"type": "Ready", "status": "True"}]
        status = {"conditions": ready_now, "allocatable": {"cpu": "4"}}
        await api.post(
            "/api/v1/nodes",
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}, "status": status},
        )
    body = deployment("agent")
    body["spec"].pop("replicas")
    await api.post("/apis/apps/v1/namespaces/default/daemonsets", {**body, "kind": "DaemonSet"})
    pods = await api.until(KIND_PODS, lambda pods: len(pods) == 3 and all(map(ready, pods)))
    assert {p["spec"]["nodeName"] for p in pods} == {"n1", "n2", "n3"}


async def test_a_pod_no_node_can_hold_says_so(api: Api) -> None:
    status = {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "1"}}
    await api.post(
        "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {}, "status": status}
    )
    container = {"name": "main", "image": "web:1", "resources": {"requests": {"cpu": "3"}}}
    await api.post(
        PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    )
    found = await api.until(KIND_PODS, lambda pods: bool(condition(pods[0], "PodScheduled")))
    assert condition(found[0], "PodScheduled")["reason"] == "Unschedulable"
    assert condition(found[0], "PodScheduled")["message"] == "0/1 nodes are available: 1 Insufficient cpu."


async def test_logs_are_the_same_every_time(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=1))
    (pod,) = await api.until(KIND_PODS, lambda pods: len(pods) == 1 and ready(pods[0]))
    path = f"{PODS}/{pod['metadata']['name']}/log"
    first, second = await api.ask("GET", path), await api.ask("GET", path)
    assert first.text.splitlines()[:3] == second.text.splitlines()[:3]
    assert "starting" in first.text
    one = await api.ask("GET", path, params={"tailLines": "1", "timestamps": "true"})
    assert len(one.text.splitlines()) == 1
    assert one.text[:2] == "20"
    missing = await api.ask("GET", path, params={"container": "other"})
    assert missing.status == 400
    before = await api.ask("GET", path, params={"previous": "true"})
    assert "previous terminated container" in before.body["message"]
