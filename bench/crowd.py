"""Ten thousand pods on a real API server that nobody tends, so that it stands still while clients are measured."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any

from bench.pod import SPACES, pod

if TYPE_CHECKING:
    import aiohttp

    from testbed.cluster import Cluster

AT_ONCE = 24


def fill(cluster: Cluster, *, pods: int, token: str) -> None:
    """Stops controllers, scheduler and kubelets, and writes pods with their status, spread over 20 namespaces."""
    for process in cluster.processes[:-1]:
        process.stop()
    asyncio.run(_fill(cluster, pods, token))


async def _fill(cluster: Cluster, pods: int, token: str) -> None:
    import aiohttp

    trust = ssl.create_default_context(cafile=str(cluster.ca))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    room = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(
        cluster.server, headers=headers, connector=aiohttp.TCPConnector(ssl=trust, limit=AT_ONCE)
    ) as session:
        for number in range(SPACES):
            name = {"metadata": {"name": f"team-{number:02d}"}}
            await _write(session, room, "POST", "/api/v1/namespaces", name)
        async with asyncio.TaskGroup() as group:
            for number in range(pods):
                group.create_task(_pod(session, room, number))


async def _pod(session: aiohttp.ClientSession, room: asyncio.Semaphore, number: int) -> None:
    made = pod(number)
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generateName"):
        del made["metadata"][field]
    path = f"/api/v1/namespaces/{made['metadata']['namespace']}/pods"
    await _write(session, room, "POST", path, made)
    await _write(session, room, "PUT", f"{path}/{made['metadata']['name']}/status", made)


async def _write(
    session: aiohttp.ClientSession, room: asyncio.Semaphore, method: str, path: str, body: dict[str, Any]
) -> None:
    async with room, session.request(method, path, data=json.dumps(body)) as answer:
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {(await answer.text())[:300]}")
