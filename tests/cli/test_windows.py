"""On Windows, as far as Linux can play it (windows/sitecustomize.py says how far): what is there, and what is not."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from acp_tui.cli.output import print_document
from acp_tui.clients.box import Box, start_box

ROOT = Path(__file__).resolve().parents[2]
PLAYED = Path(__file__).parent / "windows"
POSIX_ONLY = {
    "acp_tui.controllers.detached": "an act has no process of its own there",
    "acp_tui.terminal.driver": "Textual's own driver serves the consoles of Windows",
}
EAST = ("--context", "prod-east")
Windows = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def sea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = start_box(tmp_path_factory.mktemp("sea"), only=("prod-east", "staging"), pace=0.05)
    yield box
    box.close()


@pytest.fixture
def windows(home: Path) -> Windows:
    """`windows("-m", "acp_tui", "keys")`: Python with these words, on a pipe that is not UTF-8."""
    env = {
        "HOME": str(home),
        "LOCALAPPDATA": str(home / "AppData" / "Local"),
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": "cp1252",
        "PYTHONPATH": os.pathsep.join(map(str, (PLAYED, ROOT))),
        "PYTHONWARNDEFAULTENCODING": "1",
        "TERM": "xterm-256color",
    }

    def call(*words: str, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
        more = {"KUBECONFIG": str(kubeconfig)} if kubeconfig else {}
        return subprocess.run(
            [sys.executable, *words],
            env={**env, **more},
            cwd=home,
            capture_output=True,
            encoding="cp1252",
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    return call


IMPORT_ALL = """
import acp_tui, importlib, json, pkgutil
missing = []
for module in pkgutil.walk_packages(acp_tui.__path__, "acp_tui."):
    try:
        importlib.import_module(module.name)
    except (ImportError, AttributeError, AssertionError):
        missing.append(module.name)
print(json.dumps(missing))
"""


def test_what_is_played_is_played(windows: Windows) -> None:
    """A test that could not fail would prove nothing."""
    probe = "__name__ = 'acp_tui.probe'\nimport os, sys\nassert sys.platform == 'win32'\n"
    for code in ("import fcntl", "os.mkfifo", "from os import getuid", "open('f', 'w').close()"):
        assert windows("-c", f"{probe}{code}").returncode == 1, code
    done = windows("-c", f"{probe}open('f', 'wb'); held = open('f'+'g', 'wb'); os.remove('f'+'g')")
    assert "PermissionError" in done.stderr


def test_every_room_can_be_entered_but_for_what_only_posix_needs(windows: Windows) -> None:
    done = windows("-c", IMPORT_ALL)
    assert json.loads(done.stdout) == sorted(POSIX_ONLY), done.stderr


def test_locks_journal_and_private_files_keep_their_promises(windows: Windows) -> None:
    """Their own tests say so, but for what a child inherits."""
    names = ("config/test_locks", "config/test_private", "controllers/test_journal", "controllers/test_rollouts")
    files = [str(ROOT / "tests" / f"{name}.py") for name in names]
    options = ("-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "-W", "ignore::EncodingWarning")
    done = windows("-m", "pytest", *options, "-k", "not inherits", *files)
    assert done.returncode == 0, done.stdout
    assert " 1 deselected" in done.stdout


def test_a_fleet_is_simulated(windows: Windows) -> None:
    """The simulator runs there too, and ends with who asked for it."""
    done = windows("-m", "acp_tui", "--demo", "get", "clusters", "-o", "json")
    assert "prod-east" in {row["name"] for row in json.loads(done.stdout)["items"]}, done.stderr


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_a_pipe_has_no_sign_for_is_escaped_for_scripts(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252", write_through=True))
    print_document({"name": "库存服务"}, form)
    assert yaml.safe_load(written.getvalue().decode("cp1252")) == {"name": "库存服务"}


def test_a_release_is_rolled_back_in_the_console_and_the_command_line_tells_of_it(
    windows: Windows, sea: Box, home: Path
) -> None:
    console = windows(str(PLAYED / "console.py"), kubeconfig=sea.kubeconfig)
    assert console.returncode == 0, console.stderr
    assert "it gets no process of its own here" in console.stdout

    acp = ("-m", "acp_tui")
    past = windows(*acp, "journal", "-o", "json")
    operation = json.loads(past.stdout)["items"][0]["operation"]
    assert (operation["outcome"]["kind"], operation["revisionAfter"]) == ("healthy", 43)
    listed = windows(*acp, "release", "history", "payments-api", *EAST, "-o", "json", kubeconfig=sea.kubeconfig)
    assert [row["status"] for row in json.loads(listed.stdout)["items"]][:2] == ["deployed", "failed"]
    local = home / "AppData" / "Local" / "acp-tui"
    assert {path.name for path in local.iterdir()} == {"cache", "state"}
    assert (local / "state" / "journal" / f"{operation['id']}.jsonl").is_file()
    assert not (local / "cache" / "last-screen").exists()
    again = windows(
        *acp, "release", "rollback", "payments-api", "--to", "40", "--yes", *EAST, kubeconfig=sea.kubeconfig
    )
    assert (again.returncode, again.stderr) == (0, "")
    assert "as revision 44" in again.stdout


def test_an_act_that_is_to_run_by_itself_is_refused_before_it_is_planned(windows: Windows, sea: Box) -> None:
    words = ("release", "rollback", "orders-cache", "--yes", "--context", "staging")
    done = windows("-m", "acp_tui", *words, "--detach", kubeconfig=sea.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No act runs by itself on this system" in done.stderr


@pytest.mark.parametrize("words", [("--context", "staging", "doctor"), ("keys",), ("reset-terminal",)])
def test_what_only_looks_works_as_anywhere(windows: Windows, sea: Box, words: tuple[str, ...]) -> None:
    done = windows("-m", "acp_tui", *words, kubeconfig=sea.kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
