"""A plan asks the server beforehand: what it says, whose drift there is, and never more than eight at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from acp_tui.clients.errors import Conflict, Forbidden, Rejected
from acp_tui.clients.helm.engine import Rendered
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.gate import AT_ONCE
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, Plan, Verb
from acp_tui.wire.kubernetes import Status
from acp_tui.wire.manifest import objects
from tests.controllers.conftest import intent, manifest
from tests.fakes.cluster import FakeCluster, FakeEngine

DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/payments-api"
PODS = "/api/v1/namespaces/shop/pods"


def check(plan: Plan, id: str) -> Check:
    return next(found for found in plan.checks if found.id == id)


def deployment(plan: Plan) -> Effect:
    return next(effect for effect in plan.effects if effect.ref.kind == "Deployment")


def no(kind: type[Any], status: int, message: str, *causes: str) -> Any:
    error = kind(message, cluster="prod-east", status=status)
    error.answer = Status(code=status, message=message, causes=causes)
    return error


async def test_every_object_is_tried_as_helm_would_send_it(controller: Controller, cluster: FakeCluster) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert ("PATCH", DEPLOYMENT) in cluster.rehearsed
    assert ("POST", PODS) in cluster.rehearsed, "one pod of the changed template"
    assert deployment(plan).server is not None
    assert check(plan, "server").evidence == "2 tried by a dry run, nothing written"
    assert deployment(plan).pace == "1 at a time"


async def test_a_template_that_only_loses_a_field_restarts_its_pods_and_is_tried(
    controller: Controller, cluster: FakeCluster
) -> None:
    """What the target drops is in no field that it has: only beside the stored form can it be seen."""
    grace = "    spec: {terminationGracePeriodSeconds: 60, "
    held = manifest("1.9.1").replace("    spec: {", grace)
    cluster.record("payments-api", 42, "failed", manifest=held)
    body = objects(held, origin="42")[1]
    cluster.deploy(body)
    live = cluster.objects[DEPLOYMENT]
    labels = {"app": "payments", "pod-template-hash": "5f66"}
    owner = {"name": "payments-api-5f66", "labels": labels, "ownerReferences": [{"uid": live["metadata"]["uid"]}]}
    template = {**body["spec"]["template"], "metadata": {"labels": labels}}
    status = {"replicas": 3, "readyReplicas": 3}
    cluster.put(
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": owner, "spec": {"template": template}}
        | {"status": status}
    )
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert deployment(plan).restarts == 3
    assert "run it already" not in deployment(plan).summary
    assert ("POST", PODS) in cluster.rehearsed


@pytest.mark.parametrize(
    ("size", "chart", "result"),
    [(2_000_000, "api-2.tgz", CheckResult.REFUSE), (20_000, "api-2.tgz", CheckResult.PASS),
     (0, "api-2.tgz", CheckResult.UNKNOWN), (0, "", CheckResult.PASS)],
)  # fmt: skip
async def test_the_record_of_an_upgrade_is_measured_with_the_chart_that_is_named(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, size: int, chart: str, result: CheckResult
) -> None:
    """An engine that tells no size is believed only for the chart that the record has already."""
    engine.rendered = Rendered(manifest("1.9.3"), (), "", "api", "1.9.3", "", {}, size)
    plan = await controller.plan(intent(Verb.UPGRADE, chart=chart))
    assert check(plan, "size").result is result
    assert plan.allowed is (result is not CheckResult.REFUSE)


async def test_an_immutable_field_refuses_the_plan(controller: Controller, cluster: FakeCluster) -> None:
    cluster.noes[DEPLOYMENT] = no(Rejected, 422, "it is invalid", "spec.selector: field is immutable")
    plan = await controller.plan(intent(Verb.ROLLBACK))
    says = deployment(plan).server
    assert says is not None
    assert (says.answer, says.text) == (Answer.IMMUTABLE, "spec.selector: field is immutable")
    assert not plan.allowed
    assert check(plan, "server").evidence == (
        "Deployment payments-api: immutable field, spec.selector: field is immutable"
    )


async def test_a_field_of_another_manager_is_named_with_its_owner(controller: Controller, cluster: FakeCluster) -> None:
    words = 'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas'
    cluster.noes[DEPLOYMENT] = no(Conflict, 409, words)
    plan = await controller.plan(intent(Verb.ROLLBACK))
    says = deployment(plan).server
    assert says is not None
    assert (says.answer, says.text) == (Answer.CONFLICT, "spec.replicas set by kubectl-edit")


async def test_pods_that_would_not_be_made_are_a_warning_because_helm_goes_on(
    controller: Controller, cluster: FakeCluster
) -> None:
    words = "pods is forbidden: exceeded quota: tight, requested: pods=1, used: pods=3, limited: pods=3"
    cluster.noes[PODS] = no(Forbidden, 403, words)
    plan = await controller.plan(intent(Verb.ROLLBACK))
    says = deployment(plan).server
    assert says is not None
    assert (says.answer, says.pods) == (Answer.QUOTA, True)
    assert check(plan, "server").result is CheckResult.WARN
    assert plan.allowed


async def test_many_plans_at_a_time_stay_within_eight_requests(
    make_controller: Callable[..., Controller], cluster: FakeCluster
) -> None:
    extra = "".join(
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n" for number in range(40)
    )  # fmt: skip
    cluster.record("payments-api", 41, "deployed", manifest=manifest("1.9.1", extra=extra))
    controller = make_controller()
    await asyncio.gather(*(controller.plan(intent(Verb.ROLLBACK)) for _ in range(3)))
    assert cluster.most_rehearsals <= AT_ONCE
    assert cluster.most_reviews <= AT_ONCE


async def test_a_rollback_says_how_long_its_target_was_the_deployed_one(controller: Controller) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert check(plan, "standing").evidence.startswith("the deployed one for only 0 s")
    assert check(plan, "size").result is CheckResult.PASS
    assert check(plan, "pruning").evidence == "3 of 10 revisions"
