"""A fake helm program, a small chart, and a way to reach no cluster at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acp_tui.clients.helm.engine import EngineRequest
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef
from tests.fakes import helm_program
from tests.fakes.access import FakeAccess


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """`program("v3.19.2")`: a fake helm that says it is this version."""

    def make(version: str) -> Path:
        folder = tmp_path / f"helm-{version}"
        folder.mkdir()
        (folder / "version").write_text(version)
        script = folder / "helm"
        shutil.copy(Path(helm_program.__file__), folder / "fake.py")
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder / "fake.py"}" "$@"\n')
        script.chmod(0o755)
        return script

    return make


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: 1e3\n")
    (folder / "values.yaml").write_text("replicas: 1\n")
    (folder / "templates" / "cm.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
    )
    return folder


@pytest.fixture
def ask(chart: Path) -> Callable[..., EngineRequest]:
    """`ask(Verb.UPGRADE, "gentle")`: a request that needs no cluster."""

    def make(verb: Verb, name: str, **more: object) -> EngineRequest:
        if verb in (Verb.DEPLOY, Verb.UPGRADE):
            more.setdefault("chart", str(chart))
        return EngineRequest(verb=verb, release=ReleaseRef("east", "shop", name), context=FakeAccess(), **more)  # type: ignore[arg-type]

    return make
