"""A plan says before the keypress what will happen, what stands against it and who says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from acp_tui.clients.errors import ConnectFailed
from acp_tui.clients.helm.engine import Rendered
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.effects import mask_plan
from acp_tui.controllers.releases.rollback import default_target
from acp_tui.model.cluster import Role
from acp_tui.model.errors import ChartError, ClusterError, EngineError, UsageError
from acp_tui.model.plan import CheckResult, EffectAction, Intent, Verb
from acp_tui.model.release import ReleaseRef, Revision
from acp_tui.wire.manifest import objects
from tests.controllers.conftest import REF, SECRET_WORD, Stopwatch, check, intent, manifest
from tests.fakes.cluster import FakeCluster, FakeEngine


def history(*states: str) -> tuple[Revision, ...]:
    """Newest first, numbered down to 1."""
    return tuple(Revision(REF, len(states) - index, status, "x") for index, status in enumerate(states))


@pytest.mark.parametrize(
    ("states", "description", "target"),
    [
        (("failed", "deployed", "superseded"), "", 2),
        (("deployed", "failed", "superseded", "superseded"), "", 2),
        (("pending-upgrade", "deployed", "superseded"), "", 2),
        (("deployed", "superseded", "superseded", "superseded"), "Rollback to 3", 2),
        (("deployed", "failed", "superseded", "superseded"), "Rollback to 2", 1),
        (("failed",), "", None),
        (("pending-install",), "", None),
        (("failed", "failed"), "", None),
        ((), "", None),
    ],
)
def test_the_default_target_is_the_newest_earlier_revision_that_was_deployed(
    states: tuple[str, ...], description: str, target: int | None
) -> None:
    assert default_target(history(*states), description) == target


async def test_a_cluster_that_is_shown_from_memory_is_not_acted_on(
    controller: Controller, cluster: FakeCluster, stopwatch: Stopwatch
) -> None:
    assert check(await controller.plan(intent(Verb.ROLLBACK)), "freshness").result is CheckResult.PASS
    cluster.store.last_known = stopwatch.now - 7200
    found = check(await controller.plan(intent(Verb.ROLLBACK)), "freshness")
    assert found.result is CheckResult.REFUSE
    assert found.evidence == "prod-east is shown as it was 2 h ago"
    assert found.advice.startswith("Wait until it answers")


async def test_a_rollback_says_which_revision_and_why(controller: Controller) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert plan.intent.revision == 41
    assert plan.headline.startswith(
        "Roll back payments-api from 42 (failed) to 41: the newest earlier revision that was deployed (deployed, "
    )
    assert plan.undo == "roll back to 42, which is failed: no good revision stands behind this act"
    assert plan.engine == "helm 4.1.0"
    assert plan.allowed
    assert plan.base_revision == 42
    assert plan.base_resource_version


async def test_effects_name_the_change_and_the_pods_that_restart(controller: Controller) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK))
    update, unchanged = plan.effects
    assert (update.action, update.ref.kind, update.summary) == (
        EffectAction.UPDATE, "Deployment", "image 1.9.2 → 1.9.1",
    )  # fmt: skip
    assert update.restarts == 3
    assert "-      - image: registry/pay:1.9.2" in update.diff
    assert (unchanged.action, unchanged.ref.kind, unchanged.diff) == (EffectAction.UNCHANGED, "Secret", "")


async def test_old_pods_that_serve_on_are_not_counted_as_restarts(controller: Controller, cluster: FakeCluster) -> None:
    """A broken rollout leaves pods of the good revision running: going back replaces only the others."""
    live = next(body for body in cluster.objects.values() if body["kind"] == "Deployment")
    old = objects(manifest("1.9.1"), origin="41")[1]["spec"]["template"]
    labels = {"app": "payments", "pod-template-hash": "5f66"}
    cluster.put(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": "payments-api-5f66", "labels": labels, "ownerReferences": [{"uid": live["metadata"]["uid"]}],
            },
            "spec": {"template": {**old, "metadata": {"labels": labels}}},
            "status": {"replicas": 2, "readyReplicas": 2},
        }
    )  # fmt: skip
    effect = (await controller.plan(intent(Verb.ROLLBACK))).effects[0]
    assert effect.summary == "image 1.9.2 → 1.9.1 · 2 pods run it already"
    assert effect.restarts == 1


async def test_no_secret_is_in_a_plan(controller: Controller, cluster: FakeCluster) -> None:
    changed = manifest("1.9.1").replace(SECRET_WORD, "another-secret-word")
    cluster.record("payments-api", 41, "deployed", manifest=changed)
    plan = await controller.plan(intent(Verb.ROLLBACK, values=f"password: {SECRET_WORD}"))
    secret = next(effect for effect in plan.effects if effect.ref.kind == "Secret")
    assert secret.summary == "1 key changed"
    assert "(before)" in secret.diff
    told = f"{plan!r} {plan.effects} {plan.manifest} {plan.checks}"
    assert SECRET_WORD not in told
    assert "another-secret-word" not in told


async def test_a_plan_for_printing_masks_the_values_too(controller: Controller) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK, values=f"{{password: {SECRET_WORD}, replicas: 2}}"))
    shown = mask_plan(plan).intent.values
    assert "replicas: 2" in shown
    assert SECRET_WORD not in shown
    broken = mask_plan(await controller.plan(intent(Verb.ROLLBACK, values=f"{SECRET_WORD}: ]")))
    assert SECRET_WORD not in broken.intent.values


async def test_what_somebody_changed_live_is_noted(controller: Controller, cluster: FakeCluster) -> None:
    live = next(body for body in cluster.objects.values() if body["kind"] == "Deployment")
    live["spec"] = {**live["spec"], "replicas": 5}
    del cluster.objects["/api/v1/namespaces/shop/secrets/payments-db"]
    plan = await controller.plan(intent(Verb.ROLLBACK))
    by_kind = {effect.ref.kind: effect for effect in plan.effects}
    assert by_kind["Deployment"].summary == "image 1.9.2 → 1.9.1 · changed live: replicas is 5 (stored 3)"
    assert by_kind["Deployment"].restarts == 5
    assert (by_kind["Secret"].action, by_kind["Secret"].summary) == (EffectAction.CREATE, "missing live: made again")


async def test_hooks_that_will_run_are_effects_with_their_last_fate(
    controller: Controller, cluster: FakeCluster, stopwatch: Stopwatch
) -> None:
    hooks = [
        {
            "name": "payments-migrate",
            "kind": "Job",
            "events": ["pre-rollback", "pre-upgrade"],
            "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: payments-migrate}\n",
            "last_run": {"phase": "Failed", "completed_at": "2026-09-21T14:10:20Z"},
        },
        {"name": "payments-check", "kind": "Pod", "events": ["test"], "manifest": ""},
    ]
    cluster.record("payments-api", 41, "deployed", manifest=manifest("1.9.1"), hooks=hooks)
    plan = await controller.plan(intent(Verb.ROLLBACK))
    ran = [effect for effect in plan.effects if effect.action is EffectAction.RUN]
    assert [(effect.ref.group, effect.ref.kind, effect.ref.name) for effect in ran] == [
        ("batch", "Job", "payments-migrate")
    ]
    assert ran[0].summary.startswith("pre-rollback, pre-upgrade · last run failed ")
    plan = await controller.plan(intent(Verb.ROLLBACK, no_hooks=True))
    assert not [effect for effect in plan.effects if effect.action is EffectAction.RUN]


async def test_production_and_uninstall_ask_for_the_name(controller: Controller, cluster: FakeCluster) -> None:
    assert (await controller.plan(intent(Verb.ROLLBACK))).confirm == ""
    assert (await controller.plan(intent(Verb.UNINSTALL))).confirm == "payments-api"
    cluster.store.production = True
    assert (await controller.plan(intent(Verb.ROLLBACK))).confirm == "payments-api"


async def test_an_uninstall_keeps_what_says_so(controller: Controller, cluster: FakeCluster) -> None:
    claim = """---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, annotations: {helm.sh/resource-policy: keep}}
