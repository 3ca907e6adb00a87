"""Fixtures of the system tests: a bed of two real clusters, the real clients, and a namespace of one's own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from testbed import scenery
from testbed.bed import Bed, binaries_folder, missing_binaries
from tests.system.helmrequests import catalog  # noqa: F401 - a fixture of every test of this folder
from tests.system.ward import engines, ward  # noqa: F401 - fixtures of every test of this folder

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Folder of the real programs; skips with the reason where the bed was not built, fails there under CI=true."""
    folder = binaries_folder()
    missing = missing_binaries(folder)
    if not missing:
        return folder
    reason = f"test bed not built: {', '.join(missing)} not in {folder} (testbed/build.sh builds it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def bed(binaries: Path) -> Iterator[Bed]:
    """Two clusters for the whole session, `bed["east"]` and `bed["west"]`: three nodes each, serving ACP's kinds.

    Shared by all tests: work in your `namespace`. A test that stops or freezes an API server takes `private_bed`.
    """
    assert binaries
    with Bed(("east", "west")) as running:
        for name in running.clusters:
            scenery.install_platform(running, name)
        yield running


@pytest.fixture
def private_bed(binaries: Path) -> Iterator[Bed]:
    """Two clusters for one test alone, which may stop, freeze and restart their processes; 4 s to start."""
    assert binaries
    with Bed(("east", "west"), nodes=1) as running:
        yield running


@pytest.fixture
def namespace(bed: Bed, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace named after the test, made on every cluster of the bed and deleted (not waited for) afterwards."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_")).strip("-")
    name = f"t-{words[:40].strip('-')}-{os.urandom(2).hex()}"
    for cluster in bed.clusters.values():
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    for cluster in bed.clusters.values():
        cluster.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def kubeconfig(bed: Bed) -> Path:
    """Kubeconfig of the administrator: contexts bed-east (current) and bed-west."""
    return bed.kubeconfig


@pytest.fixture(scope="session")
def restricted_kubeconfig(bed: Bed) -> Path:
    """The same contexts as a user with the role `view`: may read workloads, gets 403 on Secrets, nodes and writes."""
    return bed.restricted_kubeconfig


@pytest.fixture(scope="session")
def bed_env(bed: Bed) -> dict[str, str]:
    """Environment for programs: KUBECONFIG, PATH with helm3, helm4 and kubectl first, a Helm home of its own."""
    return bed.env()


@pytest.fixture(scope="session")
def helm3(binaries: Path) -> Path:
    """Path of a real helm 3."""
    return binaries / "helm3"


@pytest.fixture(scope="session")
def helm4(binaries: Path) -> Path:
    """Path of a real helm 4."""
    return binaries / "helm4"


@pytest.fixture(scope="session")
def kubectl(binaries: Path) -> Path:
    """Path of a real kubectl 1.34."""
    return binaries / "kubectl"


@pytest.fixture(scope="session")
def run(bed: Bed) -> Run:
    """`run("kubectl", "--context=bed-east", "get", "pods", stdin="", check=True)`: completed process, text outputs.

    A failure raises BedError with both outputs unless check=False.
    """
    return partial(scenery.run, bed)


@pytest.fixture(scope="session")
def chart(bed: Bed) -> Callable[[str], Path]:
    """`chart("1.1.0")`: archive of the chart `web` in that version; the chart's folder is scenery.CHART."""
    return partial(scenery.package, bed)


@pytest.fixture(scope="session")
def chart_repository(bed: Bed, chart: Callable[[str], Path]) -> Iterator[str]:
    """URL of a chart repository on loopback with `web` 1.0.0, 1.1.0 and 1.2.0."""
    folder = {chart(version).parent for version in ("1.0.0", "1.1.0", "1.2.0")}.pop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietFiles, directory=str(folder)))
    url = f"http://127.0.0.1:{server.server_port}"
    scenery.run(bed, "helm4", "repo", "index", str(folder), "--url", url)
    Thread(target=server.serve_forever, daemon=True).start()
    yield url
    server.shutdown()
    server.server_close()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return
