"""How many bytes the list of releases moves, beside `helm list -A`, on a real API server."""

from __future__ import annotations

import asyncio
import base64
import random
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from bench.measure import Measure, Skipped
from bench.proxy import CountingProxy

if TYPE_CHECKING:
    from acp_tui.clients.kube.http import HttpTransport
    from testbed.bed import Bed

NAMESPACE = "bench-releases"
NOISE = 12_500
"""Random bytes in a payload: in hexadecimal, zipped and in base64 they make about 20 KB, as a usual chart does."""

BUDGET = 0.01
API_SECONDS = 0.3


class Weighed(msgspec.Struct, frozen=True):
    """Bytes that each client moved, the releases that ours showed, the size of one stored payload, the seconds that the
    API server took for our list, seconds of helm from start to end, and requests for the history of one release."""

    ours: int
    helm: int
    releases: int
    payload: int
    seconds: float
    helm_seconds: float
    history: int


def measure() -> Iterable[Measure]:
    """500 releases of 10 revisions."""
    from testbed.bed import Bed
    from testbed.process import BedError

    try:
        with Bed(("bench",), nodes=1) as bed:
            weighed = weigh(bed, "bench", releases=500, revisions=10)
    except BedError as error:
        raise Skipped(str(error)) from error
    what = f"list of {weighed.releases} releases × 10 revisions of {weighed.payload / 1000:.0f} KB"
    return [
        Measure(what, "bytes", weighed.ours, "helm list -A", weighed.helm, BUDGET),
        Measure(f"{what}: until the server has answered", "s", weighed.seconds, "budget", API_SECONDS, 1.0),
        Measure(f"{what}: until the server has answered", "s", weighed.seconds, "helm list -A", weighed.helm_seconds),
        Measure("history of a release: requests", "", weighed.history, "budget", 1, 1.0),
    ]


def weigh(bed: Bed, cluster: str, *, releases: int, revisions: int) -> Weighed:
    """Creates the releases in a namespace of their own and weighs both lists on the way to the API server."""
    server = urlsplit(bed[cluster].server)
    payload = asyncio.run(_create(bed, cluster, releases, revisions))
    with CountingProxy(server.hostname or "", server.port or 0) as proxy:
        kubeconfig = _through(bed, proxy)
        began = time.perf_counter()
        helm = _helm_list(bed, cluster, kubeconfig, proxy, expect=releases)
        helm_seconds = time.perf_counter() - began
        before = proxy.moved
        shown, seconds = asyncio.run(_our_list(kubeconfig, cluster))
        ours = proxy.moved - before
        history = asyncio.run(_history(kubeconfig, cluster, revisions))
    bed[cluster].request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    return Weighed(
        ours=ours,
        helm=helm,
        releases=shown,
        payload=payload,
        seconds=seconds,
        helm_seconds=helm_seconds,
        history=history,
    )


def _through(bed: Bed, proxy: CountingProxy) -> Path:
    """The bed's kubeconfig with every server behind the proxy; the certificate is for the loopback address."""
    import yaml

    config = yaml.safe_load(bed.kubeconfig.read_text())
    for each in config["clusters"]:
        each["cluster"]["server"] = f"https://127.0.0.1:{proxy.port}"
    path = bed.folder / "bench.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path


def _helm_list(bed: Bed, cluster: str, kubeconfig: Path, proxy: CountingProxy, *, expect: int) -> int:
    """Bytes of `helm list -A`, which must find the releases; asked in JSON, so that they can be counted."""
    before = proxy.moved
    done = subprocess.run(
        [
            str(bed.binaries / "helm4"),
            *(f"--kubeconfig={kubeconfig}", f"--kube-context=bed-{cluster}"),
            *("list", "-A", "--max=0", "-o", "json"),
        ],
        env=bed.env(kubeconfig),
        capture_output=True,
        check=True,
        timeout=300,
    )
    found = sum(row["namespace"] == NAMESPACE for row in msgspec.json.decode(done.stdout))
    if found != expect:
        raise AssertionError(f"helm lists {found} releases of {expect}")
    return proxy.moved - before


class _Counted:
    """A sink that knows how many releases its collection holds once the first list is there."""

    def __init__(self) -> None:
        self.filled = asyncio.Event()
        self.names: set[str] = set()

    def arrived(self, items: Sequence[Any]) -> None: ...

    def replaced(self, items: Sequence[Any]) -> None:
        self.names = {item.metadata.labels["name"] for item in items if item.metadata.namespace == NAMESPACE}
        self.filled.set()

    def applied(self, item: Any) -> None: ...

    def deleted(self, item: Any) -> None: ...

    def live(self, at: float) -> None: ...

    def failed(self, error: Exception, at: float) -> None:
        raise error


