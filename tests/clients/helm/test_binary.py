"""How the helm program is called, what becomes of its output, and how it is ended."""

from __future__ import annotations

import asyncio
import json
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.binary import BinaryEngine, ask_version
from acp_tui.clients.helm.engine import EngineRequest
from acp_tui.clients.helm.process import Process
from acp_tui.model.errors import ChartError, EngineError
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef, Store
from tests.fakes.access import FakeAccess

Ask = Callable[..., EngineRequest]
Program = Callable[[str], Path]
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nowhere",
    "HTTPS_PROXY": "http://proxy.example.org",
    "XDG_CONFIG_HOME": "/nowhere/config",
    "HELM_NAMESPACE": "wrong",
    "HELM_KUBETOKEN": "stray",
    "KUBECONFIG": "/wrong",
    "AWS_PROFILE": "prod",
    "SECRET_SAUCE": "no",
}


def engine(program: Path, version: tuple[int, int, int] = (4, 1, 0), *, grace: float = 20.0) -> BinaryEngine:
    return BinaryEngine(program, version, env=ENV, grace=grace)


def seen(program: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((program.parent / "seen.json").read_text())
    return found


class Lines(list[str]):
    """Collects output; `saw` is set when the program said that it is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.saw = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        if line == "ready":
            self.saw.set()


HELM3, HELM4 = (3, 19, 2), (4, 1, 0)
COMMON = ["--namespace=shop", "--kube-context=east", "--timeout=300s"]


@pytest.mark.parametrize(
    ("verb", "more", "version", "flags"),
    [
        (Verb.DEPLOY, {}, HELM3, ["--debug", "--output=json"]),
        (Verb.DEPLOY, {"create_namespace": True}, HELM4, ["--create-namespace", "--debug", "--output=json"]),
        (Verb.UPGRADE, {}, HELM4, ["--history-max=10", "--reset-values", "--debug", "--output=json"]),
        (
            Verb.UPGRADE,
            {"reuse_values": True},
            HELM3,
            ["--history-max=10", "--reset-then-reuse-values", "--debug", "--output=json"],
        ),
        (
            Verb.UPGRADE,
            {"reuse_values": True},
            (3, 12, 0),
            ["--history-max=10", "--reuse-values", "--debug", "--output=json"],
        ),
        (Verb.ROLLBACK, {"revision": 3, "wait": True}, HELM3, ["--wait", "--history-max=10", "--debug"]),
        (Verb.ROLLBACK, {"revision": 3, "wait": True}, HELM4, ["--wait=watcher", "--history-max=10", "--debug"]),
        (Verb.UNINSTALL, {"no_hooks": True}, HELM3, ["--no-hooks", "--debug"]),
        (Verb.UNINSTALL, {"keep_history": True}, HELM4, ["--keep-history", "--debug"]),
    ],
)
async def test_each_verb_has_its_command_line(
    program: Program,
    ask: Ask,
    chart: Path,
    verb: Verb,
    more: dict[str, Any],
    version: tuple[int, int, int],
    flags: list[str],
) -> None:
    helm = program("v4.1.0")
    result = await engine(helm, version).run(ask(verb, "quick", **more), Lines())
    assert result.ok
    command = {"deploy": "install"}.get(verb.value, verb.value)
    argument = {"deploy": [str(chart)], "upgrade": [str(chart)], "rollback": ["3"], "uninstall": []}[verb.value]
    assert seen(helm)["argv"] == [command, "quick", *argument, *COMMON, *flags]


async def test_values_and_credentials_stay_in_private_files_that_are_gone_afterwards(
    program: Program, ask: Ask
) -> None:
    helm = program("v4.1.0")
    await engine(helm).run(ask(Verb.UPGRADE, "quick", values="password: hunter2\n"), Lines())
    given = seen(helm)
    assert not any("hunter2" in word or "sesame" in word for word in given["argv"])
    assert given["files"]["values.yaml"]["text"] == "password: hunter2\n"
    assert "sesame" in given["files"]["kubeconfig"]["text"]
    for file in given["files"].values():
        assert (file["mode"], file["folder_mode"]) == (0o600, 0o700)
        assert not exists(file["folder"])


async def test_helm_sees_an_environment_of_our_making(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    await engine(helm).run(ask(Verb.UNINSTALL, "quick"), Lines())
    env = seen(helm)["env"]
    assert (env["HELM_DRIVER"], env["HELM_NO_PLUGINS"], env["NO_COLOR"]) == ("secret", "1", "1")
    assert (env["HTTPS_PROXY"], env["XDG_CONFIG_HOME"]) == ("http://proxy.example.org", "/nowhere/config")
    assert env["KUBECONFIG"].endswith("/kubeconfig")
    assert not {"HELM_NAMESPACE", "HELM_KUBETOKEN", "AWS_PROFILE", "SECRET_SAUCE"} & env.keys()


async def test_a_credential_plugin_gets_its_cloud_s_variables(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    access = FakeAccess("users:\n- name: me\n  user:\n    exec:\n      command: aws\n")
    request = EngineRequest(verb=Verb.UNINSTALL, release=ReleaseRef("east", "shop", "quick"), context=access)
    await engine(helm).run(request, Lines())
    env = seen(helm)["env"]
    assert env["AWS_PROFILE"] == "prod"
    assert not {"HELM_NAMESPACE", "HELM_KUBETOKEN"} & env.keys()
    assert env["KUBECONFIG"] != "/wrong"


async def test_the_driver_is_where_the_record_is_kept(program: Program) -> None:
    helm = program("v4.1.0")
    release = ReleaseRef("east", "shop", "quick", Store.CONFIGMAP)
    request = EngineRequest(verb=Verb.UNINSTALL, release=release, context=FakeAccess())
    await engine(helm).run(request, Lines())
    assert seen(helm)["env"]["HELM_DRIVER"] == "configmap"


async def test_helm_runs_in_a_session_of_its_own_and_reads_nothing(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    await engine(helm).run(ask(Verb.UNINSTALL, "quick"), Lines())
    given = seen(helm)
    assert given["session"] == given["pid"]
    assert given["stdin"] == ""


async def test_the_revision_is_read_from_helm_s_answer(program: Program, ask: Ask) -> None:
    result = await engine(program("v4.1.0")).run(ask(Verb.UPGRADE, "quick"), Lines())
    assert (result.ok, result.revision, result.exit_code) == (True, 4, 0)


async def test_output_is_cleaned_shortened_and_free_of_objects(program: Program, ask: Ask) -> None:
    lines = Lines()
    result = await engine(program("v4.1.0")).run(ask(Verb.UPGRADE, "hostile"), lines)
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for line in lines for sign in line)
    assert lines[1:3] == ['Patch Deployment "web" in namespace default', "Patched resource name=web"]
    assert result.message == "Invalid value: {…}: json: no"
    assert not any("aHVudGVyMg" in line or "goexit" in line for line in (*lines, result.message))


async def test_a_flood_is_capped_and_its_end_is_kept(program: Program, ask: Ask) -> None:
    lines = Lines()
    result = await engine(program("v4.1.0")).run(ask(Verb.UPGRADE, "flood"), lines)
    assert lines[0].startswith("line 0 ")
    assert sum(map(len, lines)) < 400_000
    assert any("lines left out" in line for line in lines)
    assert lines[-1] == "Error: UPGRADE FAILED: at the very end"
    assert result.message == "at the very end"


async def test_cancel_lets_helm_finish_its_record(program: Program, ask: Ask) -> None:
    lines = Lines()
    run = await engine(program("v4.1.0")).begin(ask(Verb.UPGRADE, "gentle"), lines)
    await asyncio.wait_for(lines.saw.wait(), 20)
    await run.cancel()
    result = await run.result()
    assert (result.ok, result.cancelled, result.exit_code) == (False, True, 1)
    assert "stopped on SIGTERM" in result.message
    assert "marked failed" in result.message
    assert "Release gentle has been cancelled." in lines


async def test_a_helm_that_will_not_stop_is_killed_with_its_children(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    lines = Lines()
    run = await engine(helm, grace=0.1).begin(ask(Verb.UPGRADE, "stubborn"), lines)
    await asyncio.wait_for(lines.saw.wait(), 20)
    await run.cancel()
    result = await run.result()
    assert (result.cancelled, result.exit_code) == (True, -9)
    assert "was killed" in result.message
    assert "pending-upgrade" in result.message
    assert gone(int((helm.parent / "grandchild").read_text()))


async def test_what_helm_leaves_running_does_not_hold_us_up(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    lines = Lines()
    async with asyncio.timeout(15):
        result = await engine(helm).run(ask(Verb.UNINSTALL, "leaver"), lines)
    assert result.ok
    assert lines == ["done"]
    assert gone(int((helm.parent / "grandchild").read_text()))


async def test_cancelling_the_task_ends_helm_too(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    lines = Lines()
    task = asyncio.create_task(engine(helm).run(ask(Verb.UPGRADE, "gentle"), lines))
    await asyncio.wait_for(lines.saw.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(seen(helm)["pid"])
    assert not exists(seen(helm)["files"]["kubeconfig"]["folder"])


async def test_a_render_is_a_dry_run_on_the_server(program: Program, ask: Ask) -> None:
    helm = program("v4.1.0")
    rendered = await engine(helm).render(ask(Verb.DEPLOY, "quick"))
    assert (rendered.manifest, rendered.notes) == ("a: 1\n", "hi")
    assert seen(helm)["argv"][-2:] == ["--dry-run=server", "--output=json"]


async def test_an_answer_that_is_not_helm_s_is_an_error(program: Program, ask: Ask) -> None:
    with pytest.raises(EngineError, match="not understood"):
        await engine(program("v4.1.0")).render(ask(Verb.DEPLOY, "garbled"))


async def test_a_program_that_does_not_start_is_an_error(tmp_path: Path, ask: Ask) -> None:
    with pytest.raises(EngineError, match="does not start"):
        await engine(tmp_path / "missing").run(ask(Verb.UNINSTALL, "quick"), Lines())


@pytest.mark.parametrize("name", ["--help", "Web", "a_b", "", "a" * 54, "-x", "web.", "a/b", "web\n"])
async def test_names_that_are_no_release_names_never_reach_a_command_line(program: Program, name: str) -> None:
    helm = program("v4.1.0")
    request = EngineRequest(verb=Verb.UNINSTALL, release=ReleaseRef("east", "shop", name), context=FakeAccess())
    with pytest.raises(EngineError, match="no release name"):
        await engine(helm).run(request, Lines())
    assert not (helm.parent / "seen.json").exists()


@pytest.mark.parametrize("field", ["chart", "version", "repository"])
async def test_nothing_may_look_like_a_flag(program: Program, ask: Ask, field: str) -> None:
    with pytest.raises(EngineError, match="must not start with '-'"):
        await engine(program("v4.1.0")).run(ask(Verb.UPGRADE, "quick", **{field: "--kubeconfig=/etc/x"}), Lines())


async def test_a_rollback_needs_a_revision(program: Program, ask: Ask) -> None:
    with pytest.raises(EngineError, match="No revision"):
        await engine(program("v4.1.0")).run(ask(Verb.ROLLBACK, "quick"), Lines())


async def test_a_release_of_captain_s_is_refused(program: Program) -> None:
    release = ReleaseRef("east", "shop", "web", Store.CAPTAIN)
    request = EngineRequest(verb=Verb.UNINSTALL, release=release, context=FakeAccess())
    with pytest.raises(EngineError, match="kept by Captain"):
        await engine(program("v4.1.0")).run(request, Lines())


async def test_values_that_are_not_yaml_are_refused_with_their_line(program: Program, ask: Ask) -> None:
    with pytest.raises(ChartError) as caught:
        await engine(program("v4.1.0")).run(ask(Verb.UPGRADE, "quick", values="a: 1\nb: c: d\n"), Lines())
    assert caught.value.tried.startswith("line 2, column 5")


def test_the_deadline_gives_every_hook_its_time(ask: Ask) -> None:
    assert ask(Verb.UPGRADE, "quick", timeout=60, hooks=2).deadline == 6 * 60 + 30
    assert ask(Verb.UPGRADE, "quick", timeout=60, hooks=2, no_hooks=True).deadline == 2 * 60 + 30


def test_a_request_shows_no_values(ask: Ask) -> None:
    assert "hunter2" not in repr(ask(Verb.UPGRADE, "quick", values="password: hunter2"))


@pytest.mark.parametrize(
    ("said", "version"),
    [("v3.19.2", (3, 19, 2)), ("v4.1.0\n", (4, 1, 0)), ("v4.2.0-rc.1", (4, 2, 0)), ("v2.17.0", None), ("hello", None)],
)
def test_a_program_says_what_it_is(program: Program, said: str, version: tuple[int, int, int] | None) -> None:
    assert ask_version(program(said.strip()), ENV) == version


def test_an_old_helm_says_what_it_cannot_do(tmp_path: Path) -> None:
    assert engine(tmp_path, (3, 12, 0)).limits != ()
    assert engine(tmp_path, (3, 19, 2)).limits == ()


async def test_a_helm_that_runs_into_its_deadline_is_stopped_and_called_late_not_cancelled(
    program: Program, tmp_path: Path
) -> None:
    lines = Lines()
    process = await Process.start(
        [str(program("v4.1.0")), "upgrade", "gentle"], env={"PATH": ENV["PATH"]}, folder=tmp_path, on_output=lines
    )
    await asyncio.wait_for(lines.saw.wait(), 20)
    ended = await process.ended(0.01)
    assert (ended.timed_out, ended.cancelled, ended.killed, ended.exit_code) == (True, False, False, 1)


async def test_a_cancel_that_comes_too_late_changes_nothing(program: Program, ask: Ask) -> None:
    run = await engine(program("v4.1.0")).begin(ask(Verb.UPGRADE, "quick"), Lines())
    before = await run.result()
    await run.cancel()
    assert (before.ok, (await run.result()).cancelled) == (True, False)


def gone(pid: int) -> bool:
    """Wait (at most 5 s) for the kernel to say that a process ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5)[0])
    finally:
        os.close(handle)


def exists(path: str) -> bool:
    return Path(path).exists()
