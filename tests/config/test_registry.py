"""The registry of actions: everything that is made from it relies on these."""

from __future__ import annotations

import tomllib

import pytest

from acp_tui.actions import ACTIONS, CONTEXTS, PLACES, actions_at, find
from acp_tui.config.files import shipped
from acp_tui.config.keymaps import default_keys, load_keymap
from acp_tui.config.keys import key_name, wrong_with


def test_each_action_has_a_name_of_its_own_and_a_known_context() -> None:
    names = [action.name for action in ACTIONS]

    assert len(set(names)) == len(names)
    assert {action.context for action in ACTIONS} <= set(CONTEXTS)
    assert all(set(contexts) <= set(CONTEXTS) for contexts in PLACES.values())


@pytest.mark.parametrize("place", PLACES)
def test_in_one_place_one_key_does_one_thing(place: str) -> None:
    taken: dict[str, str] = {}
    for action in actions_at(place):
        for key in action.keys:
            assert taken.setdefault(key_name(key), action.name) == action.name


def test_every_default_key_reaches_us_over_ssh_and_tmux() -> None:
    assert {key: wrong_with(key) for action in ACTIONS for key in action.keys if wrong_with(key)} == {}


def test_what_acts_is_marked_as_danger() -> None:
    for name in ("release.rollback", "release.upgrade", "release.uninstall", "workspace.deploy", "review.confirm"):
        action = find(name)
        assert action is not None
        assert action.danger


def test_the_shipped_default_keymap_lists_the_registry_as_it_is() -> None:
    listed = tomllib.loads((shipped("keymaps") / "default.toml").read_text())
    named = {f"{context}.{id_}" for context, entries in listed.items() if context != "meta" for id_ in entries}

    assert named == {action.name for action in ACTIONS}
    assert load_keymap("default").keys == default_keys()
