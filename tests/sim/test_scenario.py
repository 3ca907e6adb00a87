"""The demo fleet is what the story says, and its records are true."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
import yaml

from acp_tui.model.quantity import parse
from acp_tui.sim.cluster import SimCluster
from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.charts import DESCRIPTIONS, Rendering, chart, overlay
from acp_tui.sim.scenario.fleet import WORKLOAD_CLUSTERS, Scenery, fleet
from acp_tui.sim.scenario.rollouts import Rollouts
from acp_tui.wire import helm
from tests.sim.conftest import ready, reason

Obj = dict[str, Any]
SECRETS, PODS, APPS = ("", "secrets"), ("", "pods"), ("app.k8s.io", "applications")


@pytest.fixture
async def box() -> dict[str, SimCluster]:
    """Every cluster of the demo with its objects, no port open and no controller at work."""
    clusters = {spec.name: SimCluster(spec) for spec in fleet(Scenery(seed=3))}
    for cluster in clusters.values():
        cluster.populate()
        cluster.controllers.stop()
    return clusters


def objects(cluster: SimCluster, kind: tuple[str, str], namespace: str = "") -> list[Obj]:
    return [stored.obj() for stored in cluster.store.all(kind, namespace)]


def records(cluster: SimCluster, name: str) -> dict[int, Obj]:
    found = [s for s in cluster.store.all(SECRETS) if s.labels.get("owner") == "helm" and s.labels["name"] == name]
    return {int(s.labels["version"]): helm.decode_secret(s.obj()["data"]["release"]) for s in found}


async def test_the_fleet_has_the_promised_size(box: dict[str, SimCluster]) -> None:
    assert list(box) == ["global", *WORKLOAD_CLUSTERS]
    pods = sum(cluster.store.count(PODS) for cluster in box.values())
    apps = sum(cluster.store.count(APPS) for cluster in box.values())
    rows = sum(len(releases(name)) for name in box)
    assert 1400 <= pods <= 1600
    assert 55 <= apps <= 65
    assert rows == 80


async def test_every_release_has_two_to_ten_revisions(box: dict[str, SimCluster]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for name, cluster in box.items():
        for kind in (SECRETS, ("", "configmaps"), ("app.alauda.io", "releases")):
            for stored in cluster.store.all(kind):
                if stored.labels.get("owner") == "helm":
                    counts[(name, stored.labels["name"])] += 1
    assert len(counts) == 80
    assert all(2 <= count <= 10 for count in counts.values())


async def test_payments_failed_at_42_and_41_still_serves(box: dict[str, SimCluster]) -> None:
    east = box["prod-east"]
    found = records(east, "payments-api")
    assert max(found) == 42
    assert {n: found[n]["info"]["status"] for n in (40, 41, 42)} == {40: "superseded", 41: "deployed", 42: "failed"}
    pods = [
        p
        for p in objects(east, PODS, "shop")
        if p["metadata"]["labels"].get("app.kubernetes.io/instance") == "payments-api"
    ]
    assert sum(map(ready, pods)) == 3
    waiting = [p for p in pods if reason(p) == "ImagePullBackOff"]
    assert len(waiting) == 2
    assert waiting[0]["spec"]["containers"][0]["image"] == "registry/pay:1.9.2"
    assert found[41]["chart"]["metadata"]["version"] == "1.9.1"
    app = next(a for a in objects(east, APPS, "shop") if a["metadata"]["name"] == "payments-api")
    assert app["status"]["state"] == "Partially Running"


async def test_the_other_incidents(box: dict[str, SimCluster]) -> None:
    crashing = [p for p in objects(box["prod-east"], PODS, "billing") if reason(p) == "CrashLoopBackOff"]
    assert crashing
    assert all(p["metadata"]["name"].startswith("invoice-worker-") for p in crashing)
    stuck = records(box["staging"], "orders-cache")
    assert stuck[max(stuck)]["info"]["status"] == "pending-upgrade"
    assert not [p for p in objects(box["prod-west"], PODS) if not ready(p)]
    assert box["edge-9"].faults.down == "hang"
    assert box["edge-7"].faults.latency_ms == 600


async def test_the_shop_is_at_91_percent_of_its_cores(box: dict[str, SimCluster]) -> None:
    quota = next(q for q in objects(box["prod-east"], ("", "resourcequotas"), "shop"))
    used = float(quota["status"]["used"]["requests.cpu"].rstrip("m"))
    hard = float(quota["status"]["hard"]["requests.cpu"].rstrip("m"))
    used, hard = (v * 1000 if v < 1000 else v for v in (used, hard))
    assert round(used / hard * 100) == 91


async def test_live_objects_are_those_of_the_applied_revision(box: dict[str, SimCluster]) -> None:
    west = box["prod-west"]
    record = records(west, "catalog-api")
    newest = record[max(record)]
    for document in yaml.safe_load_all(newest["manifest"]):
        resource = west.kinds.of_kind(document["apiVersion"], document["kind"])
        assert resource is not None
        stored = west.store.get(resource.key, "shop", document["metadata"]["name"])
        assert stored is not None
        live = stored.obj()
        assert live["metadata"]["labels"] == document["metadata"]["labels"]
        assert live["metadata"]["annotations"]["meta.helm.sh/release-name"] == "catalog-api"
        if document["kind"] == "Deployment":
            image = document["spec"]["template"]["spec"]["containers"][0]["image"]
            assert live["spec"]["template"]["spec"]["containers"][0]["image"] == image


async def test_captain_releases_have_their_request_in_global(box: dict[str, SimCluster]) -> None:
    requests = {r["spec"]["releaseName"] for r in objects(box["global"], ("app.alauda.io", "helmrequests"))}
    kept = {s.labels["name"] for s in box["prod-west"].store.all(("app.alauda.io", "releases"))}
    assert kept == requests
    one = objects(box["prod-west"], ("app.alauda.io", "releases"))[0]
    assert helm.decode_captain(one["spec"], one["status"])["manifest"]


async def test_the_fleet_is_a_function_of_its_seed() -> None:
    def bytes_of(seed: int) -> bytes:
        spec = next(s for s in fleet(Scenery(seed=seed, now=1_790_000_000)) if s.name == "edge-7")
        cluster = SimCluster(spec)
        cluster.populate()
        cluster.controllers.stop()
        return b"".join(s.raw for s in cluster.store.all(PODS))

    assert bytes_of(3) == bytes_of(3)
    assert bytes_of(3) != bytes_of(4)


async def test_rollouts_write_records_and_roll_pods(box: dict[str, SimCluster]) -> None:
    west = box["prod-west"]
    release = next(r for r in releases("prod-west") if r.name == "tax-api")
    rollouts = Rollouts(west, release)
    begun = rollouts.begin("1.4.3", version="1.4.3", description="Preparing upgrade")
    assert begun is not None
    assert rollouts.begin("1.4.4", version="1.4.4", description="Preparing upgrade") is None
    rollouts.end(begun, status="deployed", description="Upgrade complete")
    found = records(west, "tax-api")
    statuses = [found[number]["info"]["status"] for number in sorted(found)[-2:]]
    assert statuses == ["superseded", "deployed"]
    stored = west.store.get(("apps", "deployments"), "billing", "tax-api")
    assert stored is not None
    assert stored.obj()["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.4.3")


_RENDER = """
import json, sys, helm_python
path, name, namespace, values = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
with helm_python.Chart.load(path) as chart:
    print(json.dumps(chart.render(values, name=name, namespace=namespace)))
