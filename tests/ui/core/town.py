"""A fleet of two thousand rows in every view, no two alike, spread as fleets are: what a page costs in earnest."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from acp_tui.fleet.tables import MergedTable, ObjectRow
from acp_tui.model.application import ApplicationSource, ApplicationSummary
from acp_tui.model.cluster import ClusterSummary, Role
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import Health
from acp_tui.model.operation import Operation, OperationState
from acp_tui.model.plan import Verb
from acp_tui.model.quota import QuotaSummary, QuotaUse
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, ReleaseSummary, Store
from acp_tui.wire.table import TableColumn
from tests.fakes.backend import NOW, FakeBackend, fake_backend

ROWS = 2000
WRONG = 0.5
"""Percent of the rows with which something is wrong; they stand first."""
_CLUSTERS = ("prod-east", "prod-west", "staging", "edge-7", "eu-central-1-prod", "global", "ap-south-1", "dev")
_PARTS = ("api", "worker", "cache", "gateway", "web", "sync", "collector", "服务", "agent", "job", "scheduler", "proxy")
_TEAMS = {
    "payments": ("shop", "pay", "invoice", "fraud", "ledger", "wallet"),
    "retail": ("storefront", "cart", "catalogue", "库存", "price", "search"),
    "logistics": ("delivery", "route", "shipment", "depot"),
    "platform": ("cpaas-system", "login", "metrics", "mail", "notify", "ticket"),
    "研发": ("ml-batch", "video", "training"),
}
"""Projects with their namespace, and what runs there."""
KINDS = {
    "pods": ("Pod", "Ready", "Status", "Restarts", "Age", "IP+", "Node+"),
    "deployments": ("Deployment", "Ready", "Up-to-date", "Available", "Age", "Containers+", "Images+", "Selector+"),
    "events": ("Event", "Last Seen", "Type", "Reason", "Object", "Message"),
    "services": ("Service", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector+"),
}
"""Kinds with the columns that servers print of them; one that ends with `+` is one that they call wide."""
_LIVE = Freshness(Age.LIVE, NOW - 1)
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class _App(NamedTuple):
    name: str
    namespace: str
    project: str
    version: str


class Town:
    """Draws what a row says; the same in every run."""

    def __init__(self, seed: int = 4) -> None:
        self._dice = random.Random(seed)
        self.apps = [
            _App(f"{word}-{part}", namespace, project, f"{self.number(9)}.{self.number(30)}.{self.number(40)}")
            for project, (namespace, *words) in _TEAMS.items()
            for word in words
            for part in _PARTS
        ]
        self.places = [(cluster, app) for cluster in _CLUSTERS for app in self.apps]
        self.serial = 0

    def of(self, words: Sequence[Any]) -> Any:
        return self._dice.choice(words)

    def number(self, beyond: int) -> int:
        return self._dice.randrange(beyond)

    def happens(self, percent: float) -> bool:
        return self.number(1000) < 10 * percent

    def letters(self, count: int) -> str:
        return "".join(self.of(_LETTERS) for _ in range(count))

    def place(self) -> tuple[str, _App]:
        """Where the next row is of; each is there once, and then again under a number of its own."""
        again, at = divmod(self.serial, len(self.places))
        self.serial += 1
        cluster, app = self.places[at]
        return cluster, app._replace(name=f"{app.name}-{again + 1}") if again else app

    def moment(self) -> float:
        return NOW - 60 * 1.007 ** self.number(1400)

    def age(self) -> str:
        minutes = int(1.007 ** self.number(1600))
        days, hours = divmod(minutes // 60, 24)
        return f"{days}d" if days > 9 else f"{days}d{hours}h" if days else f"{hours}h" if hours else f"{minutes}m"

    def reason(self, app: _App) -> str:
        pod = f"{app.name}-{self.letters(9)}-{self.letters(5)}"
        return str(
            self.of(
                (
                    f"ImagePullBackOff: registry/{app.name}:{app.version} not found",
                    f"CrashLoopBackOff: {self.number(60)} restarts, exit 137",
                    f"{self.number(3)} of {self.number(9) + 3} replicas updated",
                    f"{pod}: 0/12 nodes are available",
                )
            )
        )

    # rows

    def cluster(self) -> ClusterSummary:
        self.serial += 1
        bad = self.happens(WRONG)
        nodes, pods, applications, releases = (self.number(beyond) + 1 for beyond in (40, 900, 90, 40))
        return ClusterSummary(
            name=f"{self.of(('store', 'edge', 'plant'))}-{self.of(('hangzhou', 'lyon', 'pune', '上海'))}-{self.serial}",
            role=Role.WORKLOAD, production=self.happens(60), health=Health.DEGRADED if bad else Health.HEALTHY,
            reason=f"{self.number(9) + 1} applications failing" if bad else "", reachable=True,
            server=f"https://10.{self.number(40)}.{self.number(256)}.10:6443", latency_ms=self.number(300),
            version=f"v1.{self.of((33, 34))}.{self.number(8)}", nodes=nodes, nodes_ready=nodes - bad,
            problem_pods=self.number(9) if bad else 0, pods=pods, failing_applications=self.number(9) if bad else 0,
            applications=applications, failed_releases=0, stuck_releases=0, releases=releases,
            worst_quota=self.number(101) / 100, worst_quota_name=f"{self.of(self.apps).namespace}/default pods",
            freshness=_LIVE,
        )  # fmt: skip

    def application(self) -> ApplicationSummary:
        cluster, app = self.place()
        health = (
            self.of((Health.DEGRADED, Health.PROGRESSING, Health.UNKNOWN)) if self.happens(WRONG) else Health.HEALTHY
        )
        well, parts = health is Health.HEALTHY, self.number(6) + 1
        return ApplicationSummary(
            ref=ObjectRef(cluster, "app.k8s.io", "Application", app.namespace, app.name), health=health,
            source=ApplicationSource.APPLICATION, reason="" if well else self.reason(app), components=parts,
            platform_state="Running" if well else "Partially Running", ready=parts if well else self.number(parts),
            owner=self.of(("Helm", "Helm", f"HelmRequest {app.name}")), project=app.project, revision=self.number(90),
            version=app.version, created_at=self.moment(), production="prod" in cluster, freshness=_LIVE,
        )  # fmt: skip

    def release(self) -> ReleaseSummary:
        cluster, app = self.place()
        status = self.of(("failed", "pending-upgrade")) if self.happens(WRONG) else "deployed"
        captains = self.happens(30)
        owner = Owner(OwnerKind.HELMREQUEST, app.name, app.namespace, "global") if captains else Owner()
        return ReleaseSummary(
            ref=ReleaseRef(cluster, app.namespace, app.name, Store.CAPTAIN if captains else Store.SECRET),
            revision=self.number(90) + 1, status=status, chart=app.name.rpartition("-")[0], chart_version=app.version,
            app_version=f"v{app.version}", owner=owner, updated_at=self.moment(), project=app.project,
            reason="" if status == "deployed" else self.reason(app), production="prod" in cluster, freshness=_LIVE,
        )  # fmt: skip

    def quota(self) -> QuotaSummary:
        cluster, app = self.place()

        def use(resource: str, unit: int, *limits: int) -> QuotaUse:
            hard, share = self.of(limits), self._dice.betavariate(2, 4)
            return QuotaUse(resource, Fraction(round(hard * share) * unit), Fraction(hard * unit))

        return QuotaSummary(
            cluster, app.name, "default", app.project,
            uses=(use("requests.cpu", 1, 8, 40, 64), use("requests.memory", 2**30, 32, 128)),
            production="prod" in cluster, freshness=_LIVE,
        )  # fmt: skip

    def operation(self) -> Operation:
        cluster, app = self.place()
        began, before, verb = self.moment(), self.number(90), Verb.ROLLBACK if self.happens(15) else Verb.UPGRADE
        return Operation(
            id=f"op-{self.serial}", verb=verb, release=ReleaseRef(cluster, app.namespace, app.name),
            headline=f"{verb.capitalize()} {app.name} to {app.version}", engine="helm 3.19.2",
            state=OperationState.FAILED if self.happens(5) else OperationState.SUCCEEDED, started_at=began,
            ended_at=began + self.number(300), user=self.of(("release-bot", "release-bot", "anna", "王伟")),
            undo=f"roll back to {before}", revision_before=before, revision_after=before + 1,
            production="prod" in cluster,
        )  # fmt: skip

    # what servers print

    def table(self, kind: str, columns: Sequence[str], cells: Callable[[str, _App], Sequence[str]]) -> MergedTable:
        rows = []
        for _ in range(ROWS):
            cluster, app = self.place()
            ref = ObjectRef(cluster, "", kind, app.namespace, self.named(kind, app))
            rows.append(ObjectRow(ref, (ref.name, cluster, app.namespace, *cells(cluster, app))))
        head = ("Name", "Cluster", "Namespace", *columns)
        shape = tuple(TableColumn(each.rstrip("+"), "string", int(each.endswith("+"))) for each in head)
        return MergedTable(kind, shape, tuple(rows), live=True)

    def named(self, kind: str, app: _App) -> str:
        return {
            "Pod": f"{app.name}-{self.letters(9)}-{self.letters(5)}",
            "Event": f"{app.name}.{self.number(16**8):08x}{self.number(16**8):08x}",
        }.get(kind, app.name)

    def pod(self, cluster: str, app: _App) -> Sequence[str]:
        parts = self.number(3) + 1
        bad = self.happens(WRONG)
        ready, status = (0, self.of(("CrashLoopBackOff", "ImagePullBackOff", "Pending"))) if bad else (parts, "Running")
        restarts = f"{self.number(99)} ({self.number(59) + 1}m ago)" if bad or self.happens(10) else "0"
        node = self.number(40)
        where = f"10.{_CLUSTERS.index(cluster)}.{node}.{self.number(250)}", f"{cluster}-w-{node}"
        return (f"{ready}/{parts}", status, restarts, self.age(), *where)

    def deployment(self, cluster: str, app: _App) -> Sequence[str]:
        wanted = self.number(12) + 1
        ready = wanted - self.happens(3)
        image = f"registry.example.com/{app.namespace}/{app.name}:{app.version}"
        return (f"{ready}/{wanted}", f"{wanted}", f"{ready}", self.age(), "app", image, f"app={app.name}")

    def event(self, cluster: str, app: _App) -> Sequence[str]:
        pod = f"{app.name}-{self.letters(9)}-{self.letters(5)}"
        image = f"registry.example.com/{app.namespace}/{app.name}:{app.version}"
        kind, reason, message = self.of(
            (
                (
                    "Normal",
                    "Scheduled",
                    f"Successfully assigned {app.namespace}/{pod} to {cluster}-w-{self.number(40)}",
                ),
                ("Normal", "Pulling", f'Pulling image "{image}"'),
                ("Normal", "Pulled", f'Container image "{image}" already present on machine'),
                ("Normal", "Created", "Created container: app"),
                ("Normal", "Started", "Started container app"),
                ("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
                ("Warning", "BackOff", f"Back-off restarting failed container app in pod {pod}_{app.namespace}"),
            )
        )
        return (f"{self.number(59) + 1}m", kind, reason, f"pod/{pod}", message)

    def service(self, cluster: str, app: _App) -> Sequence[str]:
        address = f"10.{96 + self.number(16)}.{self.number(256)}.{self.number(256)}"
        ports = self.of(("80/TCP", "8080/TCP", "80/TCP,443/TCP", "9090/TCP"))
        return ("ClusterIP", address, "<none>", ports, self.age(), f"app={app.name}")


def town() -> FakeBackend:
    """The still fleet with ROWS rows in each of its views and of four kinds of objects."""
    fake = fake_backend()
    drawn = Town()
    rows: dict[str, Callable[[], Any]] = {
        "clusters": drawn.cluster,
        "applications": drawn.application,
        "releases": drawn.release,
        "quotas": drawn.quota,
    }
    for view, make in rows.items():
        drawn.serial = 0
        fake.fleet.tables[view] = [make() for _ in range(ROWS)]
    fake.controller.past = [drawn.operation() for _ in range(ROWS)]
    for plural, (kind, *columns) in KINDS.items():
        fake.inspector.tables[plural] = drawn.table(kind, columns, getattr(drawn, kind.lower()))
    return fake
