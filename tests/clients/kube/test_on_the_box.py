"""The whole client against the simulated API server, with faults that come from its side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acp_tui.clients.kube.access import can, who_am_i
from acp_tui.clients.kube.apply import Patch, delete, patch
from acp_tui.clients.kube.context import Auth, Context, Secret
from acp_tui.clients.kube.discovery import Kinds, discover, version
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.lister import list_all, list_table
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.model.objects import Object
from acp_tui.sim.cluster import ClusterSpec, SimCluster
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import serve
from tests.fakes.kube import FakeSink

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


class Box:
    def __init__(self, cluster: SimCluster, transport: HttpTransport) -> None:
        self.cluster = cluster
        self.transport = transport

    async def put(self, name: str, *, owner: str = "web") -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"owner": owner}}}
        await patch(self.transport, f"{CONFIGMAPS}/{name}", json.dumps(body).encode(), kind=Patch.APPLY, force=True)

    async def drop(self, name: str) -> None:
        await delete(self.transport, f"{CONFIGMAPS}/{name}")


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with serve([ClusterSpec(name="one", pace=0.1)]) as fleet:
        cluster = fleet["one"]
        transport = HttpTransport(Context(name="one", server=cluster.url, auth=Auth(token=Secret(b"admin"))), env={})
        yield Box(cluster, transport)
        await transport.close()


@asynccontextmanager
async def following(box: Box, **options: Any) -> AsyncIterator[FakeSink]:
    """A reflector at work, with waits cut short."""
    sink = FakeSink()

    async def soon(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))

    reflector = Reflector(
        box.transport, CONFIGMAPS, Object, sink=sink, label_selector="owner=web", sleep=soon, **options
    )
    task = asyncio.create_task(reflector.run())
    try:
        async with asyncio.timeout(20):
            yield sink
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_it_finds_its_way_around(box: Box) -> None:
    kinds: Kinds = await discover(box.transport)
    configmap = kinds.find("cm")

    assert (await version(box.transport)).startswith("v1.")
    assert configmap is not None
    assert (await can(box.transport, "delete", configmap, "default")).allowed is True
    assert await who_am_i(box.transport)
    await box.put("a")
    table = await list_table(box.transport, configmap, namespace="default")
    assert ("a", "0") in [row.cells[:2] for row in table.rows]
    found = await list_all(box.transport, configmap, Object, namespace="default", metadata_only=True, limit=1)
    assert "a" in [item.metadata.name for item in found.items]


@pytest.mark.parametrize("metadata_only", [False, True])
async def test_a_sink_follows_what_happens(box: Box, metadata_only: bool) -> None:
    await box.put("a")
    async with following(box, metadata_only=metadata_only) as sink:
        await sink.until("a")
        await box.put("b")
        await box.put("other", owner="db")
        await sink.until("a", "b")
        await box.put("b", owner="db")
        await sink.until("a")
        await box.drop("a")
        await sink.until()

    assert sink.replacements == 1
    assert sink.errors == []


@pytest.mark.parametrize(
    "faults",
    [Faults(too_many=1.0), Faults(server_error=1.0), Faults(html=1.0), Faults(reset=1.0)],
    ids=["429", "500", "a web page", "reset"],
)
async def test_it_heals_when_the_server_does(box: Box, faults: Faults) -> None:
    await box.put("a")
    box.cluster.set_faults(faults)
    async with following(box) as sink:
        await sink.until_failed()
        box.cluster.set_faults(Faults())
        await sink.until("a")


async def test_after_the_server_forgot_the_version_nothing_deleted_meanwhile_stays(box: Box) -> None:
    await box.put("a")
    await box.put("b")
    sink = FakeSink()
    reflector = Reflector(box.transport, CONFIGMAPS, Object, sink=sink, label_selector="owner=web")
    reading = asyncio.create_task(reflector.pass_once())
    await sink.until("a", "b")
    reading.cancel()
    await asyncio.wait([reading])

    await box.drop("a")
    box.cluster.store.compact()
    await reflector.pass_once()
    assert sink.names == ["a", "b"]
    reading = asyncio.create_task(reflector.pass_once())
    await sink.until("b")
    reading.cancel()
    await asyncio.wait([reading])

    assert sink.replacements == 2
    assert sink.errors == []
