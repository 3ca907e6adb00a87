"""All that is known of one cluster, and which views that touches when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from acp_tui.fleet.shelf import NodeShelf, PodShelf, Shelf
from acp_tui.fleet.watchplan import PLAN, Watch
from acp_tui.model.cluster import Role
from acp_tui.model.freshness import NEVER, Freshness
from acp_tui.model.objects import (
    ApplicationObject,
    HelmRequest,
    Job,
    Object,
    Pod,
    Project,
    ResourceQuota,
    Workload,
)
from acp_tui.model.platform import AppRelease
from acp_tui.model.refs import Clock, Kind
from acp_tui.model.release import ReleaseRef

PROJECT_LABEL = "cpaas.io/project"


class Told(Struct, frozen=True):
    """What only the payload of a release record says; values and manifest are not kept, values as a hash alone."""

    chart: str
    chart_version: str
    app_version: str
    description: str
    values_hash: str = ""


class Store:
    """The live picture of one cluster.

    `names` are the names others may call this cluster by (the platform's, the kubeconfig's), `platform` the address
    of the platform it belongs to. `told` is what records said that were read, by release and revision.
    """

    def __init__(self, cluster: str, *, clock: Clock, changed: Callable[[frozenset[str]], None]) -> None:
        self.cluster = cluster
        self.clock = clock
        self.production = False
        self.server = ""
        self.role = Role.PLAIN
        self.names: tuple[str, ...] = (cluster,)
        self.platform = ""
        self.version = ""
        self.dialled = False
        self.reachable: bool | None = None
        self.latency_ms: float | None = None
        self.problem = ""
        self.unready = ""
        self.freshness: Freshness = NEVER
        self.remembered_at: float | None = None
        self.told: dict[tuple[ReleaseRef, int], Told] = {}
        self._changed = changed
        touched = self._touched
        shelves: dict[str, Shelf[Any]] = {watch.id: Shelf(watch, changed=touched) for watch in PLAN}
        self.pods = PodShelf(shelves["pods"].watch, changed=touched, clock=clock)
        self.nodes = NodeShelf(shelves["nodes"].watch, changed=touched)
        shelves |= {"pods": self.pods, "nodes": self.nodes}
        self.shelves = shelves
        self.namespaces: Shelf[Object] = shelves["namespaces"]
        self.replica_sets: Shelf[Workload] = shelves["replicasets"]
        self.jobs: Shelf[Job] = shelves["jobs"]
        self.cron_jobs: Shelf[Job] = shelves["cronjobs"]
        self.quotas: Shelf[ResourceQuota] = shelves["resourcequotas"]
        self.applications: Shelf[ApplicationObject] = shelves["applications"]
        self.requests: Shelf[HelmRequest] = shelves["helmrequests"]
        self.app_releases: Shelf[AppRelease] = shelves["appreleases"]
        self.projects: Shelf[Project] = shelves["projects"]

    @property
    def last_known(self) -> float | None:
        """The moment that remembered rows are from, as long as the cluster itself has told nothing; else None."""
        return self.remembered_at if self.freshness.confirmed_at is None else None

    @property
    def workloads(self) -> Iterator[tuple[str, Workload]]:
        """Kind and object of everything that keeps pods running."""
        for kind, shelf in (
            ("Deployment", "deployments"),
            ("StatefulSet", "statefulsets"),
            ("DaemonSet", "daemonsets"),
        ):
            for workload in self.shelves[shelf]:
                yield kind, workload

    def pod_owners(self, kind: str, uid: str | None) -> tuple[str, ...]:
        """Uids of what owns the pods of a workload: itself, or its ReplicaSets or Jobs."""
        between: Iterable[Any] = ()
        if kind == "Deployment":
            between = self.replica_sets.owned_by(uid)
        elif kind == "CronJob":
            between = self.jobs.owned_by(uid)
        elif uid:
            return (uid,)
        return tuple(owner.metadata.uid for owner in between if owner.metadata.uid)

    def pods_of(self, kind: str, uid: str | None) -> Iterator[Pod]:
        """Pods below a workload."""
        for owner in self.pod_owners(kind, uid):
            yield from self.pods.owned_by(owner)

    def project_of(self, namespace: str) -> str:
        found = self.namespaces.items.get(f"/{namespace}")
        return (found.metadata.labels or {}).get(PROJECT_LABEL) or "" if found else ""

    def shelf_of(self, kind: Kind) -> Shelf[Any] | None:
        """Where all objects of a kind are followed; None for kinds of which only some are, or none."""
        for watch in PLAN:
            if (watch.group, watch.kind) == (kind.group, kind.kind) and not watch.label_selector:
                return self.shelves[watch.id]
        return None

    def known(self, *ids: str) -> bool:
        return all(self.shelves[id].known for id in ids)

    def touch(self, *views: str) -> None:
        self._changed(frozenset(views))

    def _touched(self, watch: Watch) -> None:
        self._changed(watch.feeds)
