"""Keymaps: TOML files that say which keys do what, checked before they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from acp_tui.actions import ACTIONS, CONTEXTS, PLACES, Action, actions_at, find
from acp_tui.config.files import BadFile, Document, Problem, read
from acp_tui.config.files import find as find_files
from acp_tui.config.keys import key_name, wrong_with
from acp_tui.model.errors import ConfigError

DEFAULT = "default"
Keys = dict[str, tuple[str, ...]]
"""Keys by the full name of an action, written as people write them; an empty tuple is an unbound action."""


class Keymap(Struct, frozen=True):
    """Which keys do what; `problems` tells why another keymap than the wanted one is in use."""

    name: str
    keys: Mapping[str, tuple[str, ...]]
    places: Mapping[str, Mapping[str, Action]]
    problems: tuple[Problem, ...] = ()

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Keys of an action by its full name, as people write them."""
        return self.keys.get(name, ())

    def action(self, place: str, key: str) -> Action | None:
        """What a key, named as the terminal library names it, does in a place."""
        return self.places[place].get(key)


def default_keys() -> Keys:
    return {action.name: action.keys for action in ACTIONS}


def load_keymap(name: str = DEFAULT) -> Keymap:
    """The keymap of that name, or the default with `problems` saying why not."""
    try:
        return _keymap(name, _resolve(name))
    except BadFile as error:
        return _keymap(DEFAULT, default_keys(), error.problems)


def chosen_keymap(name: str) -> tuple[Keymap, str]:
    """The keymap to start with, and what to say where it is not the wanted one."""
    try:
        keymap = load_keymap(name)
    except ConfigError as error:
        return load_keymap(), str(error)
    return keymap, str(BadFile(keymap.problems)) if keymap.problems else ""


def keymap_names() -> tuple[str, ...]:
    return tuple(sorted({DEFAULT, *find_files("keymaps")}))


def _keymap(name: str, keys: Keys, problems: tuple[Problem, ...] = ()) -> Keymap:
    places: dict[str, dict[str, Action]] = {}
    for place in PLACES:
        bound = places[place] = {}
        for action in actions_at(place):
            for key in keys.get(action.name, ()):
                bound.setdefault(key_name(key), action)
    return Keymap(name, keys, places, problems)


def _resolve(name: str, seen: tuple[str, ...] = ()) -> Keys:
    files = find_files("keymaps")
    path = files.get(name)
    if path is None:
        if name == DEFAULT:
            return default_keys()
        known = ", ".join(sorted({DEFAULT, *files}))
        raise ConfigError(f"there is no keymap {name!r}", advice=f"known keymaps: {known}")
    document = read(path)
    keys = _base_of(document, name, (*seen, name))
    problems = list(_read_into(document, keys))
    problems += _clashes(document, keys)
    problems += [
        document.problem(f"{action.name} needs a key: without it nobody gets on", table=action.context, key=action.id)
        for action in ACTIONS
        if action.required and not keys.get(action.name)
    ]
    if problems:
        raise BadFile(tuple(sorted(problems, key=lambda problem: problem.line)))
    return keys


def _base_of(document: Document, name: str, seen: tuple[str, ...]) -> Keys:
    """What the file builds upon: the keymap it extends, the registry of actions where it names none."""
    meta = document.data.get("meta", {})
    extends = meta.get("extends", "") if isinstance(meta, dict) else ""
    if not extends or (extends == DEFAULT and name == DEFAULT):
        return default_keys()
    if not isinstance(extends, str) or extends in seen:
        raise BadFile((document.problem("extends must name another keymap, not itself", table="meta", key="extends"),))
    try:
        return dict(_resolve(extends, seen))
    except BadFile:
        raise
    except ConfigError as error:
        raise BadFile((document.problem(error.title, table="meta", key="extends"),)) from error


def _read_into(document: Document, keys: Keys) -> Iterable[Problem]:
    for table, entries in document.data.items():
        if table == "meta":
            continue
        if table not in CONTEXTS or not isinstance(entries, dict):
            yield document.problem(f"[{table}] is no context; known: {', '.join(CONTEXTS)}", table=table)
            continue
        for id_, wanted in entries.items():
            if find(f"{table}.{id_}") is None:
                yield document.problem(f"there is no action {id_!r} in [{table}]", table=table, key=id_)
                continue
            typed = () if wanted is False else _typed(wanted)
            if typed is None:
                yield document.problem(
                    f"{id_} must be a key, a list of keys, or false to unbind it", table=table, key=id_
                )
                continue
            wrong = [reason for key in typed if (reason := wrong_with(key))]
            if wrong:
                yield document.problem(f"{id_}: {wrong[0]}", table=table, key=id_)
                continue
            keys[f"{table}.{id_}"] = typed


def _typed(wanted: object) -> tuple[str, ...] | None:
    if isinstance(wanted, str):
        return (wanted,)
    if isinstance(wanted, list) and wanted and all(isinstance(key, str) for key in wanted):
        return tuple(wanted)
    return None


def _clashes(document: Document, keys: Keys) -> Iterable[Problem]:
    """Two actions on one key in one place; reported once, at the line of the file that brings it in."""
    told: set[frozenset[str]] = set()
    for place in PLACES:
        taken: dict[str, Action] = {}
        for action in actions_at(place):
            for key in keys.get(action.name, ()):
                other = taken.setdefault(key_name(key), action)
                pair = frozenset({other.name, action.name})
                if other is action or pair in told:
                    continue
                told.add(pair)
                guilty = action if document.line_of(action.context, action.id) else other
                yield document.problem(
                    f"{key} is both {other.name} and {action.name} in {place}", table=guilty.context, key=guilty.id
                )
