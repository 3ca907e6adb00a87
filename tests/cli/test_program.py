"""The program around the commands: help, keys, doctor, completion, the served fleet, and how the console is opened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from acp_tui import __version__
from acp_tui.cli.codes import EXIT_CODES
from acp_tui.cli.target import Look, Target
from acp_tui.clients.box import SERVED, Box
from acp_tui.config.locks import is_held
from acp_tui.console import left_aside
from tests.cli.conftest import Acp

ROOM_FOR_START = 60


def program(*words: str, env: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, with nothing on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "acp_tui", *words],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ROOM_FOR_START,
        check=False,
    )


def test_the_version_is_said_at_once(acp: Acp) -> None:
    code = (
        "import sys; from acp_tui.__main__ import main; sys.argv = ['acp-tui', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'click', 'asyncio', 'msgspec', 'textual', 'aiohttp', 'yaml', 'rich'}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.splitlines() == [f"acp-tui, version {__version__}", "[]"]
    assert acp("--demo", "--version").out == f"acp-tui, version {__version__}\n", "the long way says the same"


def test_help_tells_every_exit_code(acp: Acp) -> None:
    said = " ".join(acp("--help").out.split())

    for code, words in EXIT_CODES.items():
        assert f"{code} {words}" in said


@pytest.mark.parametrize("command", ["get", "release", "doctor", "demo", "keys", "completion"])
def test_every_command_has_help(acp: Acp, command: str) -> None:
    answer = acp(command, "--help")

    assert answer.code == 0
    assert len(answer.out.splitlines()) > 3


def test_keys_are_those_of_the_keymap(acp: Acp) -> None:
    keys = {item["name"]: item["keys"] for item in acp("keys", "-o", "json").document["items"]}
    others = {item["name"]: item["keys"] for item in acp("keys", "--keymap", "k9s", "-o", "json").document["items"]}

    assert "b" in keys["release.rollback"]
    assert keys.keys() == others.keys()
    assert keys != others


def test_an_unknown_keymap_is_told_with_those_there_are(acp: Acp) -> None:
    answer = acp("keys", "--keymap", "emacs", "-o", "json")

    assert (answer.code, answer.error["slug"]) == (2, "config")
    assert "k9s" in answer.error["advice"]


@pytest.mark.parametrize("asked", [("--keymap", "mine"), ()], ids=["by its name", "by the settings"])
def test_a_keymap_that_cannot_be_used_is_an_error_at_each_of_its_lines(
    acp: Acp, home: Path, asked: tuple[str, ...]
) -> None:
    folder = home / "acp-tui"
    (folder / "keymaps").mkdir(parents=True)
    (folder / "config.toml").write_text('keymap = "mine"\n')
    file = folder / "keymaps" / "mine.toml"
    file.write_text('[table]\nsort = "ctrl+i"\n[global]\nflee = "x"\n')

    answer = acp("keys", *asked, "-o", "json")

    assert (answer.code, answer.error["slug"]) == (2, "config")
    assert f"{file}:2: " in answer.error["tried"]
    assert f"{file}:4: there is no action 'flee' in [global]" in answer.error["tried"]
    assert answer.out == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(acp: Acp, shell: str) -> None:
    assert "_ACP_TUI_COMPLETE" in acp("completion", shell).out


def test_completion_knows_our_words() -> None:
    done = program(env={"_ACP_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "acp-tui release ro", "COMP_CWORD": "2"})

    assert done.stdout.split() == ["plain,rollback", "plain,rollout"]


# doctor


@pytest.mark.usefixtures("fleet")
def test_doctor_reports_every_cluster_and_the_engines(acp: Acp) -> None:
    document = acp("doctor", "-o", "json").document
    reports = {report["cluster"]: report for report in document["items"]}

    assert document["kind"] == "DoctorReport"
    assert reports["prod-east"]["reachable"]
    assert all(right["allowed"] for right in reports["prod-east"]["rights"])
    assert reports["prod-east"]["production"]
    assert not reports["edge-9"]["reachable"]
    assert reports["edge-9"]["error"]["advice"]


def test_doctor_shows_which_rights_are_missing(acp: Acp, box: Box) -> None:
    words = ("doctor", "--kubeconfig", str(box.viewer), "--context", "prod-east")
    (report,) = acp(*words, "-o", "json").document["items"]
    rights = {(right["verb"], right["resource"]): right["allowed"] for right in report["rights"]}

    assert rights["delete", "secrets"] is False
    assert "delete secrets" in acp(*words).out
    assert "NO" in acp(*words).out


# the console


def test_without_a_command_the_console_opens_on_what_the_options_say(
    acp: Acp, opened: list[tuple[Target, Look]]
) -> None:
    acp("--context", "a", "--context", "b", "--read-only", "--theme", "light", "--keymap", "k9s")

    assert opened == [(Target(contexts=("a", "b"), read_only=True), Look(theme="light", keymap="k9s"))]


def test_demo_opens_the_console_on_the_simulated_fleet(acp: Acp, opened: list[tuple[Target, Look]]) -> None:
    acp("--theme", "light", "demo", "--still")

    assert opened == [(Target(demo=True, still=True), Look(theme="light"))]


@pytest.mark.parametrize("option", ["--view", "-c"])
def test_the_console_begins_with_what_is_asked_for(acp: Acp, opened: list[tuple[Target, Look]], option: str) -> None:
    acp(option, "pods shop", "demo")

    assert opened == [(Target(demo=True), Look(view="pods shop"))]


class TestManyContexts:
    """A kubeconfig with more clusters than anybody wants to dial at once."""

    names = tuple(f"c{number:02}" for number in range(30))

    def test_the_current_one_and_those_chosen_last_are_dialled(self) -> None:
        aside = left_aside(self.names, current="c07", at_start=12, chosen=("c01", "c07", "gone", "c20"))

        assert set(self.names) - aside == {"c01", "c07", "c20"}

    def test_no_more_than_the_settings_allow(self) -> None:
        aside = left_aside(self.names, current="c07", at_start=3, chosen=self.names)

        assert set(self.names) - aside == {"c07", "c00", "c01"}

    def test_few_are_all_dialled(self) -> None:
        assert left_aside(self.names[:12], current="c07", at_start=12, chosen=()) == frozenset()

    def test_named_ones_are_all_dialled(self) -> None:
        assert left_aside(self.names, current="c07", at_start=12, chosen=None) == frozenset()


# the served fleet


def test_a_served_fleet_prints_its_kubeconfig_is_used_by_demo_and_leaves_nothing(home: Path) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "acp_tui", "demo", "--serve", "--still"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout
    path = Path(serving.stdout.readline().strip())
    try:
        assert path.stat().st_mode & 0o077 == 0, "the kubeconfig holds a token"
        done = program("get", "releases", "--demo", "--context", "edge-7", "-o", "json")
        again = program("demo", "--serve")
    finally:
        serving.send_signal(signal.SIGTERM)
        _, said = serving.communicate(timeout=ROOM_FOR_START)

    assert json.loads(done.stdout)["items"], done.stderr
    assert again.returncode == 2
    assert serving.returncode == 0, said
    assert not path.exists()
    assert not any(is_held(path) for path in home.rglob(SERVED))
