"""Captain at work on two simulated clusters, `global` and `east`, with a chart repository and a real Helm."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
import yaml

from acp_tui.clients.errors import NotFound
from acp_tui.clients.helm.engines import choose, find_engines
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.clients.kube.transport import Transport
from acp_tui.controlplane.captain import Captain
from acp_tui.controlplane.member import Member
from acp_tui.controlplane.settings import Settings
from acp_tui.sim.cluster import ClusterSpec, SimCluster
from acp_tui.sim.scenario import platform
from acp_tui.sim.scenario.plant import Planter
from acp_tui.sim.serve import serve, write_private
from acp_tui.wire.helm import decode_captain

FIXTURES = Path(__file__).parents[1] / "fixtures" / "captain"
NAMES = ("web-east", "hooky-east")
REQUESTS = "/apis/app.alauda.io/v1/namespaces/cpaas-system/helmrequests"
RELEASES = "/apis/app.alauda.io/v1alpha1/namespaces/default/releases"
EVENTS = "/api/v1/namespaces/cpaas-system/events"

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: a, image: nginx}]}
"""
HOOK = """apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-cleanup
  annotations: {helm.sh/hook: pre-delete, helm.sh/hook-delete-policy: before-hook-creation}
spec:
  activeDeadlineSeconds: 1
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:crash"}]}
"""
NOTES = "{{ .Release.Name }} has {{ .Values.replicas }} replicas.\n"


