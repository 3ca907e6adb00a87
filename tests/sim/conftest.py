"""One simulated cluster, a client that speaks plain HTTP to it, and waiting on what its controllers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from acp_tui.sim.access import User
from acp_tui.sim.cluster import ADMIN, ClusterSpec, SimCluster
from acp_tui.sim.serve import serve

Obj = dict[str, Any]
TOKENS = {"admin": ADMIN, "viewer": User("viewer")}


class Answer:
    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class Api:
    """A thin client of one cluster, for one user."""

    def __init__(self, cluster: SimCluster, session: aiohttp.ClientSession, token: str = "admin") -> None:
        self.cluster = cluster
        self.session = session
        self.headers = {"Authorization": f"Bearer {token}"}

    def as_user(self, token: str) -> Api:
        return Api(self.cluster, self.session, token)

    async def ask(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **more: Any
    ) -> Answer:
        headers = {**self.headers, **more.pop("headers", {})}
        if body is not None:
            headers["Content-Type"] = kind
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.request(method, self.cluster.url + path, data=data, headers=headers, **more) as got:
            return Answer(got.status, got.headers, await got.text())

    async def get(self, path: str, **more: Any) -> Any:
        return (await self.ask("GET", path, **more)).body

    async def post(self, path: str, body: Obj) -> Any:
        answer = await self.ask("POST", path, body)
        assert answer.status == 201, answer.text
        return answer.body

    async def apply(self, path: str, body: Obj, *, manager: str, force: bool = False) -> Answer:
        query = f"?fieldManager={manager}&force={str(force).lower()}"
        return await self.ask("PATCH", path + query, body, kind="application/apply-patch+yaml")

    @asynccontextmanager
    async def watch(self, path: str, **more: Any) -> AsyncIterator[Callable[[], Any]]:
        """Open a watch; the yielded function awaits and returns the next event."""
        mark = "&" if "?" in path else "?"
        headers = {**self.headers, **more.pop("headers", {})}
        async with self.session.get(f"{self.cluster.url}{path}{mark}watch=1", headers=headers, **more) as got:

            async def following() -> Any:
                async with asyncio.timeout(5):
                    line = await got.content.readline()
                return json.loads(line) if line else None

            yield following

    async def until(
        self, kind: tuple[str, str], holds: Callable[[list[Obj]], bool], *, seconds: float = 15
    ) -> list[Obj]:
        """Wait until the objects of a kind are as wanted; looks after every change."""
        changed = asyncio.Event()
        self.cluster.store.listen(lambda _: changed.set())
        async with asyncio.timeout(seconds):
            while True:
                changed.clear()
                present = [stored.obj() for stored in self.cluster.store.all(kind)]
                if holds(present):
                    return present
                await changed.wait()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def api(session: aiohttp.ClientSession) -> AsyncIterator[Api]:
    """An empty cluster whose controllers are twenty times faster than life."""
    async with serve([ClusterSpec(name="one", pace=0.05, tokens=TOKENS)]) as fleet:
        fleet["one"].populate()
        yield Api(fleet["one"], session)


def config_map(name: str, **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, *, image: str = "web:1", replicas: int = 2, **spec: Any) -> Obj:
    labels = {"app": name}
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    body: Obj = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": body}


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def ready(pod: Obj) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def reason(pod: Obj) -> str:
    """The waiting reason of a pod's first container, empty where it does not wait."""
    entries = pod.get("status", {}).get("containerStatuses") or [{}]
    return str((entries[0].get("state", {}).get("waiting") or {}).get("reason", ""))
