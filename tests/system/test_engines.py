"""Helm 3, Helm 4 and Helm inside Python do the same things to a real cluster, and leave what is said they leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.binary import BinaryEngine, BinaryRun
from acp_tui.clients.helm.embedded import EmbeddedEngine
from acp_tui.clients.helm.engine import EngineRequest, HelmEngine
from acp_tui.clients.helm.engines import choose, find_engines
from acp_tui.clients.helm.records import Records
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.model.errors import ChartError, EngineError
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef, Store
from testbed import scenery
from testbed.bed import Bed
from tests.fakes.registry import FakeRegistry

pytestmark = pytest.mark.system

ENGINES = ("helm3", "helm4", "embedded")
STUCK_HOOK = "hook: {enabled: true, events: pre-upgrade, behaviour: never-ready}\n"


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> tuple[HelmEngine, ...]:
    return find_engines(bed_env)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, engines: tuple[HelmEngine, ...]) -> HelmEngine:
    return choose(engines, request.param)


@pytest.fixture
def context(kubeconfig: Path) -> Context:
    return load([kubeconfig]).context("bed-east")


@pytest.fixture
async def records(context: Context) -> AsyncIterator[Records]:
    transport = HttpTransport(context)
    yield Records(transport)
    await transport.close()


@pytest.fixture
def ask(context: Context, namespace: str) -> Callable[..., EngineRequest]:
    """`ask(Verb.UPGRADE, values="…")`: a request for release `web` of the bed's chart."""

    def make(verb: Verb, *, store: Store = Store.SECRET, **more: Any) -> EngineRequest:
        if verb in (Verb.DEPLOY, Verb.UPGRADE):
            more.setdefault("chart", str(scenery.CHART))
        release = ReleaseRef("bed-east", namespace, "web", store)
        return EngineRequest(verb=verb, release=release, context=context, **{"timeout": 60, "hooks": 1, **more})

    return make


Ask = Callable[..., EngineRequest]


