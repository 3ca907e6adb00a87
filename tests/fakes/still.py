"""What the fake fleet holds: six clusters that stand still at one moment, one of each trouble among them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from acp_tui.fleet.tables import MergedTable, ObjectRow
from acp_tui.model.application import ApplicationSource, ApplicationSummary, TreeNode
from acp_tui.model.cluster import ClusterSummary, Role
from acp_tui.model.freshness import NEVER, Age, Freshness
from acp_tui.model.health import Health, Verdict
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepProgress, StepState
from acp_tui.model.plan import Verb
from acp_tui.model.quota import QuotaSummary, QuotaUse
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, ReleaseSummary, Store
from acp_tui.wire.table import TableColumn

NOW = 1_795_183_620.0
"""2026-11-20 14:07 UTC, the moment at which the fake fleet stands still."""

LIVE = Freshness(Age.LIVE, NOW - 1)
STALE = Freshness(Age.STALE, NOW - 41, "watch stalled")
DOWN = Freshness(Age.STALE, NOW - 900, "connect timed out")
MINUTE, HOUR, DAY = 60, 3600, 86400


def clusters() -> list[ClusterSummary]:
    return [
        ClusterSummary(
            name="prod-east", role=Role.WORKLOAD, production=True, health=Health.DEGRADED,
            reason="2 applications failing, release shop/payments-api failed", server="https://198.51.100.10:6443",
            reachable=True, latency_ms=38, version="v1.33.7", nodes_ready=42, nodes=42, problem_pods=14, pods=611,
            failing_applications=3, applications=128, failed_releases=1, stuck_releases=0, releases=41,
            worst_quota=0.91, worst_quota_name="shop/default requests.cpu", freshness=LIVE,
        ),
        ClusterSummary(
            name="prod-west", role=Role.WORKLOAD, production=True, health=Health.HEALTHY,
            server="https://198.51.100.20:6443", reachable=True, latency_ms=71, version="v1.33.7", nodes_ready=40,
            nodes=40, problem_pods=0, pods=580, failing_applications=0, applications=126, failed_releases=0,
            stuck_releases=0, releases=40, worst_quota=0.74, worst_quota_name="shop/default limits.memory",
            freshness=LIVE,
        ),
        ClusterSummary(
            name="staging", role=Role.WORKLOAD, health=Health.PROGRESSING, reason="release orders/cache stuck",
            server="https://198.51.100.30:6443", reachable=True, latency_ms=12, version="v1.34.2", nodes_ready=12,
            nodes=12, problem_pods=2, pods=204, failing_applications=1, applications=61, failed_releases=0,
            stuck_releases=1, releases=22, worst_quota=0.68, worst_quota_name="orders/default pods", freshness=LIVE,
        ),
        ClusterSummary(
            name="edge-7", role=Role.WORKLOAD, health=Health.HEALTHY, server="https://203.0.113.7:6443",
            reachable=True, latency_ms=910, version="v1.33.4", nodes_ready=3, nodes=3, problem_pods=0, pods=40,
            failing_applications=0, applications=14, failed_releases=0, stuck_releases=0, releases=9,
            worst_quota=0.4, worst_quota_name="kiosk/default pods", freshness=STALE,
        ),
        ClusterSummary(
            name="edge-9", role=Role.WORKLOAD, health=Health.UNKNOWN, server="https://203.0.113.9:6443",
            reachable=False, reason="no answer since 13:52: connect timed out", version="v1.33.4", nodes=3,
            applications=14, freshness=DOWN,
        ),
        ClusterSummary(
            name="global", role=Role.GLOBAL, health=Health.HEALTHY, server="https://198.51.100.2:6443", reachable=True,
            latency_ms=9, version="v1.33.7", nodes_ready=3, nodes=3, problem_pods=0, pods=88, failing_applications=0,
            applications=9, failed_releases=0, stuck_releases=0, releases=7, worst_quota=0.35,
            worst_quota_name="cpaas-system/default pods", freshness=LIVE,
        ),
    ]  # fmt: skip


_NAMES = (
    ("payments-api", "shop"), ("payments-worker", "shop"), ("search", "shop"), ("orders", "orders"),
    ("orders-cache", "orders"), ("catalogue-service-with-a-very-long-name-v2", "catalogue"), ("库存服务", "仓库"),
    ("ledger", "finance"), ("reports", "finance"), ("gateway", "edge-system"),
)  # fmt: skip


def _application(name: str, namespace: str, cluster: str, **facts: Any) -> ApplicationSummary:
    facts.setdefault("health", Health.HEALTHY)
    facts.setdefault("freshness", LIVE)
    return ApplicationSummary(
        ref=ObjectRef(cluster, "app.k8s.io", "Application", namespace, name),
        source=ApplicationSource.APPLICATION,
        **facts,
    )


def applications() -> list[ApplicationSummary]:
    rows: list[ApplicationSummary] = []
    for cluster in ("prod-east", "prod-west", "staging"):
        production = cluster.startswith("prod")
        for number, (name, namespace) in enumerate(_NAMES):
            facts: dict[str, Any] = {
                "ready": 3, "components": 3, "platform_state": "Running", "owner": "Helm", "project": "retail",
                "version": f"1.{number}.2", "revision": number + 3, "created_at": NOW - (number + 2) * DAY,
                "production": production,
            }  # fmt: skip
            if (cluster, name) == ("prod-east", "payments-api"):
                facts |= {
                    "health": Health.DEGRADED, "reason": "ImagePullBackOff: registry/pay:1.9.2 not found", "ready": 2,
                    "platform_state": "Partially Running", "owner": "HelmRequest payments-api (global)", "revision": 42,
                }  # fmt: skip
            elif (cluster, name) == ("prod-east", "search"):
                facts |= {"health": Health.DEGRADED, "reason": "CrashLoopBackOff: 14 restarts, exit 137", "ready": 1}
            elif (cluster, name) == ("staging", "orders-cache"):
                facts |= {"health": Health.PROGRESSING, "reason": "1 of 3 replicas updated", "ready": 2}
            rows.append(_application(name, namespace, cluster, **facts))
    rows.append(
        _application("kiosk", "kiosk", "edge-7", ready=1, components=1, freshness=STALE, platform_state="Running")
    )
    rows.append(_application("till", "kiosk", "edge-9", health=Health.UNKNOWN, freshness=DOWN, reason="no answer"))
    return rows


def releases() -> list[ReleaseSummary]:
    rows: list[ReleaseSummary] = []
    for cluster in ("prod-east", "prod-west", "staging"):
        for number, (name, namespace) in enumerate(_NAMES):
            facts: dict[str, Any] = {
                "revision": number + 3, "status": "deployed", "chart": name[:20], "chart_version": f"4.{number}.1",
                "app_version": f"1.{number}.2", "updated_at": NOW - (number + 1) * DAY,
            }  # fmt: skip
            store = Store.SECRET
            if (cluster, name) == ("prod-east", "payments-api"):
                store = Store.CAPTAIN
                facts |= {
                    "revision": 42, "status": "failed", "updated_at": NOW - 3 * MINUTE, "chart": "api",
                    "chart_version": "1.9.2", "reason": "image registry/pay:1.9.2 not found (2 of 2 new pods)",
                    "owner": Owner(OwnerKind.HELMREQUEST, "payments-api", "shop", "global"),
                }  # fmt: skip
            elif (cluster, name) == ("staging", "orders-cache"):
                facts |= {
                    "status": "pending-upgrade",
                    "stuck": True,
                    "updated_at": NOW - 41 * MINUTE,
                    "chart": "valkey",
                }
            rows.append(
                ReleaseSummary(
                    ref=ReleaseRef(cluster, namespace, name, store), project="retail", freshness=LIVE,
                    production=cluster.startswith("prod"), **facts,
                )
            )  # fmt: skip
    return rows


def _use(resource: str, used: float | None, hard: float) -> QuotaUse:
    return QuotaUse(resource, None if used is None else Fraction(used), Fraction(hard))


def quotas() -> list[QuotaSummary]:
    rows: list[QuotaSummary] = []
    for cluster, share in (("prod-east", 0.91), ("prod-west", 0.74), ("staging", 0.3)):
        for number, namespace in enumerate(("shop", "orders", "finance", "catalogue")):
            part = max(0.05, share - number * 0.2)
            rows.append(
                QuotaSummary(
                    cluster, namespace, "default", "retail",
                    uses=(
                        _use("requests.cpu", round(40 * part), 40),
                        _use("requests.memory", round(80 * part) * 2**30, 80 * 2**30),
                        _use("pods", round(200 * part * 0.7), 200),
                    ),
                    production=cluster.startswith("prod"), freshness=LIVE,
                )
            )  # fmt: skip
        rows.append(
            QuotaSummary(
                cluster, "", "", "retail",
                uses=(_use("requests.cpu", 160, 200), _use("requests.memory", 320 * 2**30, 400 * 2**30)),
                freshness=LIVE,
            )
        )  # fmt: skip
    rows.append(QuotaSummary("edge-7", "kiosk", "default", "", uses=(_use("pods", None, 20),), freshness=STALE))
    return rows


def operations() -> list[Operation]:
    return [
        Operation(
            id="op-2", verb=Verb.UPGRADE, release=ReleaseRef("staging", "shop", "search"),
            headline="Upgrade search to 4.2.2",
            state=OperationState.RUNNING, started_at=NOW - 41, engine="helm 3.19.2", user="anna",
            steps=(
                StepProgress("render", "Render the chart", StepState.DONE, NOW - 41, NOW - 40),
                StepProgress("run", "helm upgrade", StepState.RUNNING, NOW - 40),
                StepProgress("verify", "Follow the workloads"),
            ),
            output=("beginning wait for 3 resources",), revision_before=5,
        ),
        Operation(
            id="op-1", verb=Verb.ROLLBACK, release=ReleaseRef("prod-east", "finance", "ledger"),
            headline="Roll back ledger to 9", state=OperationState.SUCCEEDED, started_at=NOW - 3 * HOUR,
            ended_at=NOW - 3 * HOUR + 52, engine="helm 3.19.2", user="anna", production=True, undo="roll back to 10",
            revision_before=10, revision_after=11,
            outcome=Outcome(OutcomeKind.HEALTHY, "healthy: 3/3 pods ready, 0 restarts", evidence=("3/3 pods ready",)),
        ),
    ]  # fmt: skip


def pods() -> MergedTable:
    columns = tuple(
        TableColumn(name, kind, priority)
        for name, kind, priority in (
            ("Name", "string", 0), ("Ready", "string", 0), ("Status", "string", 0), ("Restarts", "string", 0),
            ("Age", "string", 0), ("IP", "string", 1), ("Node", "string", 1),
        )
    )  # fmt: skip
    rows = tuple(
        ObjectRow(
            ObjectRef("prod-east", "", "Pod", namespace, f"{name}-7c9d-{number:05d}"),
            (f"{name}-7c9d-{number:05d}", "1/1", "Running", "0", "4d", f"10.0.0.{number}", f"node-{number}"),
        )
        for name, namespace in _NAMES[:5]
        for number in range(3)
    )
    broken = ObjectRow(
        ObjectRef("prod-east", "", "Pod", "shop", "payments-api-7c9d-x2k9p"),
        ("payments-api-7c9d-x2k9p", "0/1", "ImagePullBackOff", "5", "3m", "10.0.0.9", "node-17"),
    )
    return MergedTable("Pods", columns, (broken, *rows), ("edge-9: connect timed out",))


def tree(ref: ObjectRef, *children: TreeNode, health: Health = Health.HEALTHY, note: str = "") -> TreeNode:
    """A branch of a status tree, for tests that need one."""
    return TreeNode(ref=ref, title=f"{ref.kind} {ref.name}", verdict=Verdict(health), note=note, children=children)


def connecting(name: str = "far") -> ClusterSummary:
    """A cluster that has not answered yet."""
    return ClusterSummary(name=name, freshness=NEVER)
