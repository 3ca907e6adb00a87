"""The charts of the scenery: their files, and what they render to, without Helm.

`render` says in Python what `charts/*/templates` say to Helm; a test holds the two together.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj

_DEFAULTS: Obj = {
    "replicas": 2,
    "strategy": {"maxSurge": "25%", "maxUnavailable": 0},
    "service": {"port": 8080},
    "env": {},
    "config": {"settings": {"log.level": "info"}},
    "secrets": {},
    "ingress": {"host": ""},
    "autoscaling": {"minReplicas": 0, "maxReplicas": 0},
    "migrate": {"name": "", "image": ""},
    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
}
DESCRIPTIONS = {
    "api": "An HTTP service with configuration, secrets, autoscaling and a database migration",
    "web": "A web front end behind an ingress",
    "worker": "A queue consumer",
    "search": "Product search",
    "gateway": "An edge gateway",
    "valkey": "An in-memory store",
}


@dataclass(frozen=True)
class Chart:
    """One chart by name; its files ship with the package."""

    name: str

    @cached_property
    def templates(self) -> tuple[tuple[str, str], ...]:
        """Template paths and texts, in the order Helm keeps them."""
        folder = resources.files("acp_tui.sim") / "charts" / self.name / "templates"
        found = sorted(folder.iterdir(), key=lambda entry: entry.name)
        return tuple((f"templates/{entry.name}", entry.read_text(encoding="utf-8")) for entry in found)

    def values(self, image: str, tag: str) -> Obj:
        return {**_DEFAULTS, "image": {"repository": image, "tag": tag}}

    def record(self, *, version: str, app_version: str, values: Obj) -> Obj:
        """The chart as a release record carries it."""
        return {
            "metadata": {
                "name": self.name,
                "version": version,
                "description": DESCRIPTIONS[self.name],
                "apiVersion": "v2",
                "appVersion": app_version,
                "type": "application",
            },
            "lock": None,
            "templates": [
                {"name": name, "data": base64.b64encode(text.encode()).decode()} for name, text in self.templates
            ],
            "values": values,
            "schema": None,
            "files": [],
        }


@cache
def chart(name: str) -> Chart:
    """The chart of that name, its files read once."""
    return Chart(name)


def overlay(base: Obj, change: Obj) -> Obj:
    """User values over chart values, as Helm coalesces them."""
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        merged[key] = overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


@dataclass(frozen=True, slots=True)
class Rendering:
    """One chart with its values under one release name."""

    chart: str
    version: str
    release: str
    namespace: str
    values: Obj

    def _selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.chart, "app.kubernetes.io/instance": self.release}

    def _object(self, api_version: str, kind: str, name: str, **parts: Any) -> Obj:
        labels = {
            **self._selector(),
            "app.kubernetes.io/version": self.values["image"]["tag"],
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": f"{self.chart}-{self.version}",
        }
        meta: Obj = {"name": name, "namespace": self.namespace, "labels": labels}
        return {"apiVersion": api_version, "kind": kind, "metadata": meta, **parts}

    def _template(self) -> Obj:
        values = self.values
        container = {
            "name": self.chart,
            "image": f"{values['image']['repository']}:{values['image']['tag']}",
            "ports": [{"name": "main", "containerPort": values["service"]["port"]}],
            "env": [{"name": k, "value": str(v)} for k, v in sorted(values["env"].items())],
            "resources": values["resources"],
        }
        labels = {**self._selector(), "app.kubernetes.io/version": values["image"]["tag"]}
        return {"metadata": {"labels": labels}, "spec": {"containers": [container]}}

    def objects(self) -> list[tuple[str, Obj]]:
        """Template file and object, in the order Helm installs kinds."""
        values = self.values
        found: list[tuple[str, Obj]] = []
        with_secrets = self.chart in ("api", "search")
        if with_secrets:
            for name, data in sorted(values["secrets"].items()):
                encoded = {k: base64.b64encode(v.encode()).decode() for k, v in sorted(data.items())}
                secret = self._object("v1", "Secret", f"{self.release}-{name}", type="Opaque", data=encoded)
                found.append(("secret.yaml", secret))
        for name, data in sorted(values["config"].items()):
            found.append(("configmap.yaml", self._object("v1", "ConfigMap", f"{self.release}-{name}", data=data)))
        port = {"name": "main", "port": values["service"]["port"], "targetPort": "main"}
        service = {"selector": self._selector(), "ports": [port]}
        found.append(("service.yaml", self._object("v1", "Service", self.release, spec=service)))
        found.append(self._workload())
        if with_secrets and values["autoscaling"]["maxReplicas"]:
            found.append(("autoscaler.yaml", self._autoscaler()))
        if self.chart in ("api", "web", "search", "gateway") and values["ingress"]["host"]:
            found.append(("ingress.yaml", self._ingress()))
        return found

    def _workload(self) -> tuple[str, Obj]:
        values = self.values
        spec: Obj = {"replicas": values["replicas"], "selector": {"matchLabels": self._selector()}}
        if self.chart == "valkey":
            spec = {"serviceName": self.release, **spec, "template": self._template()}
            return "statefulset.yaml", self._object("apps/v1", "StatefulSet", self.release, spec=spec)
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": dict(values["strategy"])}
        spec["template"] = self._template()
        return "deployment.yaml", self._object("apps/v1", "Deployment", self.release, spec=spec)

    def _autoscaler(self) -> Obj:
        target = {"type": "Utilization", "averageUtilization": 70}
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.release},
            "minReplicas": self.values["autoscaling"]["minReplicas"],
            "maxReplicas": self.values["autoscaling"]["maxReplicas"],
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
        return self._object("autoscaling/v2", "HorizontalPodAutoscaler", self.release, spec=spec)

    def _ingress(self) -> Obj:
        backend = {"service": {"name": self.release, "port": {"name": "main"}}}
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        rule = {"host": self.values["ingress"]["host"], "http": {"paths": [path]}}
        return self._object("networking.k8s.io/v1", "Ingress", self.release, spec={"rules": [rule]})

    def hook(self) -> Obj | None:
        """The migration Job that runs before an upgrade and a rollback."""
        migrate = self.values["migrate"]
        if self.chart not in ("api", "search") or not migrate["name"]:
            return None
        job = self._object("batch/v1", "Job", migrate["name"])
        job["metadata"]["annotations"] = {
            "helm.sh/hook": "pre-upgrade,pre-rollback",
            "helm.sh/hook-delete-policy": "before-hook-creation",
        }
        pod = {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": migrate["image"]}]}
        job["spec"] = {"backoffLimit": 2, "template": {"spec": pod}}
        return job

    def manifest(self) -> str:
        """The manifest text as Helm stores it."""
        return "".join(f"---\n# Source: {self.chart}/templates/{file}\n{to_yaml(obj)}" for file, obj in self.objects())

    def notes(self) -> str:
        tag, port = self.values["image"]["tag"], self.values["service"]["port"]
        return f"{self.release} {tag} is served on port {port} of Service {self.release}.\n"


def to_yaml(obj: Obj) -> str:
    import yaml

    text: str = yaml.dump(obj, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text