class Output(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


def replicas(bed: Bed, namespace: str) -> int:
    found: int = bed["east"].request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/web")["spec"]["replicas"]
    return found


async def test_the_whole_life_of_a_release(
    engine: HelmEngine, ask: Ask, bed: Bed, namespace: str, records: Records
) -> None:
    output = Output()
    ref = ask(Verb.DEPLOY).release

    installed = await engine.run(ask(Verb.DEPLOY, values="replicas: 1\n"), output)
    assert (installed.ok, installed.revision) == (True, 1)
    upgraded = await engine.run(ask(Verb.UPGRADE, values="replicas: 3\nmessage: hi\n"), output)
    assert (upgraded.ok, upgraded.revision) == (True, 2)
    assert replicas(bed, namespace) == 3
    rolled_back = await engine.run(ask(Verb.ROLLBACK, revision=1), output)
    assert rolled_back.ok
    assert replicas(bed, namespace) == 1
    history = await records.history(ref)
    assert [(one.revision, one.status) for one in history] == [(3, "deployed"), (2, "superseded"), (1, "superseded")]
    assert (await records.body(ref, history[0])).description == "Rollback to 1"

    kept = await engine.run(ask(Verb.UNINSTALL, keep_history=True), output)
    assert kept.ok
    assert (await records.history(ref))[0].status == "uninstalled"
    assert (await engine.run(ask(Verb.UNINSTALL), output)).ok
    assert await records.history(ref) == ()
    assert output
    assert not any("\x1b" in line for line in output)


async def test_an_upgrade_starts_from_the_chart_or_from_the_last_values(
    engine: HelmEngine, ask: Ask, records: Records
) -> None:
    ref = ask(Verb.DEPLOY).release
    await engine.run(ask(Verb.DEPLOY, values="replicas: 1\nmessage: first\n"), Output())
    await engine.run(ask(Verb.UPGRADE, values="message: second\n", reuse_values=True), Output())
    assert (await records.body(ref, 2)).values == {"replicas": 1, "message": "second"}
    await engine.run(ask(Verb.UPGRADE, values="message: third\n"), Output())
    assert (await records.body(ref, 3)).values == {"message": "third"}


async def test_an_upgrade_without_a_chart_takes_the_stored_one(engine: HelmEngine, ask: Ask, records: Records) -> None:
    ref = ask(Verb.DEPLOY).release
    await engine.run(ask(Verb.DEPLOY), Output())
    stored = (await records.record(ref, 1)).release
    result = await engine.run(ask(Verb.UPGRADE, chart="", stored=stored, values="replicas: 3\n"), Output())
    assert result.ok
    before, after = await records.body(ref, 1), await records.body(ref, 2)
    assert (after.chart, after.chart_version, after.notes) == (before.chart, before.chart_version, before.notes)
    assert after.manifest == before.manifest.replace("replicas: 2", "replicas: 3")


async def test_a_render_shows_everything_and_changes_nothing(
    engine: HelmEngine, ask: Ask, bed: Bed, namespace: str, records: Records
) -> None:
    values = "replicas: 5\nhook: {enabled: true, events: 'pre-install,pre-upgrade'}\n"
    rendered = await engine.render(ask(Verb.DEPLOY, values=values))
    assert "replicas: 5" in rendered.manifest
    assert "kind: Job" not in rendered.manifest
    (hook,) = rendered.hooks
    assert (hook.kind, hook.events) == ("Job", ("pre-install", "pre-upgrade"))
    assert hook.delete_policies == ("before-hook-creation",)
    assert (rendered.chart, rendered.values["replicas"]) == ("web", 5)
    assert "answers at" in rendered.notes
    assert await records.history(ask(Verb.DEPLOY).release) == ()

    await engine.run(ask(Verb.DEPLOY, values="replicas: 1\nmessage: kept\n"), Output())
    rendered = await engine.render(ask(Verb.UPGRADE, values="replicas: 4\n", reuse_values=True))
    assert rendered.values == {"replicas": 4, "message": "kept"}
    assert "kept" in rendered.manifest
    assert replicas(bed, namespace) == 1


async def test_a_config_map_can_hold_the_record(engine: HelmEngine, ask: Ask, records: Records) -> None:
    kept = ask(Verb.DEPLOY, store=Store.CONFIGMAP)
    assert (await engine.run(kept, Output())).ok
    (revision,) = await records.history(kept.release)
    assert (await records.body(kept.release, revision)).chart == "web"
    assert await records.history(ask(Verb.DEPLOY).release) == ()
    assert (await engine.run(ask(Verb.UNINSTALL, store=Store.CONFIGMAP), Output())).ok


async def test_an_object_of_somebody_else_is_found_before_anything_is_done(
    engine: HelmEngine, ask: Ask, bed: Bed, namespace: str
) -> None:
    bed["east"].request("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "web"}})
    with pytest.raises(EngineError, match="belongs to something else") as caught:
        await engine.render(ask(Verb.DEPLOY))
    assert 'ConfigMap "web"' in caught.value.tried


async def test_a_chart_that_does_not_render_names_file_and_line(engine: HelmEngine, ask: Ask, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "templates").mkdir(parents=True)
    (broken / "Chart.yaml").write_text("apiVersion: v2\nname: broken\nversion: 1.0.0\n")
    (broken / "templates" / "x.yaml").write_text("a:\n  {{ .Values.a.b.c }}\n")
    with pytest.raises(ChartError, match="Chart broken does not render") as caught:
        await engine.render(ask(Verb.DEPLOY, chart=str(broken)))
    assert "broken/templates/x.yaml:2" in caught.value.tried


async def test_an_upgrade_that_the_server_refuses_says_why_and_leaves_a_failed_revision(
    engine: HelmEngine, ask: Ask, records: Records
) -> None:
    await engine.run(ask(Verb.DEPLOY), Output())
    result = await engine.run(ask(Verb.UPGRADE, values="replicas: many\n"), Output())
    assert not result.ok
    assert "replicas" in result.message
    assert len(result.message) < 1000
    newest, before = await records.history(ask(Verb.DEPLOY).release)
    assert (newest.status, before.status) == ("failed", "deployed")


async def test_a_chart_comes_from_a_repository(
    engine: HelmEngine, ask: Ask, chart_repository: str, records: Records
) -> None:
    request = ask(Verb.DEPLOY, chart="web", repository=chart_repository, version="1.1.0")
    assert (await engine.run(request, Output())).ok
    assert (await records.body(request.release, 1)).chart_version == "1.1.0"


@pytest.mark.parametrize("wanted", ENGINES)
@pytest.mark.parametrize("version", ["1.1.0", ""])
async def test_a_chart_comes_from_a_registry(
    wanted: str, version: str, ask: Ask, chart: Callable[[str], Path], bed_env: dict[str, str], tmp_path: Path
) -> None:
    with FakeRegistry(tmp_path) as registry:
        for known in ("1.0.0", "1.1.0"):
            registry.add("web", known, chart(known))
        engine = choose(find_engines({**bed_env, "SSL_CERT_FILE": str(registry.ca_file)}), wanted)
        rendered = await engine.render(ask(Verb.DEPLOY, chart=f"{registry.reference}/web", version=version))
        assert (rendered.chart, rendered.chart_version) == ("web", "1.1.0")
        with pytest.raises(ChartError, match="cannot be fetched"):
            await engine.render(ask(Verb.DEPLOY, chart=f"{registry.reference}/nope", version=version))


async def until_pending(records: Records, ref: ReleaseRef) -> None:
    async with asyncio.timeout(60):
        while (await records.history(ref))[0].status != "pending-upgrade":
            pass


async def test_a_cancelled_upgrade_is_marked_failed(engine: HelmEngine, ask: Ask, records: Records) -> None:
    ref = ask(Verb.DEPLOY).release
    await engine.run(ask(Verb.DEPLOY), Output())
    run = await engine.begin(ask(Verb.UPGRADE, values=STUCK_HOOK), Output())
    await until_pending(records, ref)
    await run.cancel()
    result = await run.result()
    assert (result.ok, result.cancelled) == (False, True)
    assert "marked failed" in result.message
    assert [one.status for one in await records.history(ref)] == ["failed", "deployed"]


@pytest.mark.parametrize("engine", ["helm4"], indirect=True)
async def test_a_killed_upgrade_stays_pending_and_a_rollback_leads_out(
    engine: HelmEngine, ask: Ask, records: Records, bed_env: dict[str, str]
) -> None:
    assert isinstance(engine, BinaryEngine)
    impatient = BinaryEngine(engine.program, engine.version, env=bed_env, grace=0)
    ref = ask(Verb.DEPLOY).release
    await impatient.run(ask(Verb.DEPLOY), Output())
    run = await impatient.begin(ask(Verb.UPGRADE, values=STUCK_HOOK), Output())
    await until_pending(records, ref)
    assert isinstance(run, BinaryRun)
    run._process.stop = lambda: False  # no polite word first: helm would mark the revision failed
    await run.cancel()
    result = await run.result()
    assert "pending-upgrade" in result.message
    assert [one.status for one in await records.history(ref)] == ["pending-upgrade", "deployed"]
    refused = await engine.run(ask(Verb.UPGRADE), Output())
    assert "is in progress" in refused.message
    assert (await engine.run(ask(Verb.ROLLBACK, revision=1), Output())).ok
    assert (await records.history(ref))[0].status == "deployed"


async def test_hooks_can_be_left_out(engine: HelmEngine, ask: Ask) -> None:
    failing = "hook: {enabled: true, events: pre-delete, behaviour: fail}\n"
    await engine.run(ask(Verb.DEPLOY, values=failing), Output())
    assert not (await engine.run(ask(Verb.UNINSTALL, timeout=5), Output())).ok
    assert (await engine.run(ask(Verb.UNINSTALL, no_hooks=True), Output())).ok


def test_all_three_engines_are_found(engines: tuple[HelmEngine, ...]) -> None:
    assert [engine.major for engine in engines] == [3, 4, 4]
    assert isinstance(engines[-1], EmbeddedEngine)
