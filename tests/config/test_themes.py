"""Themes: shipped ones are complete and readable, a bad file is named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from acp_tui.config.files import BadFile, shipped
from acp_tui.config.themes import FALLBACK, ROLES, ThemeFile, load_theme, load_themes
from acp_tui.model.errors import ConfigError

SHIPPED = sorted(path.stem for path in shipped("themes").glob("*.toml"))
WORDS = ("text", "dim", "accent", "ok", "warn", "fail", "stale", "unknown")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "acp-tui" / "themes"
    folder.mkdir(parents=True)
    return folder


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_at_least_four_themes_are_shipped() -> None:
    assert set(SHIPPED) >= {"dark", "light", "high-contrast", "colour-blind", "ansi"}
    assert load_themes().problems == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_has_every_role(name: str) -> None:
    assert set(load_theme(name).colours) == set(ROLES)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "ansi"])
def test_words_can_be_read_on_the_ground_and_under_the_cursor(name: str) -> None:
    theme = load_theme(name)
    least = 7.0 if name == "high-contrast" else 4.5

    ground = {role: contrast(theme.colours[role], theme.colours["background"]) for role in WORDS}
    assert {role: ratio for role, ratio in ground.items() if ratio < least} == {}
    cursor = {role: contrast(theme.colours[role], theme.colours["cursor"]) for role in WORDS}
    assert {role: ratio for role, ratio in cursor.items() if ratio < 3.0} == {}


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in ("ansi", "high-contrast")])
def test_surfaces_stay_grey_where_only_256_colours_are_left(name: str) -> None:
    theme = load_theme(name)

    for role in ("background", "raised", "cursor", "frame"):
        parts = [int(theme.colours[role][start : start + 2], 16) for start in (1, 3, 5)]
        assert max(parts) - min(parts) <= 8, role


def test_what_is_used_without_any_file_is_the_shipped_dark_theme() -> None:
    assert load_theme("dark") == ThemeFile("dark", "Dark", dark=True, ansi=False, colours=FALLBACK.colours)


def whole(**changes: str) -> str:
    colours = dict(FALLBACK.colours) | changes
    listed = "".join(f'{role} = "{colour}"\n' for role, colour in colours.items() if colour)
    return f'[meta]\nkind = "dark"\n[colours]\n{listed}'


def test_a_users_theme_stands_before_the_shipped_one_of_its_name(home: Path) -> None:
    (home / "dark.toml").write_text(whole(text="#fff"))

    assert load_theme("dark").colours["text"] == "#fff"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (whole(background="navy"), 4, "background = 'navy' is no colour"),
        (whole(text="#12345"), 9, "is no colour"),
        (whole(ok=""), 3, "[colours] lacks ok"),
        (whole() + 'sky = "#fff"\n', 18, "there is no role 'sky'"),
        (whole(text="ansi_red"), 3, "mixes ansi_ names"),
        (whole().replace('"dark"', '"dusk"'), 2, 'kind = "dark" or "light"'),
        (whole() + "[mood]\n", 18, "[mood] is not known"),
        ("[meta\n", 1, "is not TOML"),
    ],
)
def test_a_bad_theme_is_named_with_its_line(home: Path, text: str, line: int, says: str) -> None:
    path = home / "mine.toml"
    path.write_text(text)

    with pytest.raises(BadFile) as caught:
        load_theme("mine")

    told = [str(problem) for problem in caught.value.problems]
    assert any(each.startswith(f"{path}:{line}: ") and says in each for each in told), told


def test_a_bad_theme_hides_no_good_one(home: Path) -> None:
    (home / "mine.toml").write_text("[meta\n")

    themes = load_themes()

    assert set(themes.found) == set(SHIPPED)
    assert len(themes.problems) == 1


def test_an_unreadable_theme_is_told_as_such(home: Path) -> None:
    (home / "mine.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(BadFile, match="not UTF-8"):
        load_theme("mine")


def test_an_unknown_theme_names_those_there_are() -> None:
    with pytest.raises(ConfigError) as caught:
        load_theme("solarized")

    assert "high-contrast" in caught.value.advice
