"""What `pip install` brings: themes and keymaps inside the package, and a program that runs away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run([sys.executable, *argv], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_themes_and_keymaps_are_inside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    for folder in ("themes", "keymaps"):
        shipped = {f"acp_tui/{folder}/{path.name}" for path in (ROOT / folder).glob("*.toml")}
        assert shipped
        assert shipped <= names
    assert {"acp_tui/py.typed", "acp_tui/sim/__main__.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "docs/", "testbed/"))]


def test_the_charts_of_the_simulated_fleet_are_inside_too(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sim = ROOT / "acp_tui" / "sim"
    data = {path.relative_to(ROOT).as_posix() for path in sim.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    assert data <= names


def test_what_was_installed_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import sys, acp_tui; from acp_tui.__main__ import main\n"
        f"assert acp_tui.__file__.startswith({str(tmp_path)!r}), acp_tui.__file__\n"
        "sys.argv = ['acp-tui', 'get', 'releases', '--demo', '--context', 'staging', '-o', 'json']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert {item["ref"]["cluster"] for item in json.loads(done.stdout)["items"]} == {"staging"}