def pack(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    whole = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: '1'\n",
        "values.yaml": "replicas: 1\n",
        **files,
    }
    with tarfile.open(folder / f"{name}-{version}.tgz", "w:gz") as archive:
        for path, text in whole.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a repository: web 1.0.0, 1.1.0 (has notes), 1.2.0 (pre-upgrade fails), hooky 0.1.0 (pre-delete fails)."""
    folder = tmp_path_factory.mktemp("charts")
    pack(folder, "web", "1.0.0", {"templates/d.yaml": DEPLOYMENT})
    pack(folder, "web", "1.1.0", {"templates/d.yaml": DEPLOYMENT, "templates/NOTES.txt": NOTES})
    upgrade = HOOK.replace("pre-delete", "pre-upgrade")
    pack(folder, "web", "1.2.0", {"templates/d.yaml": DEPLOYMENT, "templates/j.yaml": upgrade})
    pack(folder, "hooky", "0.1.0", {"templates/d.yaml": DEPLOYMENT, "templates/j.yaml": HOOK})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Scene:
    """Both clusters as a person with kubectl sees them."""

    def __init__(self, main: Transport, east: Transport) -> None:
        self.main = main
        self.east = east

    async def get(self, transport: Transport, path: str) -> Any:
        return msgspec.json.decode((await transport.get(path)).body)

    async def post(self, transport: Transport, path: str, body: dict[str, Any]) -> Any:
        return msgspec.json.decode((await transport.send("POST", path, body=json.dumps(body).encode())).body)

    async def merge(self, transport: Transport, path: str, body: dict[str, Any]) -> None:
        await transport.send("PATCH", path, body=json.dumps(body).encode(), content_type="application/merge-patch+json")

    async def ask(self, name: str, chart: str, version: str, values: dict[str, Any], **spec: Any) -> None:
        """Creates a HelmRequest as the recorded ones were created."""
        wanted = {
            "chart": f"demo/{chart}", "version": version, "clusterName": "east", "namespace": "default",
            "releaseName": chart, "values": values, **spec,
        }  # fmt: skip
        body = {"apiVersion": "app.alauda.io/v1", "kind": "HelmRequest", "metadata": {"name": name}, "spec": wanted}
        await self.post(self.main, REQUESTS, body)

    async def change(self, name: str, **spec: Any) -> None:
        await self.merge(self.main, f"{REQUESTS}/{name}", {"spec": spec})

    async def request(self, name: str = "web-east") -> Any:
        return await self.get(self.main, f"{REQUESTS}/{name}")

    async def releases(self) -> list[Any]:
        return sorted((await self.get(self.east, RELEASES))["items"], key=lambda each: each["spec"]["version"])

    async def statuses(self) -> list[tuple[int, str]]:
        return [(each["spec"]["version"], each["status"]["status"]) for each in await self.releases()]

    async def events(self, reason: str) -> list[Any]:
        return [each for each in (await self.get(self.main, EVENTS))["items"] if each["reason"] == reason]

    async def synced(self, version: str, *, name: str = "web-east") -> Any:
        """The HelmRequest once this version of its spec is synced."""

        async def done() -> Any:
            found = await self.request(name)
            status = found.get("status") or {}
            good = status.get("phase") == "Synced" and status.get("version") == version
            return found if good and not status.get("reason") else None

        return await self.until(done)

    async def failed(self, name: str = "web-east") -> Any:
        async def done() -> Any:
            found = await self.request(name)
            return found if (found.get("status") or {}).get("phase") == "Failed" else None

        return await self.until(done)

    async def gone(self, transport: Transport, path: str) -> None:
        async def done() -> Any:
            try:
                await transport.get(path)
            except NotFound:
                return True
            return None

        await self.until(done)

    async def until(self, look: Callable[[], Awaitable[Any]], *, within: float = 30) -> Any:
        ends = asyncio.get_running_loop().time() + within
        while not (found := await look()):
            assert asyncio.get_running_loop().time() < ends, f"not within {within} s: {await self._told()}"
            await asyncio.sleep(0.03)
        return found

    async def _told(self) -> str:
        """What Captain says, for whoever reads why a test failed."""
        requests = (await self.get(self.main, REQUESTS))["items"]
        return json.dumps([each.get("status") for each in requests])


def _definitions(cluster: SimCluster) -> None:
    platform.plant_definitions(Planter(cluster, now=1_790_000_000.0), is_global=cluster.spec.is_global)


Play = Callable[..., Any]


@pytest.fixture
def play(charts: str, tmp_path: Path, engine: Any) -> Play:
    """`async with play(settings) as scene`: Captain runs as long as the scene does."""
    specs = [
        ClusterSpec(name=name, is_global=name == "global", open_as="admin", populate=_definitions, pace=0.05)
        for name in ("global", "east")
    ]

    async def helm() -> Any:
        return engine

    @asynccontextmanager
    async def played(settings: Settings | None = None) -> AsyncIterator[Scene]:
        async with serve(specs) as fleet:
            write_private(tmp_path / "kubeconfig", fleet.kubeconfig())
            contexts = load([tmp_path / "kubeconfig"]).contexts
            members = [Member(context) for context in contexts]
            scene = Scene(*(HttpTransport(context) for context in contexts))
            await _furnish(scene, charts)
            captain = Captain(
                members, main=members[0], engine=helm, settings=settings or Settings(first_retry=0.2, poll=0.05)
            )
            running = asyncio.create_task(captain.run())
            try:
                yield scene
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                await scene.main.close()
                await scene.east.close()

    return played


@pytest.fixture(scope="session")
def engine() -> Any:
    """The first Helm of this machine; the tests bring one inside Python."""
    return choose(find_engines())


async def _furnish(scene: Scene, charts: str) -> None:
    await scene.post(scene.main, "/api/v1/namespaces", {"metadata": {"name": "cpaas-system"}})
    base = "/apis/app.alauda.io/v1beta1/namespaces/cpaas-system"
    repository = {"apiVersion": "app.alauda.io/v1beta1", "kind": "ChartRepo", "metadata": {"name": "demo"}}
    await scene.post(scene.main, f"{base}/chartrepos", {**repository, "spec": {"url": charts}})
    for name, versions in (("web", ("1.0.0", "1.1.0", "1.2.0")), ("hooky", ("0.1.0",))):
        listed = [{"name": name, "version": each, "urls": [f"{name}-{each}.tgz"]} for each in versions]
        chart = {"apiVersion": "app.alauda.io/v1beta1", "kind": "Chart", "metadata": {"name": f"{name}.demo"}}
        await scene.post(scene.main, f"{base}/charts", {**chart, "spec": {"versions": listed}})


def recorded(step: str, kind: str) -> list[Any]:
    """Objects of one step as the real Captain left them; `kind` is global-helmrequests, workload-releases, …"""
    items: list[Any] = yaml.safe_load((FIXTURES / f"{step}-{kind}.yaml").read_text())["items"]
    return items


def payload(release: Any) -> dict[str, Any]:
    return decode_captain(release["spec"], release["status"])
