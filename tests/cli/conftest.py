"""The command line as scripts see it: words in; exit code, standard output and standard error out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from acp_tui.cli.main import run
from acp_tui.cli.target import Look, Program, Target
from acp_tui.clients.box import Box, start_box


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error as scripts read it, which must be all that is on standard error."""
        return json.loads(self.err)["error"]


Acp = Callable[..., Answer]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of one's own: no kubeconfig, no settings, no journal, no helm binary."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("KUBECONFIG", "ACP_TUI_HELM", "KUBERNETES_SERVICE_HOST", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return home


@pytest.fixture
def opened() -> list[tuple[Target, Look]]:
    """Consoles that were opened, instead of opening any."""
    return []


@pytest.fixture
def acp(capsys: pytest.CaptureFixture[str], opened: list[tuple[Target, Look]]) -> Acp:
    """`acp("get", "releases", "-o", "json")`: runs a command in this process."""

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = run(words, Program(lambda target, look: opened.append((target, look))))
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Three clusters of the simulated fleet: one with trouble, one with a stuck release, one that never answers."""
    box = start_box(tmp_path_factory.mktemp("box"), still=True, only=("prod-east", "staging", "edge-9"), pace=0.05)
    yield box
    box.close()


@pytest.fixture
def fleet(box: Box, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kubeconfig of that fleet, in $KUBECONFIG."""
    monkeypatch.setenv("KUBECONFIG", str(box.kubeconfig))
    return box.kubeconfig


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[..., Path]:
    """`kubeconfig(server=…, ca=…, token=…)`: a file with the one context `here`."""

    def write(*, server: str, ca: str = "", token: str = "t") -> Path:
        cluster = {"server": server} | ({"certificate-authority": ca} if ca else {})
        path = tmp_path / "one.kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": cluster}],
                    "users": [{"name": "u", "user": {"token": token}}],
                    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "here",
                }
            )
        )
        return path

    return write
