"""Settings: config.toml as one typed value, each field with the sentence the manual prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from acp_tui.config.files import BadFile, Document, Problem, read
from acp_tui.config.paths import config_dir

FILE = "config.toml"
GLYPHS = ("auto", "full", "ascii")


class Settings(Struct, frozen=True):
    """What a person may set; every field has a default that works without any file."""

    theme: str = "auto"
    """Theme by name: shipped ones are dark, light, high-contrast, colour-blind and ansi; auto takes ansi on a
    terminal of 16 colours and dark elsewhere."""

    keymap: str = "default"
    """Keymap by name: default, k9s, or a file in the keymaps folder."""

    glyphs: str = "auto"
    """Signs and frames: full, ascii, or auto, which takes full where the terminal speaks UTF-8."""

    pacing: bool = True
    """Ask the terminal after long output how far it has come and send no more until it says so, so that a slow line
    delays no key; false never asks."""

    read_only: bool = False
    """Refuse every act; looking is all that is left."""

    production: tuple[str, ...] = (r"(^|[-_./])prod",)
    """Patterns (searched, not matched whole) over context and cluster names that need a typed confirmation."""

    policy: tuple[str, ...] = ()
    """Policy files besides policy.toml, such as one a team shares; relative ones lie beside config.toml."""

    helm_engine: str = ""
    """Helm to use: helm3, helm4, python, or a path; empty takes the first that is found."""

    verdict_seconds: int = 300
    """How long an act may take to prove itself before its verdict is "not proven"."""

    last_screen: bool = True
    """Keep the screen the console is left with, and show it dimmed at the next start until the clusters answer; false
    removes what was kept."""

    clusters_at_start: int = 12
    """So many contexts are dialled at start; of more, the current one and those chosen before."""


def load_settings(*, theme: str = "", keymap: str = "", read_only: bool = False) -> tuple[Settings, tuple[str, ...]]:
    """Settings from config.toml under what the command line says, and what is wrong in the file.

    A wrong entry keeps its default and the others count; a file that is not TOML counts as none.
    """
    settings, problems = _from_file()
    settings = replace(
        settings,
        theme=theme or settings.theme,
        keymap=keymap or settings.keymap,
        read_only=read_only or settings.read_only,
    )
    return settings, tuple(map(str, problems))


def _from_file() -> tuple[Settings, tuple[Problem, ...]]:
    path = config_dir() / FILE
    if not path.exists():
        return Settings(), ()
    try:
        document = read(path)
    except BadFile as error:
        return Settings(), error.problems
    return _from_document(document)


def _from_document(document: Document) -> tuple[Settings, tuple[Problem, ...]]:
    defaults = Settings()
    known = {field.name for field in fields(Settings)}
    taken: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in document.data.items():
        if name not in known:
            problems.append(
                document.problem(f"there is no setting {name!r}; known: {', '.join(sorted(known))}", key=name)
            )
            continue
        wrong = _wrong(name, value, getattr(defaults, name))
        if wrong:
            problems.append(document.problem(f"{name} {wrong}", key=name))
        else:
            taken[name] = tuple(value) if isinstance(value, list) else value
    return replace(defaults, **taken), tuple(problems)


def _wrong(name: str, value: Any, default: object) -> str:
    if isinstance(default, tuple):
        return _wrong_texts(value) or (_wrong_patterns(value) if name == "production" else "")
    if type(value) is not type(default):
        return f"must be {_KIND[type(default)]}"
    if name == "glyphs" and value not in GLYPHS:
        return f"must be one of {', '.join(GLYPHS)}"
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:
        return "must be at least 1"
    return ""


_KIND: dict[type, str] = {str: "text in quotes", bool: "true or false", int: "a whole number"}


def _wrong_texts(value: object) -> str:
    fine = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return "" if fine else "must be a list of texts"


def _wrong_patterns(patterns: Iterable[str]) -> str:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"holds {pattern!r}, which is no regular expression: {error}"
    return ""