"""


@pytest.mark.parametrize("name", sorted(DESCRIPTIONS))
def test_what_the_scenery_renders_is_what_helm_renders(name: str) -> None:
    """The engine runs in a process of its own, as it does in the product."""
    from importlib import resources

    pytest.importorskip("helm_python")
    values = {
        "replicas": 4,
        "env": {"B": "2", "A": "1"},
        "config": {"settings": {"log.level": "debug"}, "flags": {"x": "on"}},
        "secrets": {"db": {"dsn": "postgres://x"}},
        "ingress": {"host": "a.example.org"},
        "autoscaling": {"minReplicas": 2, "maxReplicas": 6},
        "migrate": {"name": "demo-migrate", "image": "registry/m:1"},
    }
    path = str(resources.files("acp_tui.sim") / "charts" / name)
    ran = subprocess.run(
        [sys.executable, "-c", _RENDER, path, "demo", "space", json.dumps(values)],
        capture_output=True,
        text=True,
        check=True,
    )
    meta = yaml.safe_load((resources.files("acp_tui.sim") / "charts" / name / "Chart.yaml").read_text())
    base = yaml.safe_load((resources.files("acp_tui.sim") / "charts" / name / "values.yaml").read_text())
    assert base == chart(name).values(base["image"]["repository"], base["image"]["tag"])
    ours = Rendering(name, meta["version"], "demo", "space", overlay(base, values))
    job = ours.hook()
    expected = [obj for _, obj in ours.objects()] + ([job] if job else [])
    rendered = json.loads(ran.stdout)
    theirs = [
        doc for file, text in rendered.items() if file.endswith(".yaml") for doc in yaml.safe_load_all(text) if doc
    ]

    def by_name(found: list[Obj]) -> dict[tuple[str, str], Obj]:
        return {(o["kind"], o["metadata"]["name"]): o for o in found}

    assert by_name(theirs) == by_name(expected)
    notes = next(text for file, text in rendered.items() if file.endswith("NOTES.txt"))
    assert notes.strip() == ours.notes().strip()


@pytest.mark.parametrize("scale", [1.0, 3.0])
async def test_no_namespace_is_promised_more_than_its_project_may_give(scale: float) -> None:
    clusters = {spec.name: SimCluster(spec) for spec in fleet(Scenery(seed=11, scale=scale))}
    for cluster in clusters.values():
        cluster.populate()
        cluster.controllers.stop()
    checked = 0
    for project in objects(clusters["global"], ("auth.alauda.io", "projects")):
        for entry in project["spec"]["clusters"]:
            spaces = {d.namespace for d in releases(entry["name"]) if d.project == project["metadata"]["name"]}
            for resource, cap in entry["quota"].items():
                promised = [
                    quantity(quota["spec"]["hard"][resource])
                    for space in spaces
                    for quota in objects(clusters[entry["name"]], ("", "resourcequotas"), space)
                ]
                assert sum(promised) <= quantity(cap), (entry["name"], resource)
                checked += 1
    assert checked > 50


def quantity(text: str) -> Fraction:
    value = parse(text)
    assert value is not None
    return value
