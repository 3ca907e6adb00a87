"""Captain in the box: asleep until a HelmRequest changes, then as real as anywhere."""

from __future__ import annotations

import asyncio
import json
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controlplane.spechash import spec_hash
from acp_tui.sim.captain import keep_captain
from acp_tui.sim.museum import archive
from acp_tui.sim.scenario.fleet import Scenery
from acp_tui.sim.scenario.fleet import fleet as demo_fleet
from acp_tui.sim.serve import serve, write_private

REQUEST = "/apis/app.alauda.io/v1/namespaces/cpaas-system/helmrequests/session-cache-prod-west"


class Box:
    def __init__(self, main: HttpTransport, west: HttpTransport, duty: asyncio.Task[None]) -> None:
        self.main = main
        self.west = west
        self.duty = duty

    async def request(self) -> Any:
        return json.loads((await self.main.get(REQUEST)).body)

    async def change(self, spec: dict[str, Any]) -> None:
        body = json.dumps({"spec": spec}).encode()
        await self.main.send("PATCH", REQUEST, body=body, content_type="application/merge-patch+json")

    async def until(self, look: Callable[[Any], bool]) -> Any:
        ends = asyncio.get_running_loop().time() + 40
        while not look(found := await self.request()):
            assert asyncio.get_running_loop().time() < ends, found.get("status")
            assert not self.duty.done(), self.duty
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def box(folder: Path) -> AsyncIterator[Box]:
    wanted = ("global", "prod-west")
    specs = [spec for spec in demo_fleet(Scenery(pace=0.05, scale=0.05)) if spec.name in wanted]
    async with serve(specs) as fleet:
        kubeconfig = folder / "kubeconfig"
        write_private(kubeconfig, fleet.kubeconfig())
        main, west = (HttpTransport(context) for context in load([kubeconfig]).contexts)
        duty = asyncio.create_task(keep_captain(fleet, kubeconfig))
        try:
            yield Box(main, west, duty)
        finally:
            duty.cancel()
            with suppress(asyncio.CancelledError):
                await duty
            await main.close()
            await west.close()


async def test_what_is_planted_is_in_step_so_that_nothing_is_synced_anew(tmp_path: Path) -> None:
    async with box(tmp_path) as demo:
        request = await demo.request()
        assert request["status"]["lastSpecHash"] == spec_hash(request)
        assert request["spec"]["values"]["image"]["tag"] == "8.1.2"


async def test_a_changed_request_is_synced_with_the_boxs_own_charts(tmp_path: Path) -> None:
    async with box(tmp_path) as demo:
        await demo.change({"version": "2.4.0"})
        request = await demo.until(lambda found: found["status"]["version"] == "2.4.0")
        assert request["status"]["phase"] == "Synced"
        path = "/apis/app.alauda.io/v1alpha1/namespaces/identity/releases"
        listed = json.loads((await demo.west.get(path, params={"labelSelector": "name=session-cache"})).body)["items"]
        newest = max(listed, key=lambda each: int(each["metadata"]["labels"]["version"]))
        assert newest["metadata"]["labels"]["status"] == "deployed"
        assert newest["metadata"]["labels"]["version"] == "6"


async def test_without_helm_the_reason_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acp_tui.controlplane.engine.find_engines", lambda: ())
    async with box(tmp_path) as demo:
        await demo.change({"version": "2.4.0"})
        request = await demo.until(lambda found: found["status"]["phase"] == "Failed")
        assert request["status"]["reason"].startswith("No Helm engine is found")


def test_a_chart_of_the_museum_is_the_same_at_every_look() -> None:
    first, again = (archive("/_sim/charts/web-1.2.3.tgz").body for _ in range(2))
    assert isinstance(first, bytes)
    assert first == again
    with tarfile.open(fileobj=BytesIO(first)) as tar:
        chart = tar.extractfile("web/Chart.yaml")
        assert chart is not None
        assert "version: 1.2.3" in chart.read().decode()


def test_the_box_starts_without_the_platforms_controllers() -> None:
    import subprocess

    code = (
        "import sys, acp_tui.sim.serve, acp_tui.sim.captain\n"
        "loaded = [name for name in sys.modules if name.startswith(('acp_tui.clients', 'acp_tui.controlplane'))]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
