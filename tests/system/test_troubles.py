"""What API servers refuse an act, met on the bed: foreseen, named, led out of, healthy at the end, no record lost."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.model.operation import Operation, OperationState, OutcomeKind
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, Intent, Plan, ValuesMode, Verb
from acp_tui.model.recovery import Act, Ailment
from testbed import scenery
from tests.system.ward import Ward, payload_of, rewrite

pytestmark = pytest.mark.system


def chart_of(folder: Path, *bodies: dict[str, Any], files: dict[str, bytes] | None = None) -> str:
    """A chart of these objects, written anew each time."""
    chart = folder / "made"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: made\nversion: 1.0.0\n")
    (chart / "templates" / "all.yaml").write_text(yaml.safe_dump_all(bodies))
    for name, data in (files or {}).items():
        (chart / name).write_bytes(data)
    return str(chart)


def config(word: str, *, name: str = "settings") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"word": word}}


def workload(*, label: str = "front", replicas: int = 2, tag: str = "1.0.0") -> dict[str, Any]:
    container = {"name": "web", "image": f"registry.example.org/web:{tag}"}
    template = {"metadata": {"labels": {"app": label}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": label}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"}, "spec": spec}


def helm(ward: Ward, engine: str, *more: str) -> None:
    """A raw helm of somebody else, whose failure is the point."""
    argv = (engine, "--kube-context=bed-east", "-n", ward.namespace, *more)
    scenery.run(ward.bed, *argv, check=False)


def check(plan: Plan, id: str) -> Check:
    return next(found for found in plan.checks if found.id == id)


def effect(plan: Plan, kind: str) -> Effect:
    return next(each for each in plan.effects if each.ref.kind == kind)


async def plan(ward: Ward, verb: Verb, engine: str, **more: Any) -> Plan:
    return await ward.controller.plan(Intent(verb, ward.ref, engine=engine, timeout_seconds=20, **more))


async def act(ward: Ward, verb: Verb, engine: str, **more: Any) -> Operation:
    return await ward.act(Intent(verb, ward.ref, **more), engine)


async def healthy(ward: Ward, done: Operation, *records: int) -> None:
    """The verdict is good, every record that ever was is there or kept, and the doctor finds nothing."""
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert set(ward.records()) == set(records)
    assert await ward.controller.doctor.examine(ward.ref) == ()


@pytest.mark.parametrize("engine", ["helm4", "embedded"])
async def test_replicas_that_somebody_scaled_are_taken_over_where_a_person_says_so(
    ward: Ward, tmp_path: Path, engine: str
) -> None:
    """Server-side apply refuses a field of another manager; going back is refused by the same."""
    await act(ward, Verb.DEPLOY, engine, chart=chart_of(tmp_path, config("a"), workload()))
    place = ("--context=bed-east", "-n", ward.namespace)
    scenery.run(ward.bed, "kubectl", *place, "scale", "deployment/front", "--replicas=4")
    wanted = chart_of(tmp_path, config("b"), workload(replicas=3))
    refused = await plan(ward, Verb.UPGRADE, engine, chart=wanted)
    says = effect(refused, "Deployment").server
    assert says is not None
    assert (says.answer, says.text) == (Answer.CONFLICT, "spec.replicas set by kubectl")
    assert "--take-over" in check(refused, "server").advice

    await asyncio.to_thread(helm, ward, "helm4", "upgrade", "shop", wanted)
    found = await ward.diagnosis()
    assert (found.ailment, found.revision) == (Ailment.FIELD_CONFLICT, 2)
    assert [each.act for each in found.remedies] == [Act.ROLL_BACK_TAKE_OVER, Act.APPLY_TAKE_OVER]
    taken = await plan(ward, Verb.ROLLBACK, engine, revision=2, take_over=True)
    assert taken.allowed, taken.refusals
    warned = check(taken, "server")
    assert (warned.result, warned.evidence) == (
        CheckResult.WARN, "Deployment front: takes over spec.replicas set by kubectl",
    )  # fmt: skip
    outcome = await ward.recover(Act.APPLY_TAKE_OVER, engine)
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert outcome.evidence[0] == "3/3 pods ready"
    assert set(ward.records()) == {1, 2, 3}
    assert await ward.controller.doctor.examine(ward.ref) == ()


async def test_an_object_with_an_immutable_field_is_deleted_its_pods_are_kept_and_it_can_be_put_back(
    ward: Ward, tmp_path: Path
) -> None:
    await act(ward, Verb.DEPLOY, "helm3", chart=chart_of(tmp_path, config("a"), workload()))
    wanted = chart_of(tmp_path, config("b"), workload(label="other"))
    await asyncio.to_thread(helm, ward, "helm3", "upgrade", "shop", wanted)
    found = await ward.diagnosis()
    assert found.ailment is Ailment.IMMUTABLE_FIELD
    assert found.sentence == "Revision 2 failed at Deployment front: spec.selector cannot be changed once it is made."
    assert [each.act for each in found.remedies] == [Act.ROLL_BACK, Act.DELETE_ORPHAN]

    before = pods(ward)
    await ward.recover(Act.DELETE_ORPHAN)
    assert deployments(ward) == []
    assert pods(ward) == before, "no pod went"
    planned, backup = await ward.controller.doctor.plan_put_back(ward.ref)
    back = await ward.controller.doctor.put_back(planned, backup)
    assert back.state is OperationState.SUCCEEDED, back.outcome
    assert deployments(ward) == ["front"]

    await ward.recover(Act.DELETE_ORPHAN)
    done = await act(ward, Verb.UPGRADE, "helm3", chart=wanted)
    await healthy(ward, done, 1, 2, 3)


async def test_a_policy_that_denies_an_object_is_foreseen_and_named(ward: Ward, tmp_path: Path, policy: str) -> None:
    await act(ward, Verb.DEPLOY, "helm4", chart=chart_of(tmp_path, workload()))
    refused = await plan(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, workload(replicas=9)))
    says = effect(refused, "Deployment").server
    assert says is not None
    assert (says.answer, says.text) == (Answer.WEBHOOK, f"policy {policy} denied it: at most eight replicas")
    assert not refused.allowed
    done = await act(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, workload(replicas=3)))
    await healthy(ward, done, 1, 2)


async def test_a_quota_that_refuses_the_surge_pod_is_named_by_the_verdict_and_going_back_heals(
    ward: Ward, tmp_path: Path
) -> None:
    await act(ward, Verb.DEPLOY, "helm4", chart=chart_of(tmp_path, workload()))
    quota = {"metadata": {"name": "tight"}, "spec": {"hard": {"pods": "2"}}}
    place = f"/api/v1/namespaces/{ward.namespace}/resourcequotas"
    ward.bed["east"].request("POST", place, quota)
    east = ward.bed["east"]
    await asyncio.to_thread(
        east.wait, "the count",
        lambda: east.request("GET", f"{place}/tight").get("status", {}).get("used", {}).get("pods") == "2",
    )  # fmt: skip
    planned = await plan(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, workload(tag="2.0.0")))
    assert check(planned, "quota").result is CheckResult.WARN
    done = await ward.controller.wait(ward.controller.start(planned).id)
    assert done.outcome is not None
    assert done.outcome.kind in (OutcomeKind.REGRESSED, OutcomeKind.NOT_PROVEN)
    assert any("quota" in finding.what for finding in done.outcome.findings), done.outcome
    await healthy(ward, await act(ward, Verb.ROLLBACK, "helm4", revision=1), 1, 2, 3)


async def test_a_kind_that_is_gone_from_under_the_current_revision_is_named_and_its_definition_leads_out(
    ward: Ward, tmp_path: Path
) -> None:
    """Helm builds what it has before it looks at what it shall have: even an upgrade that drops the object fails."""
    definition = gadgets(ward.namespace)
    await asyncio.to_thread(define, ward, definition)
    gadget = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Gadget", "metadata": {"name": "g"}}
    await act(ward, Verb.DEPLOY, "helm3", chart=chart_of(tmp_path, config("a"), gadget))
    place = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    ward.bed["east"].request("DELETE", f"{place}/{definition['metadata']['name']}")
    name = definition["metadata"]["name"]

    def gone() -> bool:
        return all(each["metadata"]["name"] != name for each in ward.bed["east"].request("GET", place)["items"])

    await asyncio.to_thread(ward.bed["east"].wait, "the end of the definition", gone)
    await relearn(ward)
    wanted = chart_of(tmp_path, config("b"))
    refused = await plan(ward, Verb.UPGRADE, "helm3", chart=wanted)
    assert not refused.allowed
    assert check(refused, "kinds").evidence == f"not served: Gadget in {definition['spec']['group']}/v1"
    await asyncio.to_thread(define, ward, definition)
    await relearn(ward)
    await healthy(ward, await act(ward, Verb.UPGRADE, "helm3", chart=wanted), 1, 2)


async def test_a_record_near_the_limit_is_told_and_one_beyond_it_is_refused_before_helm_fails(
    ward: Ward, tmp_path: Path
) -> None:
    noise = random.Random(7).randbytes(640_000)
    big = chart_of(tmp_path, config("a"), files={"noise.bin": noise})
    done = await act(ward, Verb.DEPLOY, "helm4", chart=big)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY
    (found,) = await ward.controller.doctor.examine(ward.ref)
    assert found.ailment is Ailment.TOO_LARGE
    larger = base64.b64encode(random.Random(8).randbytes(300_000)).decode()
    refused = await plan(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, config(larger)))
    assert check(refused, "size").result is CheckResult.REFUSE
    (tmp_path / "made" / "noise.bin").unlink()
    slim = chart_of(tmp_path, config("b"))
    assert check(await plan(ward, Verb.UPGRADE, "helm4", chart=slim), "size").result is CheckResult.PASS
    await healthy(ward, await act(ward, Verb.UPGRADE, "helm4", chart=slim), 1, 2)
    fat = chart_of(tmp_path, config("b"), files={"noise.bin": random.Random(9).randbytes(900_000)})
    assert check(await plan(ward, Verb.UPGRADE, "helm4", chart=fat), "size").result is CheckResult.REFUSE
    assert check(await plan(ward, Verb.UPGRADE, "embedded", chart=fat), "size").result is CheckResult.UNKNOWN


async def test_a_record_without_its_chart_needs_one_named(ward: Ward) -> None:
    await asyncio.to_thread(ward.release, "helm4", "1.0.0")
    rewrite(ward, 1, label="deployed", payload="deployed", drop="templates")
    assert (await ward.diagnosis()).ailment is Ailment.CHART_GONE
    assert (await ward.upgraded("helm4", "1.1.0")).kind is OutcomeKind.HEALTHY
    assert await ward.controller.doctor.examine(ward.ref) == ()


async def test_a_failing_hook_is_heard_before_its_policy_deletes_it_and_kept(ward: Ward) -> None:
    """The log goes with the pod as soon as the hook is over; Helm itself says no more than BackoffLimitExceeded."""
    await asyncio.to_thread(ward.release, "helm3", "1.0.0")
    ward.bed["east"].write_log("no such table: orders")
    failing = "{hook: {enabled: true, behaviour: fail, policy: 'before-hook-creation,hook-failed'}}"
    planned = await plan(ward, Verb.UPGRADE, "helm3", chart=ward.chart("1.1.0"), values=failing)
    done = await ward.controller.wait(ward.controller.start(planned).id)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.FAILED
    assert any("no such table: orders" in finding.evidence for finding in done.outcome.findings), done.outcome
    (heard,) = ward.controller.keep.words(ward.ref)
    assert heard.revision == 2
    assert heard.words[0].why == "hook shop-migrate"
    assert "no such table: orders" in heard.words[0].lines
    await healthy(ward, await act(ward, Verb.ROLLBACK, "helm3", revision=1, no_hooks=True), 1, 2, 3)


async def test_what_pruning_removed_is_still_in_the_history(ward: Ward) -> None:
    from acp_tui.controllers.keep import whole_history
    from acp_tui.fleet.inspect import Inspector

    await asyncio.to_thread(ward.release, "helm4", "1.0.0")
    for number in range(2, 11):
        await asyncio.to_thread(ward.release, "helm4", "1.1.0", message=f"number {number}")
    inspector = Inspector(ward.fleet)
    before = await inspector.history(ward.ref, described=20)
    assert [each.revision for each in before if each.leaves] == [1]
    assert all(each.size > 0 for each in before)
    done = await act(ward, Verb.UPGRADE, "helm4", values="{message: last}", values_mode=ValuesMode.REUSE)
    await healthy(ward, done, *range(2, 12))
    whole = whole_history(await inspector.history(ward.ref), ward.controller.keep.revisions(ward.ref))
    assert [(each.revision, each.kept_at is not None) for each in whole][-2:] == [(2, False), (1, True)]
    body = ward.controller.keep.body(ward.ref, 1)
    assert body is not None
    assert "kind: Deployment" in body.manifest


async def test_letting_go_of_a_stuck_uninstall_keeps_its_objects_and_can_be_put_back(ward: Ward) -> None:
    await asyncio.to_thread(
        ward.release, "helm3", "1.0.0", hook__enabled="true", hook__behaviour="fail", hook__events="pre-delete"
    )
    await asyncio.to_thread(helm, ward, "helm3", "uninstall", "shop", "--timeout=20s")
    before = deployments(ward)
    await ward.recover(Act.LET_GO)
    assert ward.records() == {}
    assert deployments(ward) == before
    planned, backup = await ward.controller.doctor.plan_put_back(ward.ref)
    back = await ward.controller.doctor.put_back(planned, backup)
    assert back.state is OperationState.SUCCEEDED, back.outcome
    assert payload_of(ward.records()[1])["info"]["status"] == "uninstalling"
    outcome = await ward.recover(Act.ROLL_BACK_NO_HOOKS, "helm3")
    assert outcome.kind is OutcomeKind.HEALTHY, outcome
    assert set(ward.records()) == {1, 2}


@pytest.fixture
def policy(ward: Ward) -> Iterator[str]:
    """A ValidatingAdmissionPolicy for the namespace of the test; its name."""
    name, east = f"few-{ward.namespace[-4:]}", ward.bed["east"]
    root = "/apis/admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"],
    }  # fmt: skip
    here = {"matchLabels": {"kubernetes.io/metadata.name": ward.namespace}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [rule]},
        "validations": [{"expression": "object.spec.replicas <= 8", "message": "at most eight replicas"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    east.request("POST", f"{root}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    east.request("POST", f"{root}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding})
    tried = {**workload(replicas=9), "metadata": {"name": "tried", "namespace": ward.namespace}}
    path = f"/apis/apps/v1/namespaces/{ward.namespace}/deployments?dryRun=All"
    east.wait("the policy", lambda: _denied(ward, path, tried))
    yield name
    east.request("DELETE", f"{root}/validatingadmissionpolicybindings/{name}")
    east.request("DELETE", f"{root}/validatingadmissionpolicies/{name}")


def _denied(ward: Ward, path: str, body: dict[str, Any]) -> bool:
    from testbed.process import BedError

    try:
        ward.bed["east"].request("POST", path, body)
    except BedError as error:
        return "at most eight" in str(error)
    return False


def gadgets(namespace: str) -> dict[str, Any]:
    group = f"g{namespace[-4:]}.example.org"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def define(ward: Ward, definition: dict[str, Any]) -> None:
    scenery.apply(ward.bed, "east", [definition])
    name = definition["metadata"]["name"]
    scenery.run(ward.bed, "kubectl", "--context=bed-east", "wait", "--for=condition=Established", "crd", name)


async def relearn(ward: Ward) -> None:
    """The fleet asks for the kinds that are served from time to time; a test does not wait for that."""
    from acp_tui.clients.kube.discovery import discover

    session = ward.fleet.session("bed-east")
    session.kinds = await discover(session.transport)


def pods(ward: Ward) -> set[str]:
    items = ward.bed["east"].request("GET", f"/api/v1/namespaces/{ward.namespace}/pods")["items"]
    return {item["metadata"]["uid"] for item in items}


def deployments(ward: Ward) -> list[str]:
    items = ward.bed["east"].request("GET", f"/apis/apps/v1/namespaces/{ward.namespace}/deployments")["items"]
    return [item["metadata"]["name"] for item in items]
