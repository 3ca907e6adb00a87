"""The broken release payments-api on the fake fleet, with all that can be asked about it."""

from __future__ import annotations

from acp_tui.config.settings import Settings
from acp_tui.fleet.describe import Description
from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Condition, Event
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Hook, ReleaseBody, Revision
from acp_tui.ui.app import AcpApp
from tests.fakes.backend import DAY, MINUTE, NOW, FakeBackend, fake_backend
from tests.ui.detail.plans import PAYMENTS, plan

POD = ObjectRef("prod-east", "", "Pod", "shop", "payments-api-7c9d-x2k9p")


def ref(kind: str, name: str, group: str = "") -> ObjectRef:
    return ObjectRef("prod-east", group, kind, "shop", name)


def node(
    of: ObjectRef,
    *children: TreeNode,
    health: Health = Health.HEALTHY,
    reason: str = "",
    note: str = "",
    since: float | None = None,
) -> TreeNode:
    return TreeNode(of, f"{of.kind} {of.name}", Verdict(health, reason, since), note, children)


def broken_tree() -> TreeNode:
    why = "ImagePullBackOff: registry/pay:1.9.2 not found"
    bad = Health.DEGRADED
    new = node(
        ref("ReplicaSet", "payments-api-7c9d", "apps"),
        node(POD, health=bad, reason=why, note="5 tries", since=NOW - 3 * MINUTE),
        node(ref("Pod", "payments-api-7c9d-m4qtz"), health=bad, reason=why, since=NOW - 3 * MINUTE),
        health=bad,
        reason="0/2 ready",
        note="new",
    )
    old = node(
        ref("ReplicaSet", "payments-api-5f66", "apps"), node(ref("Pod", "payments-api-5f66-aaaaa")), note="old, 3/3"
    )
    return node(
        ref("Application", "payments-api", "app.k8s.io"),
        node(
            ref("Deployment", "payments-api", "apps"),
            new,
            old,
            health=bad,
            reason="0/2 new ready",
            note="3/3 serving old, progress deadline in 6m",
            since=NOW - 3 * MINUTE,
        ),
        node(ref("Service", "payments-api"), note="3 ready endpoints"),
        *(node(ref("ConfigMap", f"config-{number}")) for number in range(3)),
        *(node(ref("Secret", f"secret-{number}")) for number in range(2)),
        node(ref("HorizontalPodAutoscaler", "payments-api", "autoscaling")),
        health=bad,
        reason="1 of 8 objects fails",
        note="chart api 1.9.2 · HelmRequest payments-api (global)",
        since=NOW - 3 * MINUTE,
    )


def history() -> tuple[Revision, ...]:
    words = {42: ("failed", "raise pool size", 3 * MINUTE), 41: ("deployed", "release 2026.47", 2 * DAY)}
    return tuple(
        Revision(
            PAYMENTS,
            number,
            words.get(number, ("superseded", "", 0))[0],
            f"payments-api.v{number}",
            updated_at=NOW - (words[number][2] if number in words else (44 - number) * 7 * DAY),
            chart="api" if number > 38 else "",
            chart_version=f"1.9.{number - 40}" if number > 39 else "",
            app_version=f"1.9.{number - 40}" if number > 39 else "",
            description=words.get(number, ("", "release", 0))[1] if number > 38 else "",
        )
        for number in range(42, 32, -1)
    )


def body(revision: int) -> ReleaseBody:
    image = f"registry/pay:1.9.{revision - 40}"
    manifest = (
        "---\n# Source: api/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
        f"  name: payments-api\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n"
        f"      - name: api\n        image: {image}\n"
        "---\n# Source: api/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: payments-api\n"
        "data:\n  password: aHVudGVyMg==\n"
    )
    return ReleaseBody(
        ref=PAYMENTS,
        revision=revision,
        status="failed" if revision == 42 else "deployed",
        chart="api",
        chart_version=f"1.9.{revision - 40}",
        app_version=f"1.9.{revision - 40}",
        manifest=manifest,
        values={"pool": {"size": 40 if revision == 42 else 20}, "db": {"password": "hunter2", "host": "db"}},
        chart_values={"pool": {"size": 10}, "replicas": 3, "db": {"port": 5432}},
        notes="payments-api is at http://payments.shop.svc\nRead the [runbook] first.",
        hooks=(
            Hook(
                "payments-migrate",
                "Job",
                ("pre-upgrade", "pre-rollback"),
                5,
                ("before-hook-creation",),
                "Failed",
                manifest="apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: payments-migrate\n",
            ),
        ),
    )


def description() -> Description:
    return Description(
        POD,
        Verdict(Health.DEGRADED, "ImagePullBackOff"),
        (("Node", "kwok-17"), ("Image", "registry/pay:1.9.2"), ("Status", "ImagePullBackOff\n5 tries")),
        (
            Condition("Ready", "False", "ContainersNotReady", "containers with unready status: [api]"),
            Condition("PodScheduled", "True"),
        ),
        (
            Event(
                type="Warning",
                reason="Failed",
                message='Failed to pull image "registry/pay:1.9.2": not found',
                count=5,
                last_timestamp="2026-11-20T14:06:00Z",
            ),
            Event(type="Normal", reason="Scheduled", message="assigned to kwok-17", event_time="2026-11-20T14:04:00Z"),
        ),
    )


def scene() -> FakeBackend:
    """The still fleet, where everything about payments-api of prod-east is answered."""
    fake = fake_backend()
    application = next(row for row in fake.fleet.rows("applications") if row.ref.name == "payments-api")
    inspector = fake.inspector
    inspector.trees[application.key] = broken_tree()
    inspector.histories[PAYMENTS.key] = history()
    for number in (40, 41, 42):
        inspector.bodies[PAYMENTS.key, number] = body(number)
    inspector.texts[POD.key] = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  nodeName: kwok-17\n"
        + "".join(f"  key{number}: value {number}\n" for number in range(60))
    )
    inspector.descriptions[POD.key] = description()
    inspector.container_names[POD.key] = ("api", "sidecar")
    inspector.log_lines[POD.key] = [
        f"2026-11-20T14:0{number % 10}:00Z level={'error' if number % 7 == 3 else 'info'} msg=[request {number}]"
        for number in range(60)
    ]
    fake.controller.plans.append(plan())
    return fake


def console(fake: FakeBackend) -> AcpApp:
    """The console on a fake, with a clock that stands still and nothing of this machine's in it."""
    return AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full"), clock=lambda: NOW, env={})
