"""A small fleet on loopback for the tests of this folder: a global cluster, one with trouble, one that may be down."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from acp_tui.clients.kube.context import Auth, Context, Secret
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.release import Store
from acp_tui.sim.cluster import ADMIN, ClusterSpec, SimCluster
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import Fleet as Box
from acp_tui.sim.serve import serve
from acp_tui.wire.helm import encode_captain, encode_record, encode_secret

Obj = dict[str, Any]
CRDS = (
    ("app.k8s.io", "v1beta1", "Application", "applications", "Namespaced"),
    ("app.alauda.io", "v1", "HelmRequest", "helmrequests", "Namespaced"),
    ("app.alauda.io", "v1alpha1", "Release", "releases", "Namespaced"),
    ("auth.alauda.io", "v1", "Project", "projects", "Cluster"),
)


def crd(group: str, version: str, kind: str, plural: str, scope: str) -> Obj:
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    open_schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": version, "served": True, "storage": True, "schema": open_schema}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": scope, "names": names, "versions": versions},
    }


def namespace(name: str, **labels: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def deployment(name: str, image: str, *, replicas: int = 2, labels: Obj | None = None, space: str = "shop") -> Obj:
    selector = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": space, "labels": labels or {}, "generation": 1},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": selector},
                "spec": {"containers": [{"name": "api", "image": image}]},
            },
        },
    }


def pod(name: str, *, space: str = "shop", status: Obj | None = None, **meta: Any) -> Obj:
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    spec = {"containers": [{"name": "api", "image": "registry/pay:1.9.2"}]}
    metadata = {"name": name, "namespace": space, **meta}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status or ready}


BROKEN = {
    "phase": "Pending",
    "containerStatuses": [
        {
            "name": "api",
            "image": "registry/pay:1.9.2",
            "ready": False,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "registry/pay:1.9.2: not found"}},
        }
    ],
}


def release(name: str, revision: int, status: str, *, manifest: str = "", description: str = "") -> Obj:
    return {
        "name": name,
        "namespace": "shop",
        "version": revision,
        "manifest": manifest,
        "config": {},
        "hooks": [],
        "chart": {"metadata": {"name": "api", "version": f"1.9.{revision}", "appVersion": "1"}, "values": {}},
        "info": {"status": status, "description": description},
    }


def record(kept: Obj, *, store: Store = Store.SECRET, at: float | None = None) -> Obj:
    """The object a release record is kept in."""
    status, revision = kept["info"]["status"], str(kept["version"])
    labels = {"owner": "helm", "name": kept["name"], "status": status, "version": revision}
    labels["modifiedAt"] = str(int(at if at is not None else time.time()))
    meta = {"name": f"sh.helm.release.v1.{kept['name']}.v{revision}", "namespace": "shop", "labels": labels}
    if store is Store.SECRET:
        data = {"release": encode_secret(kept)}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "helm.sh/release.v1", "data": data}
    if store is Store.CONFIGMAP:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"release": encode_record(kept)}}
    return {"apiVersion": "app.alauda.io/v1alpha1", "kind": "Release", "metadata": meta, "spec": encode_captain(kept)}


def quota(space: str, hard: dict[str, str], used: dict[str, str]) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "default", "namespace": space},
        "spec": {"hard": hard},
        "status": {"hard": hard, "used": used},
    }


def spec(name: str, objects: list[Obj], **more: Any) -> ClusterSpec:
    def populate(cluster: SimCluster) -> None:
        for each in (*(crd(*row) for row in CRDS), *objects):
            cluster.seed(each)

    return ClusterSpec(name=name, populate=populate, tokens=more.pop("tokens", {"admin": ADMIN}), pace=0.01, **more)


def create(cluster: SimCluster, obj: Obj) -> Obj:
    """A write that watches see, unlike a seed."""
    kind = cluster.kinds.of_kind(obj["apiVersion"], obj["kind"])
    assert kind is not None
    return cluster.writer.create(kind, obj, namespace=obj["metadata"].get("namespace", ""))


def context(cluster: SimCluster, *, token: str = "admin", **more: Any) -> Context:
    return Context(cluster.name, cluster.url, cluster.name, auth=Auth(token=Secret(token.encode())), **more)


@asynccontextmanager
async def fleet_of(
    *specs: ClusterSpec, contexts: Callable[[Box], list[Context]] | None = None, down: Faults | None = None, **more: Any
) -> AsyncIterator[tuple[Fleet, Box]]:
    """A started fleet on simulated clusters; the last one misbehaves as `down` says from the beginning."""
    async with serve(specs) as box:
        if down is not None:
            box[specs[-1].name].set_faults(down)
        given = contexts(box) if contexts else [context(cluster) for cluster in box.clusters.values()]
        fleet = Fleet(given, **more)
        fleet.start()
        try:
            yield fleet, box
        finally:
            await fleet.close()
