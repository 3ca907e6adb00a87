"""The plan of an act says what real API servers will say to it, object by object, and writes nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, Intent, Plan, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef
from testbed import scenery
from testbed.bed import Bed

pytestmark = pytest.mark.system
Run = Callable[..., subprocess.CompletedProcess[str]]
Chart = Callable[[str], Path]


class CountingTransport(HttpTransport):
    """The real transport, with the most requests that were under way at a time and every write that was no dry run."""

    most = 0
    now = 0
    writes: ClassVar[list[str]] = []

    async def get(self, path: str, **rest: Any) -> Any:
        with _Under():
            return await super().get(path, **rest)

    async def send(self, method: str, path: str, **rest: Any) -> Any:
        if (rest.get("params") or {}).get("dryRun") != "All" and not path.endswith("reviews"):
            CountingTransport.writes.append(f"{method} {path}")
        with _Under():
            return await super().send(method, path, **rest)


class _Under:
    def __enter__(self) -> None:
        CountingTransport.now += 1
        CountingTransport.most = max(CountingTransport.most, CountingTransport.now)

    def __exit__(self, *_: object) -> None:
        CountingTransport.now -= 1


def dial(context: Context) -> HttpTransport:
    return CountingTransport(context)


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def fleet(kubeconfig: Path) -> AsyncIterator[Fleet]:
    contexts = [context for context in load([kubeconfig]).contexts if context.name == "bed-east"]
    fleet = Fleet(contexts, connect=dial)
    fleet.start()
    await fleet.settled(20)
    yield fleet
    await fleet.close()


@pytest.fixture
def controller(fleet: Fleet, engines: Sequence[HelmEngine], tmp_path: Path) -> Controller:
    return Controller(
        fleet,
        engines=lambda: engines,
        journal=Journal(tmp_path / "journal"),
        verify=Verify(deadline_seconds=90, steady_seconds=0.5),
    )


def check(plan: Plan, id: str) -> Check:
    return next(found for found in plan.checks if found.id == id)


def effect(plan: Plan, kind: str, name: str = "") -> Effect:
    return next(each for each in plan.effects if each.ref.kind == kind and name in each.ref.name)


async def rollback(controller: Controller, namespace: str, engine: str, **more: Any) -> Plan:
    ref = ReleaseRef("bed-east", namespace, "shop")
    return await controller.plan(Intent(verb=Verb.ROLLBACK, release=ref, engine=engine, **more))


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
async def test_a_good_rollback_is_taken_whole_and_planning_wrote_nothing(
    controller: Controller, namespace: str, bed: Bed, run: Run, helm: str
) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, helm=helm, version="1.0.0", replicas=3)
    scenery.release(bed, "east", "shop", namespace=namespace, helm=helm, version="1.1.0", replicas=3)
    patch = ("patch", "deployment/shop", "--type=merge", '-p={"spec":{"replicas":5}}')
    run("kubectl", "--context=bed-east", "-n", namespace, *patch)
    run("kubectl", "--context=bed-east", "-n", namespace, "rollout", "status", "deployment/shop", "--timeout=60s")
    before = _versions(bed, namespace)
    CountingTransport.writes.clear()
    plan = await rollback(controller, namespace, helm, revision=1)
    assert CountingTransport.writes == []
    assert _versions(bed, namespace) == before
    deployment = effect(plan, "Deployment")
    assert deployment.server is not None
    (drifted,) = deployment.drift
    assert (drifted.field, drifted.stored, drifted.live, drifted.target) == ("spec.replicas", "3", "5", "3")
    assert drifted.manager == "kubectl-patch"
    assert drifted.at is not None
    assert abs(time.time() - drifted.at) < 120
    assert deployment.pace == "1 at a time"
    if helm == "helm3":
        assert plan.allowed, plan.refusals
        assert deployment.server.answer is Answer.OK
        assert not drifted.stays
    else:
        assert deployment.server.answer is Answer.CONFLICT
        assert deployment.server.text == "spec.replicas set by kubectl-patch"
        assert check(plan, "server").result is CheckResult.REFUSE
    assert check(plan, "quota").evidence == f"{namespace} has no quota"
    assert check(plan, "size").result is CheckResult.PASS
    assert check(plan, "pruning").evidence == "2 of 10 revisions"


async def test_the_python_engine_is_tried_under_the_name_it_signs_with(
    controller: Controller, namespace: str, chart: Chart
) -> None:
    ref = ReleaseRef("bed-east", namespace, "shop")
    for verb, version in ((Verb.DEPLOY, "1.0.0"), (Verb.UPGRADE, "1.1.0")):
        plan = await controller.plan(Intent(verb=verb, release=ref, engine="embedded", chart=str(chart(version))))
        assert plan.allowed, plan.refusals
        await controller.wait(controller.start(plan).id)
    plan = await rollback(controller, namespace, "embedded")
    assert check(plan, "server").result is CheckResult.PASS, check(plan, "server")


async def test_what_the_server_would_refuse_is_what_helm_is_refused(
    controller: Controller, namespace: str, tmp_path: Path, run: Run, bed: Bed
) -> None:
    release(run, tmp_path, namespace, [_config("a"), _workload("front", "1.0.0")])
    ref = ReleaseRef("bed-east", namespace, "shop")
    chart = write_chart(tmp_path, [_config("b"), _workload("front", "1.0.0", label="other")])
    plan = await controller.plan(Intent(verb=Verb.UPGRADE, release=ref, chart=str(chart), engine="helm3"))
    says = effect(plan, "Deployment").server
    assert says is not None
    assert says.answer is Answer.IMMUTABLE, says
    assert says.text == "spec.selector: field is immutable"
    assert not plan.allowed
    failed = run(
        "helm3", "--kube-context=bed-east", "-n", namespace, "upgrade", "shop", str(chart), check=False
    )  # fmt: skip
    assert "field is immutable" in failed.stderr


async def test_a_quota_that_holds_no_surge_pod_and_podsecurity_are_seen_on_a_pod_that_is_only_tried(
    controller: Controller, namespace: str, bed: Bed
) -> None:
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.0.0", replicas=2)
    scenery.release(bed, "east", "shop", namespace=namespace, version="1.1.0", replicas=2)
    quota = {"metadata": {"name": "tight"}, "spec": {"hard": {"pods": "2", "requests.cpu": "1"}}}
    bed["east"].request("POST", f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    place = f"/api/v1/namespaces/{namespace}/resourcequotas/tight"
    await asyncio.to_thread(
        bed["east"].wait,
        "the count",
        lambda: bed["east"].request("GET", place).get("status", {}).get("used", {}).get("pods") == "2",
    )
    plan = await rollback(controller, namespace, "helm4", revision=1)
    says = effect(plan, "Deployment").server
    assert says is not None
    assert (says.answer, says.pods) == (Answer.QUOTA, True)
    assert says.text.startswith("quota tight exceeded: requested pods=1")
    assert check(plan, "server").result is CheckResult.WARN
    fits = check(plan, "quota")
    assert fits.result is CheckResult.WARN
    assert fits.evidence == "only without surge: pods +1, 0 left"
    assert plan.allowed

    bed["east"].request("DELETE", place)
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    run = _patch(bed, f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": level}})
    assert run["metadata"]["labels"].items() >= level.items()
    plan = await rollback(controller, namespace, "helm4", revision=1)
    says = effect(plan, "Deployment").server
    assert says is not None
    assert (says.answer, says.pods) == (Answer.POD_SECURITY, True)
    pods = bed["east"].request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert len(pods) == 2, "the pod was only tried"


async def test_a_kind_whose_definition_went_is_named_before_the_button_is_live(
    controller: Controller, namespace: str, tmp_path: Path, run: Run, bed: Bed
) -> None:
    definition = _definition("gadgets", "Gadget", namespace)
    scenery.apply(bed, "east", [definition])
    run("kubectl", "--context=bed-east", "wait", "--for=condition=Established", "crd", definition["metadata"]["name"])
    group = definition["spec"]["group"]
    gadget = {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {}}
    release(run, tmp_path, namespace, [_config("a"), gadget])
    release(run, tmp_path, namespace, [_config("b")])
    run("kubectl", "--context=bed-east", "delete", "crd", definition["metadata"]["name"])
    plan = await rollback(controller, namespace, "helm3", revision=1)
    says = effect(plan, "Gadget").server
    assert says is not None
    assert says.answer is Answer.NOT_SERVED
    assert not plan.allowed


async def test_the_default_target_is_the_newest_that_was_proven_healthy(
    controller: Controller, namespace: str, chart: Chart, bed: Bed
) -> None:
    """Helm calls a revision deployed as soon as it is applied; our own verdict knows that its pods never ran."""
    ref = ReleaseRef("bed-east", namespace, "shop")

    async def act(verb: Verb, **more: Any) -> OutcomeKind:
        plan = await controller.plan(Intent(verb=verb, release=ref, engine="helm3", **more))
        assert plan.allowed, plan.refusals
        done = await controller.wait(controller.start(plan).id)
        assert done.outcome is not None
        return done.outcome.kind

    assert await act(Verb.DEPLOY, chart=str(chart("1.0.0"))) is OutcomeKind.HEALTHY
    broken = await act(Verb.UPGRADE, values="broken: true", values_mode=ValuesMode.REUSE)
    assert broken is OutcomeKind.REGRESSED
    again = await act(Verb.UPGRADE, values="{broken: true, message: again}", values_mode=ValuesMode.REUSE)
    assert again in (OutcomeKind.NOT_PROVEN, OutcomeKind.REGRESSED)
    plan = await rollback(controller, namespace, "helm3")
    assert plan.intent.revision == 1, "2 is superseded, but was never healthy"
    assert check(plan, "standing").evidence.startswith("proven healthy, the deployed one for ")
    worse = await rollback(controller, namespace, "helm3", revision=2)
    assert check(worse, "standing").result is CheckResult.WARN
    assert check(worse, "standing").advice == "Revision 1 is the newest that was."


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
async def test_two_hundred_objects_take_one_dry_run_each_and_little_more_and_never_more_than_eight_at_once(
    controller: Controller, namespace: str, tmp_path: Path, run: Run, helm: str
) -> None:
    bodies = [_config("a", name=f"c{number}") for number in range(190)]
    bodies += [_workload(f"w{number}", "1.0.0") for number in range(10)]
    release(run, tmp_path, namespace, bodies, helm=helm)
    changed = [_config("b", name=f"c{number}") for number in range(190)]
    changed += [_workload(f"w{number}", "1.1.0") for number in range(10)]
    release(run, tmp_path, namespace, changed, helm=helm)
    await rollback(controller, namespace, helm, revision=1)
    CountingTransport.most = 0
    requests = controller._planner.cluster("bed-east").transport.stats.requests
    started = time.process_time()
    plan = await rollback(controller, namespace, helm, revision=1)
    took = time.process_time() - started
    asked = controller._planner.cluster("bed-east").transport.stats.requests - requests
    assert len(plan.effects) == 200
    assert all(each.server is not None and each.server.answer is Answer.OK for each in plan.effects)
    assert CountingTransport.most <= 8
    assert asked <= 250, "reads are bundled, rights are asked for once a kind"
    assert took <= 1.5, "seconds of our own processor time; the rest is the server's"


def release(
    run: Run, folder: Path, namespace: str, bodies: Sequence[dict[str, Any]], *, helm: str = "helm3", check: bool = True
) -> None:
    chart = write_chart(folder, bodies)
    run(helm, "--kube-context=bed-east", "-n", namespace, "upgrade", "--install", "shop", str(chart), check=check)


def write_chart(folder: Path, bodies: Sequence[dict[str, Any]]) -> Path:
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: made\nversion: 1.0.0\n")
    (chart / "templates" / "all.yaml").write_text(yaml.safe_dump_all(bodies))
    return chart


def _config(word: str, *, name: str = "settings") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"word": word}}


def _workload(name: str, tag: str, *, label: str = "") -> dict[str, Any]:
    labels = {"app": label or name}
    container = {"name": "web", "image": f"registry.example.org/web:{tag}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _definition(plural: str, kind: str, namespace: str) -> dict[str, Any]:
    group = f"{namespace[-4:]}.example.org".replace("-", "x")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _versions(bed: Bed, namespace: str) -> dict[str, str]:
    paths = (
        f"/api/v1/namespaces/{namespace}/configmaps",
        f"/api/v1/namespaces/{namespace}/secrets",
        f"/api/v1/namespaces/{namespace}/services",
    )
    items = [item for path in paths for item in bed["east"].request("GET", path)["items"]]
    return {item["metadata"]["uid"]: item["metadata"]["resourceVersion"] for item in items}


def _patch(bed: Bed, path: str, patch: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bed["east"].request("GET", path)
    found["metadata"]["labels"] = {**(found["metadata"].get("labels") or {}), **patch["metadata"]["labels"]}
    changed: dict[str, Any] = bed["east"].request("PUT", path, found)
    return changed