"""
    cluster.record("payments-api", 42, "deployed", manifest=manifest("1.9.2", extra=claim))
    plan = await controller.plan(intent(Verb.UNINSTALL))
    actions = {effect.ref.kind: effect.action for effect in plan.effects}
    assert actions == {
        "Secret": EffectAction.DELETE, "Deployment": EffectAction.DELETE, "PersistentVolumeClaim": EffectAction.KEEP,
    }  # fmt: skip
    assert "kept objects stay: PersistentVolumeClaim data" in plan.not_undone


@pytest.mark.parametrize(
    ("state", "verb", "result"),
    [
        ("pending-upgrade", Verb.UPGRADE, CheckResult.REFUSE),
        ("pending-upgrade", Verb.ROLLBACK, CheckResult.WARN),
        ("pending-install", Verb.UNINSTALL, CheckResult.WARN),
        ("deployed", Verb.UPGRADE, CheckResult.PASS),
    ],
)
async def test_a_locked_release_cannot_be_upgraded_but_rolled_back(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, state: str, verb: Verb, result: CheckResult
) -> None:
    engine.rendered = Rendered(manifest("2"), (), "", "api", "2", "2", {})
    cluster.restate("payments-api", 42, state)
    plan = await controller.plan(intent(verb, chart="./api" if verb is Verb.UPGRADE else ""))
    assert check(plan, "lock").result is result
    assert plan.allowed is (result is not CheckResult.REFUSE)


async def test_a_revision_that_was_pruned_meanwhile_is_refused_with_those_left(controller: Controller) -> None:
    found = check(await controller.plan(intent(Verb.ROLLBACK, revision=7)), "revision")
    assert found.result is CheckResult.REFUSE
    assert found.advice == "Choose one of 42, 41, 40."


async def test_a_revision_that_failed_is_warned_of(controller: Controller, cluster: FakeCluster) -> None:
    cluster.restate("payments-api", 41, "failed")
    found = check(await controller.plan(intent(Verb.ROLLBACK, revision=41)), "revision")
    assert found.result is CheckResult.WARN


async def test_a_record_that_does_not_decode_is_refused_and_named(controller: Controller, cluster: FakeCluster) -> None:
    cluster.objects["/api/v1/namespaces/shop/secrets/sh.helm.release.v1.payments-api.v41"]["data"] = {"release": "!!"}
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert check(plan, "record").result is CheckResult.REFUSE
    assert "revision 41" in check(plan, "record").evidence


async def test_a_kind_the_server_no_longer_serves_refuses_a_rollback(
    controller: Controller, cluster: FakeCluster
) -> None:
    old = "---\napiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: psp}\n"
    cluster.record("payments-api", 41, "deployed", manifest=manifest("1.9.1", extra=old))
    found = check(await controller.plan(intent(Verb.ROLLBACK)), "kinds")
    assert found.result is CheckResult.REFUSE
    assert found.evidence == "not served: PodSecurityPolicy in policy/v1beta1"


async def test_missing_rights_are_named_as_kubectl_takes_them_and_asked_for_eight_at_a_time(
    controller: Controller, cluster: FakeCluster
) -> None:
    cluster.denied = {("patch", "deployments"), ("create", "secrets")}
    plan = await controller.plan(intent(Verb.ROLLBACK))
    found = check(plan, "rights")
    assert found.result is CheckResult.REFUSE
    assert found.evidence == "missing: create secrets in shop, patch deployments.apps in shop"
    assert 1 < cluster.most_reviews <= 8
    assert not plan.allowed


async def test_read_only_refuses_everything(make_controller: Callable[..., Controller]) -> None:
    plan = await make_controller(read_only=True).plan(intent(Verb.UNINSTALL))
    assert [refusal.id for refusal in plan.refusals] == ["read-only"]


async def test_a_rollback_without_an_engine_is_shown_but_refused(make_controller: Callable[..., Controller]) -> None:
    plan = await make_controller(engines=tuple).plan(intent(Verb.ROLLBACK))
    assert [refusal.id for refusal in plan.refusals] == ["engine"]
    assert "install helm 3 or 4" in plan.refusals[0].advice
    assert plan.effects


async def test_an_upgrade_without_an_engine_cannot_be_planned(make_controller: Callable[..., Controller]) -> None:
    with pytest.raises(EngineError, match="No Helm engine"):
        await make_controller(engines=tuple).plan(intent(Verb.UPGRADE, chart="./api"))


async def test_a_chart_that_does_not_render_is_an_error_and_no_plan(controller: Controller, engine: FakeEngine) -> None:
    engine.rendered = ChartError("api does not render: nil pointer at templates/x.yaml:3")
    with pytest.raises(ChartError, match=r"templates/x\.yaml:3"):
        await controller.plan(intent(Verb.UPGRADE, chart="./api"))


async def test_a_deploy_needs_a_free_name_a_namespace_and_objects_that_are_not_there(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    engine.rendered = Rendered(manifest("1"), (), "", "api", "1", "1", {})
    taken = await controller.plan(intent(Verb.DEPLOY, chart="./api"))
    assert [refusal.id for refusal in taken.refusals] == ["name"]
    fresh = Intent(verb=Verb.DEPLOY, release=ReleaseRef("prod-east", "shop", "other"), chart="./api")
    plan = await controller.plan(fresh)
    assert [refusal.id for refusal in plan.refusals] == ["adoption"]
    assert plan.refusals[0].evidence == (
        "exists without belonging to other: Deployment payments-api, Secret payments-db"
    )
    nowhere = Intent(verb=Verb.DEPLOY, release=ReleaseRef("prod-east", "nowhere", "other"), chart="./api")
    assert [refusal.id for refusal in (await controller.plan(nowhere)).refusals] == ["namespace"]
    made = Intent(
        verb=Verb.DEPLOY, release=ReleaseRef("prod-east", "nowhere", "other"), chart="./api", create_namespace=True
    )
    assert (await controller.plan(made)).allowed
    cluster.denied = {("create", "namespaces")}
    assert (await controller.plan(made)).refusals[0].evidence == "missing: create namespaces"


async def test_a_deploy_without_a_chart_is_a_wrong_call(controller: Controller) -> None:
    with pytest.raises(UsageError):
        await controller.plan(Intent(verb=Verb.DEPLOY, release=ReleaseRef("prod-east", "shop", "new")))


async def test_an_upgrade_without_a_chart_takes_the_one_in_the_record(
    controller: Controller, engine: FakeEngine
) -> None:
    asked: list[Any] = []

    async def render(request: Any) -> Rendered:
        asked.append(request)
        return Rendered(manifest("1.9.2", replicas=4), (), "", "api", "1.9.2", "", {})

    engine.render = render  # type: ignore[method-assign]
    plan = await controller.plan(intent(Verb.UPGRADE, values="replicas: 4"))
    assert asked[0].stored["version"] == 42
    assert "the chart it has, with your values" in plan.headline
    assert [effect.summary for effect in plan.effects if effect.action is EffectAction.UPDATE] == ["replicas 3 → 4"]


async def test_a_cluster_that_does_not_answer_is_an_error(controller: Controller, cluster: FakeCluster) -> None:
    cluster.failures["/api/v1/namespaces/shop/secrets"] = ConnectFailed("no route to prod-east")
    with pytest.raises(ClusterError, match="no route"):
        await controller.plan(intent(Verb.ROLLBACK))


async def test_an_unknown_cluster_is_a_wrong_call(controller: Controller) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        await controller.plan(Intent(verb=Verb.ROLLBACK, release=ReleaseRef("nowhere", "shop", "x")))


async def test_planning_writes_nothing(controller: Controller, cluster: FakeCluster) -> None:
    before = {path: body["metadata"]["resourceVersion"] for path, body in cluster.objects.items()}
    await controller.plan(intent(Verb.ROLLBACK))
    await controller.plan(intent(Verb.UNINSTALL))
    assert {path: body["metadata"]["resourceVersion"] for path, body in cluster.objects.items()} == before


async def test_a_global_cluster_that_hangs_does_not_hold_up_the_plan(
    make_controller: Callable[..., Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    above = FakeCluster("global")
    above.store.role = Role.GLOBAL

    async def hang(*args: Any, **options: Any) -> Any:
        await asyncio.Event().wait()

    above.get = hang  # type: ignore[method-assign]
    monkeypatch.setattr("acp_tui.controllers.route.ASK_SECONDS", 0.02)
    found = check(await make_controller(above).plan(intent(Verb.ROLLBACK)), "owner")
    assert found.result is CheckResult.UNKNOWN
    assert found.evidence.startswith("global: no answer within")
