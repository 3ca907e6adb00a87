"""Settings and paths: a wrong entry costs itself alone, and the command line stands above the file."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from msgspec.structs import fields

from acp_tui.config import paths
from acp_tui.config.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "acp-tui" / "config.toml"
    path.parent.mkdir()
    return path


def test_without_a_file_everything_has_its_default() -> None:
    assert load_settings() == (Settings(), ())


def test_a_file_sets_what_it_names(file: Path) -> None:
    file.write_text('theme = "light"\nread_only = true\nproduction = ["^live-"]\nverdict_seconds = 60\n')

    settings, problems = load_settings()

    assert problems == ()
    assert settings == Settings(theme="light", read_only=True, production=("^live-",), verdict_seconds=60)


def test_the_command_line_stands_above_the_file(file: Path) -> None:
    file.write_text('theme = "light"\nkeymap = "k9s"\n')

    settings, _ = load_settings(theme="dark", read_only=True)

    assert (settings.theme, settings.keymap, settings.read_only) == ("dark", "k9s", True)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('\ncolour = "red"\n', 2, "there is no setting 'colour'"),
        ("theme = 3\n", 1, "theme must be text in quotes"),
        ('read_only = "yes"\n', 1, "read_only must be true or false"),
        ("verdict_seconds = true\n", 1, "must be a whole number"),
        ("verdict_seconds = 0\n", 1, "at least 1"),
        ('glyphs = "emoji"\n', 1, "must be one of auto, full, ascii"),
        ('production = "prod"\n', 1, "must be a list of texts"),
        ('production = ["("]\n', 1, "no regular expression"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line_and_the_others_count(file: Path, text: str, line: int, says: str) -> None:
    file.write_text(text + 'keymap = "k9s"\n')

    settings, problems = load_settings()

    assert settings == Settings(keymap="k9s")
    assert len(problems) == 1
    assert problems[0].startswith(f"{file}:{line}: ")
    assert says in problems[0]


def test_a_file_that_is_not_toml_counts_as_none(file: Path) -> None:
    file.write_text("theme = \n")

    settings, problems = load_settings()

    assert settings == Settings()
    assert problems[0].startswith(f"{file}:1: ")


def test_every_setting_has_a_sentence_below_it() -> None:
    source = inspect.getsource(Settings)

    assert source.count('    """') >= len(fields(Settings))


def test_folders_follow_the_xdg_variables() -> None:
    env = {"HOME": "/home/anna", "XDG_STATE_HOME": "/var/state", "XDG_CACHE_HOME": "relative/is/ignored"}

    assert paths.config_dir(env) == Path("/home/anna/.config/acp-tui")
    assert paths.state_dir(env) == Path("/var/state/acp-tui")
    assert paths.cache_dir(env) == Path("/home/anna/.cache/acp-tui")
    assert paths.runtime_dir(env) == Path("/home/anna/.cache/acp-tui/run")
    assert paths.runtime_dir({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/acp-tui")
