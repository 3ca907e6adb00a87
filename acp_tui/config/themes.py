"""Themes: TOML files that give each role on the screen a colour, checked before they are used."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from acp_tui.config.files import BadFile, Document, Problem, find, read
from acp_tui.model.errors import ConfigError

DEFAULT = "dark"
AUTO = "auto"
ROLES: Mapping[str, str] = {
    "background": "behind everything",
    "raised": "behind dialogs and inputs",
    "cursor": "behind the row under the cursor",
    "frame": "edges of panes",
    "focus": "upper edge and title of the pane that has the keys; the cursor's mark",
    "text": "words",
    "dim": "what matters less: headings, ages, hints",
    "accent": "keys, production, links: the one colour that is not health",
    "ok": "healthy",
    "warn": "degrading, pending, waiting",
    "fail": "failed",
    "stale": "known once, not confirmed now",
    "unknown": "not known",
    "match": "behind words the filter found",
}
"""Every theme names all of these in [colours]."""

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")
_NAMED = frozenset(
    f"ansi_{bright}{name}"
    for bright in ("", "bright_")
    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
) | {"ansi_default"}


class ThemeFile(Struct, frozen=True):
    """A checked theme: `colours` has every role; `ansi` means that all of them are the terminal's own colours."""

    name: str
    title: str
    dark: bool
    ansi: bool
    colours: Mapping[str, str]


FALLBACK = ThemeFile(
    name=DEFAULT,
    title="Dark",
    dark=True,
    ansi=False,
    colours={
        "background": "#121212", "raised": "#1c1c1c", "cursor": "#303030", "frame": "#4e4e4e", "focus": "#87afff",
        "text": "#d0d0d0", "dim": "#8a8a8a", "accent": "#87afff", "ok": "#87d787", "warn": "#ffd75f", "fail": "#ff8787",
        "stale": "#9e9e9e", "unknown": "#b2b2b2", "match": "#ffd75f",
    },
)  # fmt: skip
"""What is used where not even the shipped default can be read."""


class Themes(Struct, frozen=True):
    """All themes that can be used, and what is wrong with those that cannot."""

    found: Mapping[str, ThemeFile]
    problems: tuple[Problem, ...] = ()


def load_theme(name: str) -> ThemeFile:
    """The theme of that name.

    Raises BadFile where its file is wrong, ConfigError where there is none.
    """
    files = find("themes")
    path = files.get(name)
    if path is None:
        if name == DEFAULT:
            return FALLBACK
        raise ConfigError(f"there is no theme {name!r}", advice=f"known themes: {', '.join(sorted(files))}")
    return _theme(read(path))


def chosen_theme(name: str, *, sixteen: bool = False) -> tuple[ThemeFile, str]:
    """The theme to start with, and what to say where it is not the wanted one; `sixteen` is what a terminal can do."""
    wanted = name if name != AUTO else ("ansi" if sixteen else DEFAULT)
    try:
        return load_theme(wanted), ""
    except ConfigError as error:
        return FALLBACK, str(error)


def load_themes() -> Themes:
    """Every theme there is, shipped and a user's own."""
    found: dict[str, ThemeFile] = {}
    problems: list[Problem] = []
    for name, path in find("themes").items():
        try:
            found[name] = _theme(read(path))
        except BadFile as error:
            problems += error.problems
    found.setdefault(DEFAULT, FALLBACK)
    return Themes(found, tuple(problems))


def _theme(document: Document) -> ThemeFile:
    problems: list[Problem] = []
    meta = document.data.get("meta", {})
    colours = document.data.get("colours", {})
    if not isinstance(meta, dict) or meta.get("kind") not in ("dark", "light"):
        problems.append(document.problem('[meta] needs kind = "dark" or "light"', table="meta", key="kind"))
        meta = {}
    if not isinstance(colours, dict):
        raise BadFile((document.problem("colours must be a table", key="colours"),))
    for role, colour in colours.items():
        if role not in ROLES:
            problems.append(document.problem(f"there is no role {role!r}", table="colours", key=role))
        elif not isinstance(colour, str) or not (_HEX.match(colour) or colour in _NAMED):
            problems.append(
                document.problem(
                    f"{role} = {colour!r} is no colour: #rgb, #rrggbb or an ansi_ name", table="colours", key=role
                )
            )
    missing = [role for role in ROLES if role not in colours]
    if missing:
        problems.append(document.problem(f"[colours] lacks {', '.join(missing)}", table="colours"))
    named = [isinstance(colour, str) and colour.startswith("ansi_") for colour in colours.values()]
    if any(named) and not all(named):
        problems.append(document.problem("[colours] mixes ansi_ names with others: take one kind", table="colours"))
    for table in document.data:
        if table not in ("meta", "colours"):
            problems.append(document.problem(f"[{table}] is not known here", table=table))
    if problems:
        raise BadFile(tuple(sorted(problems, key=lambda problem: problem.line)))
    name = document.path.stem
    return ThemeFile(name, str(meta.get("title", name)), meta["kind"] == "dark", any(named), dict(colours))
