"""The box as a process: one line when it is ready, private files, and an end with its caller."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme


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


def test_it_serves_https_and_then_asks_for_a_token(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    files = {"cert": tmp_path / "cert.pem", "key": tmp_path / "key.pem", "ca": tmp_path / "ca.pem"}
    issued.cert_chain_pems[0].write_to_path(files["cert"])
    issued.private_key_pem.write_to_path(files["key"])
    authority.cert_pem.write_to_path(files["ca"])
    flags = [text for name, path in files.items() for text in (f"--tls-{name}", str(path))]
    started = Box("--kubeconfig-out", str(tmp_path / "kc"), *flags)
    try:
        config = json.loads(Path(started.ready["kubeconfig"]).read_text())
        server = config["clusters"][0]["cluster"]
        pem = base64.b64decode(server["certificate-authority-data"]).decode()
        trusted = ssl.create_default_context(cadata=pem)
        request = urllib.request.Request(f"{server['server']}/api/v1/nodes")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, context=trusted, timeout=10)
        assert refused.value.code == 401
        request.add_header("Authorization", f"Bearer {config['users'][0]['user']['token']}")
        with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
            assert len(json.load(answer)["items"]) == 3
    finally:
        started.process.kill()
        started.process.wait()


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


def test_it_ends_with_a_parent_that_was_killed_and_whose_remains_nobody_took_away(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "acp_tui.sim",
        "--kubeconfig-out",
        str(tmp_path / "kc"),
        "--keep",
        "--only",
        "edge-7",
    ]
    code = (
        "import os, subprocess, sys, time\n"
        f"box = subprocess.Popen([*{command!r}, '--parent-pid', str(os.getpid())], stdout=subprocess.PIPE, text=True)\n"
        "sys.stdout.write(box.stdout.readline()); sys.stdout.flush(); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    ready = json.loads(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)  # not waited for: it stays a zombie
    handle = os.pidfd_open(ready["pid"])
    try:
        assert select.select([handle], [], [], 10)[0], "the simulator is still there"
    finally:
        os.close(handle)
        parent.wait()
