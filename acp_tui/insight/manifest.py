"""The objects of a manifest as values: what each is called, how many pods it makes, which policy it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from acp_tui.model.refs import ObjectRef

Scope = Callable[[str, str], bool | None]
"""(group, kind) -> namespaced; None where the server does not serve the kind."""

WORKLOADS = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("apps", "ReplicaSet")})
RESOURCE_POLICY = "helm.sh/resource-policy"


class Part(Struct, frozen=True):
    """One object of a manifest; `body` is the object as written."""

    ref: ObjectRef
    version: str
    body: dict[str, Any]

    @property
    def kept(self) -> bool:
        """Helm leaves it in the cluster when it would delete it (`helm.sh/resource-policy: keep`)."""
        return str(annotations_of(self.body).get(RESOURCE_POLICY) or "").strip().lower() == "keep"

    @property
    def is_workload(self) -> bool:
        return (self.ref.group, self.ref.kind) in WORKLOADS


def parts(bodies: Iterable[dict[str, Any]], *, cluster: str, namespace: str, scope: Scope) -> tuple[Part, ...]:
    """Names each object; one without a namespace lies in that of the release unless its kind has none.

    A kind the server does not serve is taken as namespaced.
    """
    return tuple(_part(body, cluster, namespace, scope) for body in bodies)


def _part(body: dict[str, Any], cluster: str, namespace: str, scope: Scope) -> Part:
    group, _, version = str(body["apiVersion"]).rpartition("/")
    kind = str(body["kind"])
    metadata = body["metadata"]
    place = "" if scope(group, kind) is False else str(metadata.get("namespace") or namespace)
    name = str(metadata.get("name") or metadata.get("generateName"))
    return Part(ref=ObjectRef(cluster, group, kind, place, name), version=version, body=body)


def annotations_of(body: dict[str, Any]) -> dict[str, Any]:
    metadata = body.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def pod_template(body: dict[str, Any]) -> dict[str, Any] | None:
    """The pod template of a workload, None for everything that has none or (a CronJob) makes pods later."""
    spec = body.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    return template if isinstance(template, dict) and "spec" in template else None


def replicas(body: dict[str, Any]) -> int | None:
    """Pods a live or stored workload asks for; None where only the server knows (a DaemonSet that is not live)."""
    spec, status = body.get("spec"), body.get("status")
    if body.get("kind") == "DaemonSet":
        wanted = status.get("desiredNumberScheduled") if isinstance(status, dict) else None
        return wanted if isinstance(wanted, int) else None
    wanted = spec.get("replicas") if isinstance(spec, dict) else None
    return wanted if isinstance(wanted, int) else 1
