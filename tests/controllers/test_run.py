"""An act runs to a verdict that comes from the cluster, and what it leaves is known whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from acp_tui.clients.errors import ConnectFailed
from acp_tui.clients.helm.engine import EngineResult, Rendered
from acp_tui.clients.kube.discovery import Kinds
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState, OutcomeKind, StepState
from acp_tui.model.plan import Verb
from acp_tui.model.refs import Kind
from tests.controllers.conftest import REF, SECRET_WORD, Stopwatch, intent, manifest
from tests.fakes.cluster import KINDS, FakeCluster, FakeEngine, FakeRun


async def act(controller: Controller, verb: Verb, **more: Any) -> Operation:
    plan = await controller.plan(intent(verb, **more))
    assert plan.allowed, plan.refusals
    return await controller.wait(controller.start(plan).id)


def rendered(tag: str, *, extra: str = "", hooks: tuple[Any, ...] = ()) -> Rendered:
    return Rendered(manifest(tag, extra=extra), hooks, "", "api", tag, tag, {})


async def test_a_rollback_that_heals_says_what_was_done_and_shows_the_evidence(controller: Controller) -> None:
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.state is OperationState.SUCCEEDED
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY
    assert done.outcome.title.startswith("Rolled back payments-api to 41 as revision 43 · 0:0")
    assert done.outcome.evidence == ("3/3 pods ready", "0 restarts", "2/2 objects there")
    assert (done.revision_before, done.revision_after) == (42, 43)
    assert [step.state for step in done.steps] == [StepState.DONE] * 5


async def test_healthy_must_hold_for_a_while_before_it_counts(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, stopwatch: Stopwatch
) -> None:
    """Pods that are ready for a second and then crash are no success."""
    engine.rendered = rendered("2.0.0")

    def crash(naps: int) -> None:
        pod = next(body for body in cluster.objects.values() if body["kind"] == "Pod")
        pod["status"]["containerStatuses"][0] |= {"ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}

    stopwatch.on_nap = crash
    done = await act(controller, Verb.UPGRADE, chart="./api")
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.REGRESSED


async def test_an_upgrade_to_an_image_that_is_not_there_is_regressed_long_before_the_deadline(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, stopwatch: Stopwatch
) -> None:
    await act(controller, Verb.ROLLBACK, revision=41)
    engine.rendered = rendered("missing")
    engine.apply = lambda body: (
        cluster.deploy(body, ready=2, waiting="ImagePullBackOff") if body["kind"] == "Deployment" else None
    )
    begun = stopwatch.now
    done = await act(controller, Verb.UPGRADE, chart="./api")
    assert done.state is OperationState.FAILED
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.REGRESSED
    assert stopwatch.now - begun < 10
    finding = done.outcome.findings[0]
    assert finding.ref is not None
    assert (finding.ref.kind, finding.ref.name) == ("Deployment", "payments-api")
    assert "ImagePullBackOff" in finding.what
    assert finding.evidence.startswith("pod payments-api-")
    assert done.outcome.advice == "To go back: roll back to 43."


async def test_what_was_broken_before_is_not_blamed_on_the_act(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    """The pods of the broken revision are still there for a moment after the rollback."""
    old_pods = {key: body for key, body in cluster.objects.items() if body["kind"] == "Pod"}

    def roll(body: dict[str, Any]) -> None:
        if body["kind"] == "Deployment":
            cluster.deploy(body)
            cluster.objects.update(old_pods)

    engine.apply = roll
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.NOT_PROVEN


async def test_pods_that_never_get_ready_leave_it_not_proven_at_the_deadline(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, stopwatch: Stopwatch
) -> None:
    engine.apply = lambda body: cluster.deploy(body, ready=1) if body["kind"] == "Deployment" else None
    begun = stopwatch.now
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.NOT_PROVEN
    assert done.outcome.title == "Rolled back payments-api to 41 as revision 43, not proven healthy within 1:00"
    assert "1/3 pods ready" in done.outcome.evidence
    assert 60 <= stopwatch.now - begun < 70


async def test_a_cluster_that_stops_answering_proves_nothing(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    plain = engine.apply

    def apply(body: dict[str, Any]) -> None:
        plain(body)
        cluster.failures[cluster.path(body)] = ConnectFailed("prod-east: no route", cluster="prod-east")

    engine.apply = apply
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.NOT_PROVEN
    assert "no route" in done.outcome.findings[0].what


async def test_a_field_somebody_else_keeps_is_residue(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    engine.apply = lambda body: (
        cluster.deploy({**body, "spec": {**body["spec"], "replicas": 5}}) if body["kind"] == "Deployment" else None
    )
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.RESIDUE
    assert done.outcome.findings[0].what == "stayed: replicas is 5 (stored 3)"


async def test_a_deploy_makes_the_first_revision(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    for key in [key for key in cluster.objects if "/namespaces/shop/" in key]:
        del cluster.objects[key]
    engine.rendered = rendered("1.0.0")
    done = await act(controller, Verb.DEPLOY, chart="./api", values="image: {tag: 1.0.0}")
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY
    assert done.outcome.title.startswith("Deployed payments-api (api 1.0.0) as revision 1 · ")
    assert engine.requests[0].values == "image: {tag: 1.0.0}"
    assert done.undo == "uninstall payments-api"


async def test_an_uninstall_is_over_when_the_objects_are_gone(controller: Controller, cluster: FakeCluster) -> None:
    done = await act(controller, Verb.UNINSTALL)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY
    assert done.outcome.title.startswith("Uninstalled payments-api · ")
    assert done.outcome.evidence == ("2/2 objects gone",)
    assert not [path for path in cluster.objects if "payments" in path and "pods" not in path]


async def test_an_object_that_will_not_go_is_named_with_what_holds_it(
    controller: Controller, cluster: FakeCluster, stopwatch: Stopwatch
) -> None:
    secret = "/api/v1/namespaces/shop/secrets/payments-db"
    held = {**cluster.objects[secret]}
    held["metadata"] = {**held["metadata"], "deletionTimestamp": "2026-11-21T10:00:00Z", "finalizers": ["x.io/hold"]}
    stopwatch.on_nap = lambda naps: None
    plan = await controller.plan(intent(Verb.UNINSTALL))
    cluster.remove = lambda body: cluster.objects.update({secret: held}) if body["kind"] == "Secret" else None  # type: ignore[method-assign]
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.RESIDUE
    assert any("held by x.io/hold" in finding.what for finding in done.outcome.findings)


async def test_helm_saying_no_is_a_failure_with_what_is_left_and_the_way_out(
    controller: Controller, engine: FakeEngine
) -> None:
    engine.fails = "cannot patch Deployment: field is immutable"
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.state is OperationState.FAILED
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.FAILED
    assert "field is immutable" in done.outcome.title
    assert done.outcome.evidence == ("revision 43 is failed",)
    assert done.outcome.advice == "Roll back to 41, the newest that was deployed."
    assert [step.state for step in done.steps] == [
        StepState.DONE, StepState.DONE, StepState.FAILED, StepState.DONE, StepState.SKIPPED,
    ]  # fmt: skip


async def test_a_deploy_that_wrote_nothing_says_so_and_what_to_do_next(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in [key for key in cluster.objects if "/namespaces/shop/" in key]:
        del cluster.objects[key]
    engine.rendered = rendered("1.0.0")

    async def killed(_: FakeRun) -> EngineResult:
        return EngineResult(ok=False, message="it was ended from outside by SIGKILL")

    monkeypatch.setattr(FakeRun, "result", killed)
    done = await act(controller, Verb.DEPLOY, chart="./api")
    assert done.outcome is not None
    assert done.outcome.title == "Helm could not deploy payments-api: it was ended from outside by SIGKILL"
    assert done.outcome.evidence == ("no record of payments-api was written",)
    assert done.outcome.findings == ()
    assert done.outcome.advice == "Nothing is recorded of it: correct the cause, then deploy it."


async def test_a_cancel_stops_helm_and_says_what_it_left(controller: Controller, engine: FakeEngine) -> None:
    engine.gate = asyncio.Event()
    started = controller.start(await controller.plan(intent(Verb.ROLLBACK, revision=41)))
    await engine.started.wait()
    await controller.cancel(started.id)
    done = await controller.wait(started.id)
    assert done.state is OperationState.CANCELLED
    assert done.outcome is not None
    assert done.outcome.evidence == ("revision 43 is pending-rollback",)
    assert done.outcome.advice == "Roll back to 41, the newest that was deployed."


async def test_a_cancel_during_the_verdict_ends_only_the_waiting(
    make_controller: Callable[..., Controller], cluster: FakeCluster, engine: FakeEngine, stopwatch: Stopwatch
) -> None:
    controller = make_controller()
    engine.apply = lambda body: cluster.deploy(body, ready=0) if body["kind"] == "Deployment" else None
    started = controller.start(await controller.plan(intent(Verb.ROLLBACK, revision=41)))
    cancels: list[asyncio.Task[None]] = []
    stopwatch.on_nap = lambda naps: cancels.append(asyncio.ensure_future(controller.cancel(started.id)))
    done = await controller.wait(started.id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.NOT_PROVEN
    assert "ended by hand" in done.outcome.title
    assert cancels


async def test_a_release_that_moved_since_the_plan_is_not_touched(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41))
    cluster.record("payments-api", 43, "deployed", manifest=manifest("1.9.3"))
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.FAILED
    assert done.outcome.title == "Nothing was done to payments-api: payments-api moved since the plan was made"
    assert engine.requests == []


async def test_a_record_rewritten_in_place_counts_as_moved(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine
) -> None:
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41))
    cluster.restate("payments-api", 42, "failed")
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert "moved" in done.outcome.title
    assert engine.requests == []


async def test_one_release_is_worked_on_by_one_act_at_a_time_also_over_processes(
    controller: Controller, make_controller: Callable[..., Controller], engine: FakeEngine
) -> None:
    engine.gate = asyncio.Event()
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41))
    first = controller.start(plan)
    for other in (controller, make_controller()):
        with pytest.raises(Refused, match="another acp-tui") as caught:
            other.start(plan)
        assert first.id in caught.value.tried
    engine.gate.set()
    assert (await controller.wait(first.id)).state is OperationState.SUCCEEDED
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41))
    assert (await controller.wait(controller.start(plan).id)).state is OperationState.SUCCEEDED


async def test_a_refused_plan_does_not_start(
    controller: Controller, make_controller: Callable[..., Controller]
) -> None:
    plan = await make_controller(read_only=True).plan(intent(Verb.ROLLBACK, revision=41))
    with pytest.raises(Refused, match="Acts are allowed"):
        controller.start(plan)


async def test_progress_is_told_in_order_and_ends_with_the_verdict(controller: Controller) -> None:
    seen: list[Operation] = []
    unsubscribe = controller.subscribe(seen.append)
    await act(controller, Verb.ROLLBACK, revision=41)
    states = list(dict.fromkeys(operation.state for operation in seen))
    assert states == [OperationState.RUNNING, OperationState.VERIFYING, OperationState.SUCCEEDED]
    assert [operation.outcome for operation in seen[:-1]] == [None] * (len(seen) - 1)
    unsubscribe()
    count = len(seen)
    await act(controller, Verb.ROLLBACK, revision=41)
    assert len(seen) == count


async def test_secrets_that_helm_prints_are_masked_on_the_screen_and_not_journalled(
    controller: Controller, engine: FakeEngine, journal: Journal
) -> None:
    engine.says = (f"error near password: {SECRET_WORD}", "fetched https://ci:s3cr3t@charts.example/api-1.tgz")
    engine.fails = f"template: bad value {SECRET_WORD}, token given-token"
    done = await act(controller, Verb.ROLLBACK, revision=41, values="auth: {token: given-token}\nplain: visible-text\n")
    shown = f"{done.output} {done.outcome}"
    written = "".join(path.read_text() for path in journal.folder.glob("*.jsonl"))
    for secret in (SECRET_WORD, "given-token", "s3cr3t"):
        assert secret not in shown
        assert secret not in written
    assert "visible-text" not in written
    assert "stringData" not in written


async def test_a_bug_in_the_engine_ends_in_a_verdict_and_a_whole_journal(
    controller: Controller, engine: FakeEngine, journal: Journal
) -> None:
    def explode(body: dict[str, Any]) -> None:
        raise KeyError("oops")

    engine.apply = explode
    done = await act(controller, Verb.ROLLBACK, revision=41)
    assert done.state is OperationState.FAILED
    assert done.outcome is not None
    assert "KeyError" in done.outcome.title
    assert journal.past()[0].outcome == done.outcome


async def test_operations_of_the_past_come_back_from_the_journal(
    controller: Controller, make_controller: Callable[..., Controller]
) -> None:
    done = await act(controller, Verb.ROLLBACK, revision=41)
    later = make_controller()
    assert [operation.id for operation in later.operations()] == [done.id]
    past = later.operation(done.id)
    assert past.outcome == done.outcome
    assert past.release == REF
    assert await later.wait(done.id) == past


async def test_a_listener_that_fails_does_not_break_the_act(controller: Controller) -> None:
    def broken(operation: Operation) -> None:
        raise RuntimeError("a screen that was closed")

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    controller.subscribe(broken)
    assert (await act(controller, Verb.ROLLBACK, revision=41)).state is OperationState.SUCCEEDED


async def test_closing_the_program_stops_helm_and_leaves_a_whole_journal(
    controller: Controller, engine: FakeEngine, journal: Journal
) -> None:
    engine.gate = asyncio.Event()
    begun = controller.start(await controller.plan(intent(Verb.ROLLBACK, revision=41)))
    await engine.started.wait()
    await controller.close()
    (past,) = journal.past()
    assert past.state is OperationState.CANCELLED
    assert past.outcome is not None
    assert past.outcome.title == "acp-tui was closed during the rollback of payments-api"
    assert past.id == begun.id


async def test_kinds_that_a_chart_brings_are_followed_too(
    controller: Controller, cluster: FakeCluster, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects of a kind that was not served when the act began are not called missing for ever."""
    widget = "---\napiVersion: shop.example/v1\nkind: Widget\nmetadata: {name: w}\n"
    engine.rendered = rendered("1.0.0", extra=widget)
    for key in [key for key in cluster.objects if "/namespaces/shop/" in key]:
        del cluster.objects[key]
    grown = Kinds([*KINDS, Kind("shop.example", "v1", "Widget", "widgets")])

    async def discover(transport: Any) -> Kinds:
        return grown

    monkeypatch.setattr("acp_tui.clients.kube.discovery.discover", discover)
    plain = engine.apply

    def apply(body: dict[str, Any]) -> None:
        if body["kind"] == "Widget":
            cluster.objects["/apis/shop.example/v1/namespaces/shop/widgets/w"] = body
        else:
            plain(body)

    engine.apply = apply
    plan = await controller.plan(intent(Verb.DEPLOY, chart="./api"))
    assert next(found for found in plan.checks if found.id == "kinds").evidence == (
        "not served: Widget in shop.example/v1"
    )
    cluster.path = lambda body: "" if body["kind"] == "Widget" else FakeCluster.path(cluster, body)  # type: ignore[method-assign]
    done = await controller.wait(controller.start(plan).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert "3/3 objects there" in done.outcome.evidence
