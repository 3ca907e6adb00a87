"""A cluster in memory behind the seams of the controllers, and a Helm that writes into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from acp_tui.clients.errors import Forbidden, NotFound
from acp_tui.clients.helm.engine import EngineRequest, EngineResult, HelmRun, OnOutput, Rendered
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.discovery import Kinds
from acp_tui.clients.kube.transport import Params, Response, TrafficStats
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.plan import Verb
from acp_tui.model.refs import Kind
from acp_tui.wire.helm import decode_secret, encode_secret
from acp_tui.wire.manifest import objects as parse

KINDS = (
    Kind("", "v1", "Namespace", "namespaces", namespaced=False),
    Kind("", "v1", "Pod", "pods"),
    Kind("", "v1", "Secret", "secrets"),
    Kind("", "v1", "ConfigMap", "configmaps"),
    Kind("", "v1", "Service", "services"),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    Kind("apps", "v1", "Deployment", "deployments"),
    Kind("apps", "v1", "ReplicaSet", "replicasets"),
    Kind("app.alauda.io", "v1", "HelmRequest", "helmrequests"),
)


class FakeStanding:
    """What the fleet would make of the cluster."""

    def __init__(self, name: str) -> None:
        self.names: tuple[str, ...] = (name,)
        self.role = Role.WORKLOAD
        self.production = False
        self.last_known: float | None = None


class FakeCluster:
    """Objects by path, with Deployments that roll at once: pods follow `rolled` when something is applied."""

    def __init__(self, name: str = "prod-east", *, kinds: Iterable[Kind] = KINDS) -> None:
        self.name = name
        self.context = Context(name=name, server="https://127.0.0.1:1", user_name="admin")
        self.store = FakeStanding(name)
        self.kinds = Kinds(kinds)
        self.stats = TrafficStats()
        self.objects: dict[str, dict[str, Any]] = {}
        self.denied: set[tuple[str, str]] = set()
        self.failures: dict[str, AcpTuiError] = {}
        self.asked: list[str] = []
        self.noes: dict[str, AcpTuiError] = {}
        self.rehearsed: list[tuple[str, str]] = []
        self.open_rehearsals = 0
        self.most_rehearsals = 0
        self.open_reviews = 0
        self.most_reviews = 0
        self._version = 100
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    @property
    def transport(self) -> FakeCluster:
        return self

    def path(self, body: dict[str, Any]) -> str:
        kind = self.kinds.by_api_version(body["apiVersion"], body["kind"])
        assert kind is not None, body["kind"]
        metadata = body["metadata"]
        return kind.path(metadata.get("namespace") or ("shop" if kind.namespaced else ""), metadata["name"])

    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Creates or replaces an object as the server keeps it: uid, resourceVersion, generation, namespace."""
        path = self.path(body)
        self._version += 1
        old = self.objects.get(path)
        metadata = {
            "uid": old["metadata"]["uid"] if old else f"uid-{self._version}",
            "generation": (old["metadata"]["generation"] if old else 0) + 1,
            **body["metadata"],
            "resourceVersion": str(self._version),
        }
        if "/namespaces/" in path and path.split("/namespaces/")[1].count("/"):
            metadata["namespace"] = path.split("/namespaces/")[1].split("/")[0]
        self.objects[path] = {**body, "metadata": metadata}
        return self.objects[path]

    def remove(self, body: dict[str, Any]) -> None:
        self.objects.pop(self.path(body), None)

    def deploy(self, body: dict[str, Any], *, ready: int | None = None, waiting: str = "") -> None:
        """A Deployment with its new pods: all ready, or the last ones waiting for a reason."""
        live = self.put(body)
        replicas = body["spec"]["replicas"]
        good = replicas if ready is None else ready
        labels = body["spec"]["selector"]["matchLabels"]
        for path in [path for path, each in self.objects.items() if each["kind"] == "Pod"]:
            if labels.items() <= self.objects[path]["metadata"]["labels"].items():
                del self.objects[path]
        live["status"] = {
            "observedGeneration": live["metadata"]["generation"],
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": good,
            "availableReplicas": good,
        }
        template = f"{body['metadata']['name']}-{self._version}"
        for index in range(replicas):
            self.put(_pod(f"{template}-{index}", template, labels, "" if index < good else waiting))

    def record(self, name: str, revision: int, status: str, **release: Any) -> None:
        """A Helm record of a release in namespace shop."""
        payload = {"name": name, "version": revision, "namespace": "shop", "manifest": "", **release}
        payload["info"] = {"status": status, "description": release.get("description", "")}
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {
                "name": f"sh.helm.release.v1.{name}.v{revision}",
                "labels": {"owner": "helm", "name": name, "status": status, "version": str(revision)},
                "creationTimestamp": "2026-11-20T10:00:00Z",
            },
            "data": {"release": encode_secret(payload)},
        }
        self.put(body)

    def release(self, name: str, revision: int) -> dict[str, Any]:
        path = f"/api/v1/namespaces/shop/secrets/sh.helm.release.v1.{name}.v{revision}"
        return decode_secret(self.objects[path]["data"]["release"])

    def restate(self, name: str, revision: int, status: str) -> None:
        """Writes another status into an existing record."""
        kept = {
            key: value for key, value in self.release(name, revision).items() if key in ("manifest", "chart", "hooks")
        }
        self.record(name, revision, status, **kept)

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        timeout: float = 30.0,
        raw: bool = False,
    ) -> Response:
        self.asked.append(path)
        if path in self.failures:
            raise self.failures[path]
        if path in self.objects:
            return _response(self.objects[path])
        collection = next((kind for kind in self.kinds.all if path.rsplit("/", 1)[-1] == kind.plural), None)
        if collection is None:
            raise NotFound(f"{self.name}: {path} not found", cluster=self.name, status=404)
        root = f"/apis/{collection.api_version}" if collection.group else f"/api/{collection.version}"
        inside = [
            body
            for key, body in self.objects.items()
            if (key.rsplit("/", 1)[0] == path if path != f"{root}/{collection.plural}" else key.startswith(root))
            and body["kind"] == collection.kind
            and _selected(body, str((params or {}).get("labelSelector", "")))
        ]
        return _response({"kind": "List", "metadata": {"resourceVersion": str(self._version)}, "items": inside})

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        params: Params | None = None,
        timeout: float = 30.0,
    ) -> Response:
        if (params or {}).get("dryRun") == "All":
            return await self._rehearse(method, path, json.loads(body) if body else {})
        assert path.endswith("selfsubjectaccessreviews"), "plans write nothing but reviews"
        self.open_reviews += 1
        self.most_reviews = max(self.most_reviews, self.open_reviews)
        await asyncio.sleep(0)
        self.open_reviews -= 1
        asked = json.loads(body)["spec"]["resourceAttributes"]
        allowed = (asked["verb"], asked["resource"]) not in self.denied
        return _response({"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}})

    async def _rehearse(self, method: str, path: str, body: dict[str, Any]) -> Response:
        """A dry run: what would be there afterwards, or the no that a test put under the path."""
        self.rehearsed.append((method, path))
        self.open_rehearsals += 1
        self.most_rehearsals = max(self.most_rehearsals, self.open_rehearsals)
        await asyncio.sleep(0)
        self.open_rehearsals -= 1
        if path in self.noes:
            raise self.noes[path]
        return _response(_merged(self.objects.get(path, {}), body))

    def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError("the controllers watch nothing")

    async def close(self) -> None:
        """Nothing is open."""


class FakeFleet:
    """Clusters by name."""

    def __init__(self, *clusters: FakeCluster) -> None:
        self._clusters = {cluster.name: cluster for cluster in clusters}

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._clusters)

    def session(self, name: str) -> FakeCluster:
        return self._clusters[name]


class FakeEngine:
    """Writes records as Helm does, and applies manifests with `apply`, which a test can make go wrong.

    With `gate` set it waits in the middle, after its record is pending, until the gate opens or it is cancelled.
    """

    def __init__(self, cluster: FakeCluster, *, name: str = "helm 4.1.0", limits: tuple[str, ...] = ()) -> None:
        self.name = name
        self.major = 4
        self.limits = limits
        self.rendered: Rendered | AcpTuiError | None = None
        self.requests: list[EngineRequest] = []
        self.says: tuple[str, ...] = ()
        self.fails = ""
        self.gate: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.apply: Callable[[dict[str, Any]], None] = self._apply
        self._cluster = cluster

    async def render(self, request: EngineRequest) -> Rendered:
        assert self.rendered is not None, "the test names what the chart renders to"
        if isinstance(self.rendered, AcpTuiError):
            raise self.rendered
        return self.rendered

    async def begin(self, request: EngineRequest, on_output: OnOutput) -> HelmRun:
        self.requests.append(request)
        return FakeRun(self, self._cluster, request, on_output)

    async def run(self, request: EngineRequest, on_output: OnOutput) -> EngineResult:
        return await (await self.begin(request, on_output)).result()

    def manifest_of(self, request: EngineRequest) -> str:
        if request.verb is Verb.ROLLBACK:
            assert request.revision is not None
            return str(self._cluster.release(request.release.name, request.revision)["manifest"])
        assert isinstance(self.rendered, Rendered)
        return self.rendered.manifest

    def _apply(self, body: dict[str, Any]) -> None:
        if body["kind"] == "Deployment":
            self._cluster.deploy(body)
        else:
            self._cluster.put(body)


class FakeRun:
    def __init__(self, engine: FakeEngine, cluster: FakeCluster, request: EngineRequest, heard: OnOutput) -> None:
        self._engine = engine
        self._cluster = cluster
        self._request = request
        self._heard = heard
        self._cancelled = False
        self._over = asyncio.Event()

    async def cancel(self) -> None:
        self._cancelled = True
        if self._engine.gate is not None:
            self._engine.gate.set()
        await self._over.wait()

    async def result(self) -> EngineResult:
        try:
            return await self._work()
        finally:
            self._over.set()

    async def _work(self) -> EngineResult:
        engine, cluster, request = self._engine, self._cluster, self._request
        name = request.release.name
        for line in engine.says:
            self._heard(line)
        if request.verb is Verb.UNINSTALL:
            return await self._uninstall()
        numbers = _revisions(cluster, name)
        new = max(numbers, default=0) + 1
        manifest = engine.manifest_of(request)
        pending = {"deploy": "install"}.get(request.verb.value, request.verb.value)
        cluster.record(name, new, f"pending-{pending}", manifest=manifest)
        engine.started.set()
        if engine.gate is not None:
            await engine.gate.wait()
        if self._cancelled:
            return EngineResult(ok=False, exit_code=-15, message="it stays pending", cancelled=True)
        if engine.fails:
            cluster.restate(name, new, "failed")
            return EngineResult(ok=False, exit_code=1, message=engine.fails)
        wanted = parse(manifest, origin="manifest")
        for body in wanted:
            engine.apply(body)
        names = {cluster.path(body) for body in wanted}
        for number in numbers[-1:]:
            for body in parse(cluster.release(name, number)["manifest"], origin="manifest"):
                if cluster.path(body) not in names:
                    cluster.remove(body)
        for number in numbers:
            cluster.restate(name, number, "superseded")
        cluster.restate(name, new, "deployed")
        return EngineResult(ok=True, exit_code=0)

    async def _uninstall(self) -> EngineResult:
        engine, cluster, name = self._engine, self._cluster, self._request.release.name
        numbers = _revisions(cluster, name)
        engine.started.set()
        if engine.fails:
            cluster.restate(name, numbers[-1], "uninstalling")
            return EngineResult(ok=False, exit_code=1, message=engine.fails)
        for body in parse(cluster.release(name, numbers[-1])["manifest"], origin="manifest"):
            kept = (body["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") == "keep"
            if not kept:
                cluster.remove(body)
        for number in numbers:
            del cluster.objects[f"/api/v1/namespaces/shop/secrets/sh.helm.release.v1.{name}.v{number}"]
        return EngineResult(ok=True, exit_code=0)


def forbidden(cluster: str, what: str) -> Forbidden:
    return Forbidden(f"{cluster}: {what} is forbidden", cluster=cluster, status=403, advice="ask an administrator")


def _revisions(cluster: FakeCluster, name: str) -> list[int]:
    prefix = f"/api/v1/namespaces/shop/secrets/sh.helm.release.v1.{name}.v"
    return sorted(int(path.removeprefix(prefix)) for path in cluster.objects if path.startswith(prefix))


def _pod(name: str, template: str, labels: dict[str, str], waiting: str) -> dict[str, Any]:
    state: dict[str, Any] = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    container = {"name": "web", "image": "x", "ready": not waiting, "restartCount": 0, "state": state}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {**labels, "pod-template-hash": template}},
        "spec": {"containers": [{"name": "web"}]},
        "status": {
            "phase": "Pending" if waiting else "Running",
            "conditions": [{"type": "Ready", "status": "False" if waiting else "True"}],
            "containerStatuses": [container],
        },
    }


def _merged(old: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    kept = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = _merged(kept.get(key), value)
    return kept


def _response(value: Any) -> Response:
    return Response(status=200, headers={}, body=json.dumps(value).encode())


def _selected(body: dict[str, Any], selector: str) -> bool:
    labels = body["metadata"].get("labels") or {}
    for word in filter(None, selector.split(",")):
        key, _, value = word.partition("=")
        if labels.get(key) != value:
            return False
    return True
