"""Helm inside Python runs in a child; without a cluster it can say who it is and what is wrong."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acp_tui.clients.helm.embedded import EmbeddedEngine, find_embedded
from acp_tui.clients.helm.engine import EngineRequest
from acp_tui.clients.helm.engines import choose, find_engines
from acp_tui.model.errors import ChartError, EngineError
from acp_tui.model.plan import Verb
from tests.fakes.access import FakeAccess

Ask = Callable[..., EngineRequest]
Program = Callable[[str], Path]


@pytest.fixture(scope="module")
def embedded() -> EmbeddedEngine:
    found = find_embedded(os.environ)
    assert found is not None, "helm-python-sdk belongs to the test dependencies"
    return found


def test_it_says_its_version_and_its_limits(embedded: EmbeddedEngine) -> None:
    assert embedded.name.startswith("helm-python-sdk ")
    assert f"(Helm {embedded.major}." in embedded.name
    assert embedded.limits


def test_finding_it_keeps_the_library_out_of_this_process() -> None:
    script = (
        "import sys; from acp_tui.clients.helm.engines import find_engines; "
        "engines = find_engines({}); assert engines, 'none found'; sys.exit('helm_python' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_a_cluster_that_is_not_there_is_an_error_with_advice(embedded: EmbeddedEngine, ask: Ask) -> None:
    with pytest.raises(EngineError, match="cannot reach the cluster"):
        await embedded.render(ask(Verb.DEPLOY, "web"))
    result = await embedded.run(ask(Verb.ROLLBACK, "web", revision=1), lambda _: None)
    assert not result.ok
    assert "127.0.0.1:1" in result.message


async def test_a_chart_that_does_not_load_is_the_chart_s_fault(embedded: EmbeddedEngine, ask: Ask, chart: Path) -> None:
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: one\n")
    with pytest.raises(ChartError, match="Chart web"):
        await embedded.render(ask(Verb.DEPLOY, "web"))


async def test_a_rollback_and_an_uninstall_render_nothing(embedded: EmbeddedEngine, ask: Ask) -> None:
    with pytest.raises(EngineError, match="renders nothing"):
        await embedded.render(ask(Verb.UNINSTALL, "web"))


async def test_a_child_that_dies_leaves_an_answer(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acp_tui.clients.helm.embedded._MODULE", "acp_tui.nothing")
    assert find_embedded(os.environ) is None
    result = await EmbeddedEngine("0", "4.0.0", env=os.environ).run(ask(Verb.UNINSTALL, "web"), lambda _: None)
    assert not result.ok
    assert "ended with 1" in result.message


async def test_a_rollback_under_way_is_killed_because_it_cannot_be_asked(embedded: EmbeddedEngine, ask: Ask) -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    access = FakeAccess(FakeAccess().one_file().replace("127.0.0.1:1", f"127.0.0.1:{port}"))
    request = ask(Verb.ROLLBACK, "web", revision=1)
    run = await embedded.begin(
        EngineRequest(verb=request.verb, release=request.release, context=access, revision=1), lambda _: None
    )
    await run.cancel()
    result = await run.result()
    silent.close()
    assert result.cancelled
    assert "was killed" in result.message
    assert "pending-rollback" in result.message


def test_engines_are_found_in_order_and_each_once(program: Program, tmp_path: Path) -> None:
    own, three = program("v4.1.0"), program("v3.19.2")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").symlink_to(three)
    (folder / "helm3").symlink_to(three)
    (folder / "helm4").symlink_to(program("v2.0.0"))
    found = find_engines({**os.environ, "PATH": str(folder), "ACP_TUI_HELM": str(own)})
    assert [engine.name for engine in found[:2]] == ["helm 4.1.0", "helm 3.19.2"]
    assert [type(engine) for engine in found[2:]] == [EmbeddedEngine]
    assert choose(found) is found[0]
    assert choose(found, "helm3") is found[1]
    assert choose(found, "embedded") is found[2]
    assert choose(found, str(own)) is found[0]
    with pytest.raises(EngineError) as caught:
        choose(found, "helm5")
    assert "helm 3.19.2" in caught.value.tried


def test_no_engine_at_all_says_what_to_install() -> None:
    with pytest.raises(EngineError) as caught:
        choose(())
    assert "acp-tui[helm]" in caught.value.advice
