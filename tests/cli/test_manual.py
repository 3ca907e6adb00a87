"""The manual says what the program does: reference pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from acp_tui.cli.codes import EXIT_CODES
from acp_tui.config.keymaps import load_keymap
from acp_tui.config.settings import load_settings
from acp_tui.config.themes import load_theme
from acp_tui.model.recovery import MANUAL, Act, Ailment
from tests.cli.conftest import Acp

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
COMMAND = re.compile(r"^ {4}(?:\$ )?acp-tui((?: [a-z][a-z-]*)*)", re.MULTILINE)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["keys.md", "settings.md"])
def test_reference_pages_are_what_the_generator_makes_today(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == _generator().PAGES[name](), "run python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))

    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_every_command_of_the_manual_exists(acp: Acp) -> None:
    found = {match.split()[:3][0] for page in PAGES for match in COMMAND.findall(page.read_text("utf-8")) if match}

    assert {"get", "release", "doctor", "demo"} <= found
    for command in found:
        assert acp(command, "--help").code == 0, command


def test_every_state_the_doctor_knows_has_its_section_and_every_way_out_is_told() -> None:
    text = (ROOT / MANUAL).read_text("utf-8")
    sections = set(re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE))

    assert sections == {ailment.value for ailment in Ailment}
    assert [act for act in Act if f"`{act}`" not in text] == []


def test_every_verb_of_the_manual_exists(acp: Acp) -> None:
    texts = [page.read_text("utf-8") for page in PAGES]
    verbs = {verb for text in texts for verb in re.findall(r"^ {4}acp-tui release ([a-z]+)", text, re.MULTILINE)}

    assert {"rollback", "deploy"} <= verbs
    for verb in verbs:
        assert acp("release", verb, "--help").code == 0, verb


def test_every_exit_code_is_explained() -> None:
    page = (ROOT / "docs" / "scripts.md").read_text("utf-8")

    assert [code for code in EXIT_CODES if f"| {code} |" not in page] == []


def _examples(head: str) -> list[str]:
    """TOML blocks of the page on configuration that begin with [meta] and hold this table."""
    page = (ROOT / "docs" / "configure.md").read_text("utf-8")
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if "[meta]" in block and f"[{head}]" in block]


def test_the_theme_of_the_manual_is_a_theme(home: Path) -> None:
    (example,) = _examples("colours")
    file = home / "acp-tui" / "themes" / "dusk.toml"
    file.parent.mkdir(parents=True)
    file.write_text(example)

    assert load_theme("dusk").title == "Dusk"


def test_the_keymap_of_the_manual_is_a_keymap(home: Path) -> None:
    (example,) = _examples("release")
    file = home / "acp-tui" / "keymaps" / "mine.toml"
    file.parent.mkdir(parents=True)
    file.write_text(example)
    keymap = load_keymap("mine")

    assert keymap.problems == ()
    assert keymap.keys_of("release.rollback") == ("R",)
    assert keymap.keys_of("release.uninstall") == ()


def test_the_settings_of_the_manual_are_settings(home: Path) -> None:
    page = (ROOT / "docs" / "configure.md").read_text("utf-8")
    lines = re.findall(r"^ {4}(?:theme|keymap|production|helm_engine) = .*\n", page, re.MULTILINE)
    example = textwrap.dedent("".join(lines))
    (home / "acp-tui").mkdir()
    (home / "acp-tui" / "config.toml").write_text(example)
    settings, problems = load_settings()

    assert problems == ()
    assert (settings.theme, settings.helm_engine) == ("colour-blind", "helm4")
