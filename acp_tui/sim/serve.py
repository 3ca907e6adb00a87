"""A fleet on loopback ports, and the kubeconfig that leads to it."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acp_tui.sim.cluster import ADMIN, SimCluster

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence

    from acp_tui.sim.cluster import ClusterSpec
    from acp_tui.sim.live import Life


@dataclass(slots=True)
class Fleet:
    """The running clusters by name."""

    clusters: dict[str, SimCluster]
    life: Life | None = None

    def __getitem__(self, name: str) -> SimCluster:
        return self.clusters[name]

    def kubeconfig(self, *, user: str = ADMIN.name, ca: bytes | None = None) -> dict[str, Any]:
        """One merged kubeconfig: a context a cluster, all for the same user."""
        entries = [_entry(cluster, user, ca) for cluster in self.clusters.values()]
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "preferences": {},
            "clusters": [e["cluster"] for e in entries],
            "users": [e["user"] for e in entries],
            "contexts": [e["context"] for e in entries],
            "current-context": next(iter(self.clusters), ""),
        }


def _entry(cluster: SimCluster, user: str, ca: bytes | None) -> dict[str, Any]:
    token = next(t for t, u in cluster.spec.tokens.items() if u.name == user)
    assumed = cluster.spec.open_as and cluster.spec.open_as != user
    server: dict[str, Any] = {"server": f"{cluster.url}/as/{user}" if assumed else cluster.url}
    context: dict[str, Any] = {"cluster": cluster.name, "user": f"{cluster.name}-{user}", "namespace": "default"}
    if ca is not None:
        import base64

        server["certificate-authority-data"] = base64.b64encode(ca).decode()
    if cluster.spec.platform:
        mark = {
            "isGlobal": cluster.spec.is_global,
            "platformUrl": cluster.spec.platform,
            "sessionName": "demo",
            "clusterName": cluster.name,
            "description": "simulated",
        }
        for part in (server, context):
            part["extensions"] = [{"name": "acp.io/v1", "extension": mark}]
    return {
        "cluster": {"name": cluster.name, "cluster": server},
        "user": {"name": f"{cluster.name}-{user}", "user": {"token": token}},
        "context": {"name": cluster.name, "context": context},
    }


def write_private(path: Path, document: dict[str, Any]) -> None:
    """Write a kubeconfig (JSON is YAML) that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    draft.replace(path)


@asynccontextmanager
async def serve(
    specs: Sequence[ClusterSpec], *, tls: ssl.SSLContext | None = None, populate: bool = True, life: Life | None = None
) -> AsyncIterator[Fleet]:
    """Run clusters in this event loop until the context ends.

    Ports are open when the body starts; with `populate` objects are seeded one cluster after another in
    the background, a request that comes earlier seeds its own cluster first.
    """
    clusters = {spec.name: SimCluster(spec) for spec in specs}
    fleet = Fleet(clusters, life)
    await asyncio.gather(*(cluster.start(tls=tls) for cluster in clusters.values()))
    background: list[asyncio.Task[None]] = []
    if populate or life:
        background.append(asyncio.create_task(_fill(fleet)))
    try:
        yield fleet
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await asyncio.gather(*(cluster.stop() for cluster in clusters.values()))


async def _fill(fleet: Fleet) -> None:
    """Seed the clusters one by one, letting requests through between them; then let life begin."""
    for cluster in fleet.clusters.values():
        await asyncio.sleep(0.01)
        cluster.populate()
    if fleet.life is not None:
        await fleet.life.run(fleet)


def private_dir() -> Path:
    """A fresh directory for kubeconfigs, readable by the user alone."""
    import tempfile

    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(tempfile.mkdtemp(prefix="acp-tui-sim-", dir=base if base and Path(base).is_dir() else None))
