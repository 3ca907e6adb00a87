"""Releases that differ over the clusters of the fake fleet, and what a rollout of one of them would be."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from acp_tui.model.plan import Check, CheckResult, Effect, EffectAction, Intent, Plan, Verb
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseBody, ReleaseRef, ReleaseSummary
from acp_tui.model.rollout import Leg, LegState, Rollout, RolloutPlan, RolloutState, Wish
from tests.fakes.backend import DAY, MINUTE, NOW, FakeBackend, fake_backend
from tests.fakes.still import LIVE, STALE
from tests.ui.detail.plans import plan

VALUES = {"prod-east": "d18cbb52", "prod-west": "d18cbb52", "staging": "9a0b11ce", "edge-7": "d18cbb52"}
ID = "20261120T140700-abcdef"


def pay(cluster: str) -> ReleaseRef:
    return ReleaseRef(cluster, "shop", "payments-api")


def row(cluster: str, name: str, version: str, **facts: Any) -> ReleaseSummary:
    facts.setdefault("status", "deployed")
    facts.setdefault("freshness", STALE if cluster == "edge-7" else LIVE)
    facts.setdefault("updated_at", NOW - 2 * DAY)
    return ReleaseSummary(
        ReleaseRef(cluster, "shop", name), facts.pop("revision", 41), chart="api", chart_version=version,
        values_hash=VALUES[cluster], production=cluster.startswith("prod"), **facts,
    )  # fmt: skip


def across() -> FakeBackend:
    """payments-api failed in one, is behind in two and newest in staging; search is alike but for its values."""
    fake = fake_backend()
    broken = {"status": "failed", "updated_at": NOW - 3 * MINUTE, "reason": "image registry/pay:1.9.2 not found"}
    fake.fleet.tables["releases"] = [
        row("prod-east", "payments-api", "1.9.2", revision=42, **broken),
        row("prod-west", "payments-api", "1.9.1"),
        row("staging", "payments-api", "1.9.3", revision=61),
        row("edge-7", "payments-api", "1.9.1", revision=7),
        row("prod-east", "search", "4.0.1"),
        row("prod-west", "search", "4.0.1"),
        row("staging", "search", "4.0.1"),
        row("prod-east", "cart", "2.4.0"),
        row("staging", "cart", "2.5.0"),
    ]  # fmt: skip
    for cluster, tag in (("prod-west", "1.9.1"), ("staging", "1.9.3")):
        number = 61 if cluster == "staging" else 41
        fake.inspector.bodies[pay(cluster).key, number] = body(cluster, number, tag)
    fake.controller.plans.append(plan())
    fake.rollouts.plans = {
        "prod-east": leg_plan("prod-east", "1.9.2", Verb.ROLLBACK, revision=41),
        "prod-west": leg_plan("prod-west", "1.9.1"),
        "edge-7": leg_plan("edge-7", "1.9.1"),
        "staging": leg_plan("staging", "1.9.3"),
    }
    return fake


def body(cluster: str, number: int, tag: str) -> ReleaseBody:
    manifest = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {region: all}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payments-api}\n"
        f"spec: {{replicas: 3, template: {{spec: {{containers: [{{name: web, image: 'registry/pay:{tag}'}}]}}}}}}\n"
    )
    values = {"replicas": 3, "database": {"password": f"secret-of-{cluster}"}, "region": cluster}
    return ReleaseBody(pay(cluster), number, "deployed", "api", tag, tag, manifest, values, {}, "")


def leg_plan(
    cluster: str, before: str, verb: Verb = Verb.UPGRADE, *, revision: int | None = None, check: Check | None = None
) -> RolloutPlan:
    ref, production = pay(cluster), cluster.startswith("prod")
    deployment = ObjectRef(cluster, "apps", "Deployment", "shop", "payments-api")
    made = Plan(
        f"plan-{cluster}",
        Intent(verb, ref, revision=revision),
        NOW,
        production=production,
        confirm="payments-api" if production else "",
        headline=f"{verb.value.capitalize()} payments-api to api 1.9.3",
        effects=(Effect(EffectAction.UPDATE, deployment, f"image {before} → 1.9.3", "-old\n+new", restarts=3),),
        checks=(Check("rights", "Rights", CheckResult.PASS, "all present"), *((check,) if check else ())),
        undo="roll back to 41",
    )
    refused = bool(made.refusals)
    leg = Leg(
        ref, verb, LegState.REFUSED if refused else LegState.WAITING, before=before, revision=revision,
        production=production, note=f"{check.title}: {check.evidence}" if check and refused else "",
    )  # fmt: skip
    rollout = Rollout(
        ID, Wish(pay("staging"), 61, (ref,)), "api", "1.9.3", (leg,), NOW, state=RolloutState.STOPPED
    )  # fmt: skip
    return RolloutPlan(rollout, (made,))


def went(rollout: Rollout, *states: LegState, over: bool = False) -> Rollout:
    """The rollout a while later; clusters that began have operations."""
    words = {LegState.HEALTHY: "healthy: 3/3 pods ready", LegState.RED: "regressed: ImagePullBackOff in 2 of 3 pods"}
    legs = tuple(
        structs.replace(
            leg, state=state, note=words.get(state, ""), operation="" if state is LegState.WAITING else f"leg-{number}"
        )
        for number, (leg, state) in enumerate(zip(rollout.legs, states, strict=True))
    )
    done = all(state is LegState.HEALTHY for state in states)
    state = (RolloutState.DONE if done else RolloutState.STOPPED) if over else RolloutState.RUNNING
    return structs.replace(rollout, legs=legs, state=state, ended_at=NOW if over else None)
