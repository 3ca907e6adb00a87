"""What the global cluster keeps for Captain: chart repositories, charts, HelmRequests, registered clusters."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from acp_tui.controlplane.spechash import spec_hash
from acp_tui.sim.museum import PREFIX
from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.charts import DESCRIPTIONS
from acp_tui.sim.scenario.history import DAY, base_values, image_values, kept_versions, stamp
from acp_tui.sim.scenario.platform import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.scenario.plant import Planter

REPOSITORY = "public-charts"


def plant_captain_objects(planter: Planter, clusters: list[str], *, sized: Callable[[Deployed], Deployed]) -> None:
    """`sized` gives a release the replicas it was planted with."""
    old = planter.now - 200 * DAY
    planter.put(
        {
            "apiVersion": "app.alauda.io/v1beta1",
            "kind": "ChartRepo",
            "metadata": {"name": REPOSITORY, "namespace": SYSTEM, "labels": {"project.cpaas.io/catalog": "true"}},
            "spec": {"type": "Chart", "url": f"{planter.cluster.url}{PREFIX}"},
            "status": {"phase": "Synced"},
        },
        born=old,
    )
    versions: dict[str, set[str]] = {name: set() for name in DESCRIPTIONS}
    for cluster in clusters:
        for release in releases(cluster):
            versions[release.chart].update(kept_versions(release))
            if release.store == "captain":
                planter.put(_request(planter, sized(release), cluster), born=old)
        planter.put(_registered(cluster), born=old)
        planter.put(_platform_cluster(planter, cluster), born=old)
    for name, found in versions.items():
        entries = [
            {
                "name": name,
                "version": version,
                "appVersion": version,
                "description": DESCRIPTIONS[name],
                "urls": [f"{name}-{version}.tgz"],
            }
            for version in sorted(found, key=lambda text: [int(part) for part in text.split(".")], reverse=True)
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
    tag = _tag(release)
    request: Obj = {
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
            "values": base_values(release, release.revision, random.Random(0)) | image_values(release, tag),  # noqa: S311
        },
        "status": {
            "phase": "Synced",
            "version": version,
            "conditions": conditions,
        },
    }
    request["status"]["lastSpecHash"] = spec_hash(request)
    return request


def _tag(release: Deployed) -> str:
    """The image of the newest revision, as `past_of` has it."""
    return "8.1.2" if release.chart == "valkey" else ".".join(map(str, release.version))


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
