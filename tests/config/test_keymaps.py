"""Keymaps: a file that can be used is used, a bad one is named by file and line and the default stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from acp_tui.actions import ACTIONS
from acp_tui.config.files import find, shipped
from acp_tui.config.keymaps import default_keys, keymap_names, load_keymap
from acp_tui.config.keys import key_name, shown_key, wrong_with
from acp_tui.model.errors import ConfigError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "acp-tui" / "keymaps"
    folder.mkdir(parents=True)
    return folder


def write(home: Path, text: str, name: str = "mine") -> Path:
    path = home / f"{name}.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["default", "k9s"])
def test_shipped_keymaps_have_no_problem(name: str) -> None:
    keymap = load_keymap(name)

    assert keymap.name == name
    assert keymap.problems == ()


def test_in_k9s_g_goes_to_the_top_and_r_rolls_back() -> None:
    keymap = load_keymap("k9s")

    top, rollback = keymap.action("releases", "g"), keymap.action("releases", "r")
    assert top is not None
    assert top.name == "scroll.top"
    assert rollback is not None
    assert rollback.name == "release.rollback"


def test_a_file_changes_what_it_names_and_keeps_the_rest(home: Path) -> None:
    write(home, '[meta]\nextends = "default"\n[table]\nsort = ["A"]\nsort_back = false\n')

    keymap = load_keymap("mine")

    assert keymap.problems == ()
    assert keymap.keys_of("table.sort") == ("A",)
    assert keymap.keys_of("table.sort_back") == ()
    assert keymap.keys_of("table.filter") == ("/",)
    sort = keymap.action("releases", "A")
    assert sort is not None
    assert sort.name == "table.sort"
    assert keymap.action("releases", "S") is None


def test_a_users_file_stands_before_the_shipped_one_of_its_name(home: Path) -> None:
    path = write(home, '[table]\nsort = "A"\n', "default")

    assert find("keymaps")["default"] == path
    assert load_keymap().keys_of("table.sort") == ("A",)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[table]\nsort = [\n", 2, "is not TOML"),
        ('[nowhere]\nsort = "A"\n', 1, "[nowhere] is no context"),
        ('[table]\n\nsorting = "o"\n', 3, "no action 'sorting'"),
        ("[table]\nsort = 5\n", 2, "must be a key"),
        ('[table]\nsort = ["o", "hyper+x"]\n', 2, "'hyper+x' is not a key"),
        ('[table]\nsort = "ctrl+shift+s"\n', 2, "does not arrive"),
        ('[table]\nsort = "ctrl+i"\n', 2, "the same for ctrl+i and tab"),
        ('[table]\nsort = "ctrl+s"\n', 2, "flow control"),
        ('[table]\nsort = "ctrl+b"\n', 2, "tmux keeps ctrl+b for itself"),
        ('[table]\nsort = "w"\n', 2, "w is both table.sort and table.wide"),
        ("[global]\nhelp = false\n", 2, "global.help needs a key"),
        ('[meta]\nextends = "mine"\n', 2, "extends must name another keymap"),
        ('[meta]\nextends = "gone"\n', 2, "no keymap 'gone'"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_the_default_is_used(home: Path, text: str, line: int, says: str) -> None:
    path = write(home, text)

    keymap = load_keymap("mine")

    assert keymap.name == "default"
    assert keymap.keys == default_keys()
    assert str(keymap.problems[0]).startswith(f"{path}:{line}: ")
    assert says in str(keymap.problems[0])


def test_all_problems_of_a_file_are_told_at_once(home: Path) -> None:
    write(home, '[table]\nsort = 5\nnothing = "x"\n')

    assert [problem.line for problem in load_keymap("mine").problems] == [2, 3]


def test_an_unknown_keymap_names_those_there_are() -> None:
    with pytest.raises(ConfigError) as caught:
        load_keymap("emacs")

    assert "default" in caught.value.advice
    assert "k9s" in caught.value.advice


def test_names_are_those_of_shipped_and_own_files(home: Path) -> None:
    write(home, "")

    assert set(keymap_names()) == {path.stem for path in shipped("keymaps").glob("*.toml")} | {"mine"}


@pytest.mark.parametrize(
    ("typed", "name"),
    [("?", "question_mark"), ("/", "slash"), (":", "colon"), ("-", "minus"), ("G", "G"), ("f1", "f1")],
)
def test_keys_are_written_as_they_are_typed(typed: str, name: str) -> None:
    assert key_name(typed) == name


def test_arrows_and_escape_are_shown_short() -> None:
    assert [shown_key(key) for key in ("up", "escape", "x")] == ["↑", "esc", "x"]


def test_keys_that_may_be_typed_have_nothing_wrong() -> None:
    assert [key for key in ("a", "A", "7", "f12", "ctrl+r", "shift+tab", "?", "enter") if wrong_with(key)] == []


def test_every_required_action_has_a_key() -> None:
    assert [action.name for action in ACTIONS if action.required and not action.keys] == []
