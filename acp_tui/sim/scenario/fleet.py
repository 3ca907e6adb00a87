"""The demo fleet: one global cluster and five workload clusters, each with its own story."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from acp_tui.sim.access import User
from acp_tui.sim.cluster import ADMIN, ClusterSpec
from acp_tui.sim.faults import Faults
from acp_tui.sim.images import ImageRules
from acp_tui.sim.scenario import incidents, platform
from acp_tui.sim.scenario.captain import plant_captain_objects
from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.plant import Planter
from acp_tui.sim.scenario.quotas import fullness, plant_quota
from acp_tui.sim.scenario.releases import plant_release

if TYPE_CHECKING:
    from collections.abc import Callable

    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.scenario.catalog import Deployed

PLATFORM = "https://acp.example.org"
WORKLOAD_CLUSTERS = ("prod-east", "prod-west", "staging", "edge-7", "edge-9")
_VERSIONS = {"staging": "v1.34.2", "edge-7": "v1.33.4", "edge-9": "v1.33.4"}
_WORKERS = {"prod-east": 39, "prod-west": 37, "staging": 9, "edge-7": 0, "edge-9": 0, "global": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """What the fleet is a function of; `now` is the moment all ages are counted from (epoch seconds)."""

    seed: int = 7
    scale: float = 1.0
    pace: float = 1.0
    admin_token: str = field(default="admin", repr=False)
    viewer_token: str = field(default="viewer", repr=False)
    now: float = field(default_factory=time.time)
    open_as: str = ADMIN.name


def fleet(scenery: Scenery) -> list[ClusterSpec]:
    """The clusters of the demo; nothing is built before a cluster's `populate` runs."""
    images = ImageRules(missing=frozenset({incidents.MISSING_IMAGE}), crashing=frozenset({incidents.CRASHING_IMAGE}))
    faults = {
        "edge-7": Faults(latency_ms=600, jitter_ms=120),
        "edge-9": Faults(down="hang"),
        "prod-east": Faults(latency_ms=4, jitter_ms=3),
        "prod-west": Faults(latency_ms=9, jitter_ms=4),
    }
    specs = []
    for name in ("global", *WORKLOAD_CLUSTERS):
        specs.append(
            ClusterSpec(
                name=name,
                version=_VERSIONS.get(name, "v1.33.7"),
                is_global=name == "global",
                platform=PLATFORM,
                tokens={scenery.admin_token: ADMIN, scenery.viewer_token: User("viewer")},
                open_as=scenery.open_as,
                faults=faults.get(name, Faults()),
                # The crash loop is prod-east's: elsewhere the same image is well.
                images=images if name == "prod-east" else ImageRules(missing=images.missing),
                populate=_populate_with(scenery),
                seed=scenery.seed,
                pace=scenery.pace,
            )
        )
    return specs


def _sized(release: Deployed, scenery: Scenery) -> Deployed:
    if scenery.scale == 1.0 or release.name == "payments-api":
        return release
    return replace(release, replicas=max(1, round(release.replicas * scenery.scale)))


def _populate_with(scenery: Scenery) -> Callable[[SimCluster], None]:
    def populate(cluster: SimCluster) -> None:
        planter = Planter(cluster, now=scenery.now)
        _populate(planter, scenery)

    return populate


def _populate(planter: Planter, scenery: Scenery) -> None:
    cluster = planter.cluster
    platform.plant_definitions(planter, is_global=cluster.spec.is_global)
    nodes = platform.plant_nodes(planter, workers=_WORKERS[cluster.name])
    platform.plant_system(planter, nodes, is_global=cluster.spec.is_global)
    if cluster.spec.is_global:
        platform.plant_projects(planter, list(WORKLOAD_CLUSTERS), seed=scenery.seed, scale=scenery.scale)
        plant_captain_objects(planter, list(WORKLOAD_CLUSTERS), sized=lambda release: _sized(release, scenery))
        return
    rows = releases(cluster.name)
    platform.plant_tenants(planter, ((d.namespace, d.project) for d in rows))
    platform.plant_viewer(planter, ("shop", "retail") if any(d.namespace == "shop" for d in rows) else ("retail",))
    for release in rows:
        sized = _sized(release, scenery)
        if (cluster.name, release.name) == ("prod-east", "payments-api"):
            incidents.plant_failed(planter, sized)
        elif (cluster.name, release.name) == ("prod-east", "invoice-worker"):
            incidents.plant_crash_loop(planter, sized)
        elif (cluster.name, release.name) == ("staging", "orders-cache"):
            incidents.plant_stuck(planter, sized)
        else:
            plant_release(planter, sized)
    for namespace, full in fullness(cluster.name, seed=scenery.seed).items():
        plant_quota(planter, namespace, fullness=full)
