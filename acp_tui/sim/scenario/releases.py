"""Plants the catalog's releases: their records, the objects of the newest revision, their Application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.controllers.applications import INSTANCE, status_of
from acp_tui.sim.scenario.history import DAY, past_of, stamp, stored_of

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.scenario.history import Past
    from acp_tui.sim.scenario.plant import Planter

_PEOPLE = ("anna@example.org", "ci", "ben@example.org", "ci", "mira@example.org")


def plant_release(planter: Planter, release: Deployed) -> list[Past]:
    """One healthy release with its history; returns the revisions, newest first."""
    past = past_of(release, now=planter.now, rng=planter.cluster.rng)
    plant_records(planter, release, past)
    plant_objects(planter, release, past[0])
    if release.app:
        plant_application(planter, release, past)
    return past


def plant_records(planter: Planter, release: Deployed, past: list[Past]) -> None:
    first = min(p.deployed for p in past) - 20 * DAY
    for revision in past:
        head, make = stored_of(release, revision, first)
        planter.cluster.seed(head, make=make)


def live(release: Deployed, obj: Obj) -> Obj:
    """A rendered object with the marks its deployer leaves on it."""
    if release.store != "captain":
        obj["metadata"]["annotations"] = {
            "meta.helm.sh/release-name": release.name,
            "meta.helm.sh/release-namespace": release.namespace,
        }
    return obj


def plant_objects(planter: Planter, release: Deployed, current: Past) -> None:
    born = min(current.deployed, planter.now - 60 * DAY)
    services: list[Obj] = []
    for _, rendered in current.rendering(release).objects():
        obj = live(release, rendered)
        match obj["kind"]:
            case "Deployment":
                planter.deployment(obj, born=born, rolled=current.deployed, revision=current.number)
            case "StatefulSet":
                planter.statefulset(obj, born=born, rolled=current.deployed)
            case "Service":
                services.append(obj)  # planted last: they list the pods
            case "HorizontalPodAutoscaler":
                planter.put(autoscaled(obj, release.replicas), born=born, manager="helm")
            case "Ingress":
                obj["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
                planter.put(obj, born=born, manager="helm")
            case _:
                planter.put(obj, born=born, manager="helm")
    for service in services:
        planter.service(service, born=born)


def autoscaled(obj: Obj, replicas: int) -> Obj:
    """A HorizontalPodAutoscaler at rest."""
    utilization = {"averageUtilization": 48, "averageValue": "48m"}
    obj["status"] = {
        "currentReplicas": replicas,
        "desiredReplicas": replicas,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": utilization}}],
        "conditions": [
            {
                "type": "AbleToScale",
                "status": "True",
                "reason": "ReadyForNewScale",
                "message": "recommended size matches current size",
            },
            {
                "type": "ScalingActive",
                "status": "True",
                "reason": "ValidMetricFound",
                "message": "the HPA was able to compute the replica count",
            },
            {
                "type": "ScalingLimited",
                "status": "False",
                "reason": "DesiredWithinRange",
                "message": "the desired count is within the acceptable range",
            },
        ],
    }
    return obj


def plant_application(planter: Planter, release: Deployed, past: list[Past], *, with_history: bool = True) -> None:
    """The Application of a release, and the newest six entries of its history."""
    chart_app = release.store == "captain"
    annotations = {
        "cpaas.io/display-name": release.name.replace("-", " ").title(),
        "cpaas.io/creator": "admin@example.org",
    }
    labels = {INSTANCE: release.name}
    if chart_app:
        annotations |= {
            "app.cpaas.io/chart.source": f"public-charts/{release.chart}",
            "app.cpaas.io/chart.version": past[0].version,
        }
        labels["sync-from-helmrequest"] = "true"
    workload = "StatefulSet" if release.chart == "valkey" else "Deployment"
    app: Obj = {
        "apiVersion": "app.k8s.io/v1beta1",
        "kind": "Application",
        "metadata": {
            "name": release.name,
            "namespace": release.namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            "assemblyPhase": "Succeeded",
            "componentKinds": [
                {"group": "apps", "kind": workload},
                {"group": "", "kind": "Service"},
                {"group": "", "kind": "ConfigMap"},
            ],
            "descriptor": {"type": release.chart, "version": past[0].tag},
            "selector": {"matchLabels": {INSTANCE: release.name}},
        },
    }
    app["status"] = status_of(app, planter.cluster.store, planter.cluster.kinds)
    born = planter.now - 90 * DAY
    planter.put(app, born=born)
    for i, revision in enumerate(past[:6] if with_history else []):
        plant_history(planter, release, revision, user=_PEOPLE[i % len(_PEOPLE)], cause=f"release 2026.{47 - i}")


def plant_history(planter: Planter, release: Deployed, revision: Past, *, user: str, cause: str) -> None:
    entry: Obj = {
        "apiVersion": "app.k8s.io/v1beta1",
        "kind": "ApplicationHistory",
        "metadata": {
            "name": f"{release.name}-{revision.number}",
            "namespace": release.namespace,
            "labels": {"app.cpaas.io/name": release.name},
        },
        "spec": {
            "revision": revision.number,
            "user": user,
            "changeCause": cause,
            "creationTimestamp": stamp(revision.deployed),
            "resourceDiffs": {"create": [], "update": [{"kind": "Deployment", "name": release.name}], "delete": []},
        },
    }
    planter.put(entry, born=revision.deployed)