async def _our_list(kubeconfig: Path, cluster: str) -> tuple[int, float]:
    """What the console does for its list of releases: the first pass over the stores that Helm keeps records in.

    The releases, and the seconds it took over a connection that stood.
    """
    from acp_tui.clients.kube.http import HttpTransport
    from acp_tui.clients.kube.kubeconfig import load
    from acp_tui.clients.kube.reflector import Reflector
    from acp_tui.fleet.watchplan import BUILT_IN_PLURALS, PLAN

    transport = HttpTransport(load([kubeconfig]).context(f"bed-{cluster}"))
    sinks: list[_Counted] = []
    passes: list[asyncio.Task[float]] = []
    await transport.get("/readyz")
    began = time.perf_counter()
    try:
        for watch in PLAN:
            if watch.id not in ("helm-secrets", "helm-configmaps"):
                continue
            sink = _Counted()
            reflector = Reflector(
                transport,
                f"/api/v1/{BUILT_IN_PLURALS[watch.kind]}",
                watch.type,
                sink=sink,
                label_selector=watch.label_selector,
                field_selector=watch.field_selector,
                metadata_only=watch.metadata_only,
            )
            sinks.append(sink)
            passes.append(asyncio.create_task(reflector.pass_once()))
        async with asyncio.timeout(60):
            await asyncio.gather(*(sink.filled.wait() for sink in sinks))
        seconds = time.perf_counter() - began
    finally:
        for each in passes:
            each.cancel()
        await asyncio.gather(*passes, return_exceptions=True)
        await transport.close()
    return len(set[str]().union(*(sink.names for sink in sinks))), seconds


async def _history(kubeconfig: Path, cluster: str, revisions: int) -> int:
    """Requests until all revisions of one release are there."""
    from acp_tui.clients.helm.records import Records
    from acp_tui.clients.kube.http import HttpTransport
    from acp_tui.clients.kube.kubeconfig import load
    from acp_tui.model.release import ReleaseRef

    transport = HttpTransport(load([kubeconfig]).context(f"bed-{cluster}"))
    try:
        found = await Records(transport).history(ReleaseRef(f"bed-{cluster}", NAMESPACE, "release-001"))
    finally:
        await transport.close()
    if len(found) != revisions:
        raise AssertionError(f"{len(found)} revisions of {revisions}")
    return transport.stats.requests


async def _create(bed: Bed, cluster: str, releases: int, revisions: int) -> int:
    """Writes the records as Helm would leave them, sixteen at a time; returns the size of one payload."""
    from acp_tui.clients.kube.http import HttpTransport
    from acp_tui.clients.kube.kubeconfig import load

    bed[cluster].request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    transport = HttpTransport(load([bed.kubeconfig]).context(f"bed-{cluster}"))
    room = asyncio.Semaphore(16)
    chance = random.Random(7)
    try:
        async with asyncio.TaskGroup() as group:
            made = [
                group.create_task(_post(transport, room, chance, (f"release-{number:03}", revision, revisions)))
                for number in range(releases)
                for revision in range(1, revisions + 1)
            ]
    finally:
        await transport.close()
    return max(task.result() for task in made)


async def _post(
    transport: HttpTransport, room: asyncio.Semaphore, chance: random.Random, which: tuple[str, int, int]
) -> int:
    async with room:
        record = _record(chance, *which)
        await transport.send("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", body=msgspec.json.encode(record))
    return len(base64.b64decode(record["data"]["release"]))


def _record(chance: random.Random, name: str, revision: int, last: int) -> dict[str, Any]:
    """The Secret of one revision: every one but the last is superseded."""
    from acp_tui.wire.helm import NAME_PREFIX, SECRET_TYPE, encode_secret

    status = "deployed" if revision == last else "superseded"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    release = {
        "name": name,
        "namespace": NAMESPACE,
        "version": revision,
        "info": {"status": status, "first_deployed": at, "last_deployed": at, "description": "Upgrade complete"},
        "chart": {
            "metadata": {"apiVersion": "v2", "name": "web", "version": f"1.{revision}.0", "appVersion": "1.0"},
            "templates": [{"name": "templates/all.yaml", "data": chance.randbytes(NOISE // 2).hex()}],
            "values": {"replicas": 3},
        },
        "config": {"image": {"tag": f"1.{revision}.0"}},
        "manifest": f"# {chance.randbytes(NOISE // 2).hex()}\n",
    }
    labels = {
        "owner": "helm",
        "name": name,
        "status": status,
        "version": str(revision),
        "modifiedAt": str(int(time.time())),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": {"name": f"{NAME_PREFIX}{name}.v{revision}", "labels": labels},
        "data": {"release": encode_secret(release)},
    }
