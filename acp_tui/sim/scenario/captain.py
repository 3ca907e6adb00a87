"""What the global cluster keeps for Captain: chart repositories, charts, HelmRequests, registered clusters."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.charts import DESCRIPTIONS
from acp_tui.sim.scenario.history import DAY, stamp
from acp_tui.sim.scenario.platform import SYSTEM

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.scenario.plant import Planter

REPOSITORY = "public-charts"


def plant_captain_objects(planter: Planter, clusters: list[str]) -> None:
    old = planter.now - 200 * DAY
    planter.put(
        {
            "apiVersion": "app.alauda.io/v1beta1",
            "kind": "ChartRepo",
            "metadata": {"name": REPOSITORY, "namespace": SYSTEM, "labels": {"project.cpaas.io/catalog": "true"}},
            "spec": {"type": "OCI", "url": "oci://charts.example.org/public"},
            "status": {"phase": "Synced"},
        },
        born=old,
    )
    versions: dict[str, set[tuple[int, int, int]]] = {name: set() for name in DESCRIPTIONS}
    for cluster in clusters:
        for release in releases(cluster):
            versions[release.chart].add(release.version)
            if release.store == "captain":
                planter.put(_request(planter, release, cluster), born=old)
        planter.put(_registered(cluster), born=old)
        planter.put(_platform_cluster(planter, cluster), born=old)
    for name, found in versions.items():
        entries = [
            {
                "name": name,
                "version": ".".join(map(str, v)),
                "appVersion": ".".join(map(str, v)),
                "description": DESCRIPTIONS[name],
            }
            for v in sorted(found, reverse=True)
        ]
        planter.put(
            {
                "apiVersion": "app.alauda.io/v1beta1",
                "kind": "Chart",
                "metadata": {"name": f"{name}.{REPOSITORY}", "namespace": SYSTEM, "labels": {"repo": REPOSITORY}},
                "spec": {"versions": entries},
            },
            born=old,
        )
    for name in ("base-operator", "cert-manager", "ovn"):
        planter.put(_component(planter, name), born=old)


def _request(planter: Planter, release: Deployed, cluster: str) -> Obj:
    version = ".".join(map(str, release.version))
    when = stamp(planter.now - 3 * DAY)
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": when, "message": ""}
        for kind, reason in (("Initialized", "ChartLoaded"), ("Validated", "Validated"), ("Synced", "ChartSynced"))
    ]
    return {
        "apiVersion": "app.alauda.io/v1",
        "kind": "HelmRequest",
        "metadata": {
            "name": f"{release.name}-{cluster}",
            "namespace": SYSTEM,
            "finalizers": ["captain.cpaas.io"],
            "annotations": {"alauda.io/create-app": "true", "alauda.io/project": release.project},
        },
        "spec": {
            "chart": f"{REPOSITORY}/{release.chart}",
            "version": version,
            "clusterName": cluster,
            "namespace": release.namespace,
            "releaseName": release.name,
            "values": {"replicas": release.replicas},
        },
        "status": {
            "phase": "Synced",
            "version": version,
            "lastSpecHash": str(zlib.crc32(f"{release.name}{version}".encode())),
            "conditions": conditions,
        },
    }


def _registered(cluster: str) -> Obj:
    return {
        "apiVersion": "clusterregistry.k8s.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": cluster, "namespace": SYSTEM},
        "spec": {
            "kubernetesApiEndpoints": {"serverEndpoints": [{"serverAddress": f"https://{cluster}.example.org:6443"}]}
        },
    }


def _platform_cluster(planter: Planter, cluster: str) -> Obj:
    healthy = cluster != "edge-9"
    check = {
        "type": "HealthCheck",
        "status": "True" if healthy else "False",
        "reason": "" if healthy else "FailedHealthCheck",
        "lastProbeTime": stamp(planter.now - 30),
    }
    return {
        "apiVersion": "platform.tkestack.io/v1",
        "kind": "Cluster",
        "metadata": {"name": cluster},
        "spec": {"type": "Imported", "displayName": cluster},
        "status": {"phase": "Running" if healthy else "Failed", "version": "1.33.7", "conditions": [check]},
    }


def _component(planter: Planter, name: str) -> Obj:
    when = stamp(planter.now - 40 * DAY)
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": when}
        for kind, reason in (("Validate", "Valid"), ("Sync", "Synced"), ("Health", "Healthy"))
    ]
    return {
        "apiVersion": "operator.alauda.io/v1alpha1",
        "kind": "AppRelease",
        "metadata": {"name": name, "namespace": SYSTEM},
        "spec": {"source": {"charts": [{"name": f"acp/{name}", "releaseName": name, "targetRevision": "v4.2.0"}]}},
        "status": {
            "conditions": conditions,
            "charts": {f"acp/{name}": {"phase": "Synced", "installedRevision": "v4.2.0"}},
        },
    }
