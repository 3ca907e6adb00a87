"""The box as a process: one line when it is ready, private files, and an end with its caller."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Box:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "acp_tui.sim", "--still", "--only", "edge-7", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    started = Box("--kubeconfig-out", str(tmp_path / "private" / "kubeconfig"))
    yield started
    started.process.kill()
    started.process.wait()


def test_it_says_where_it_is_and_answers(box: Box) -> None:
    assert box.ready["clusters"] == ["edge-7"]
    path = Path(box.ready["kubeconfig"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    config = json.loads(path.read_text())
    assert config["current-context"] == "edge-7"
    extension = config["contexts"][0]["context"]["extensions"][0]
    assert extension["name"] == "acp.io/v1"
    assert extension["extension"]["clusterName"] == "edge-7"
    with urllib.request.urlopen(config["clusters"][0]["cluster"]["server"] + "/version", timeout=10) as answer:
        assert json.load(answer)["gitVersion"] == "v1.33.4"


def test_it_ends_with_its_standard_input(box: Box) -> None:
    assert box.process.stdin is not None
    box.process.stdin.close()
    assert box.process.wait(10) == 0
    assert not Path(box.ready["kubeconfig"]).exists()


def test_it_ends_on_a_signal(box: Box) -> None:
    box.process.send_signal(signal.SIGTERM)
    assert box.process.wait(10) == 0
    assert not Path(box.ready["kubeconfig"]).exists()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Box("--kubeconfig-out", str(tmp_path / "kc"), "--keep", "--parent-pid", str(parent.pid))
    try:
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait()
        assert started.process.wait(10) == 0
    finally:
        started.process.kill()
        started.process.wait()
