"""Where policy files lie; apart from what their rules mean, because most people have none and start without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acp_tui.config.files import BadFile, Problem, read
from acp_tui.config.paths import config_dir
from acp_tui.config.settings import FILE as SETTINGS_FILE

FILE = "policy.toml"


def policy_files(named: Sequence[str] = ()) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    """The user's own policy file where there is one, those the settings name, and these; and what is wrong already.

    A named file counts whether it is there or not, so that its absence is told.
    """
    asked, problems = _named_in_settings()
    own = config_dir() / FILE
    paths = [*([own] if _there(own) else []), *asked, *(Path(each).expanduser() for each in named)]
    return tuple(dict.fromkeys(paths)), problems


def _named_in_settings() -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    """Policy files of the settings; relative ones lie beside it. A wrong `read_only` is told too: it may mean yes."""
    path = config_dir() / SETTINGS_FILE
    if not _there(path):
        return (), ()
    try:
        document = read(path)
    except BadFile as error:
        return (), error.problems
    problems: list[Problem] = []
    if not isinstance(document.data.get("read_only", False), bool):
        problems.append(document.problem("read_only must be true or false", key="read_only"))
    named = document.data.get("policy", [])
    if not isinstance(named, list) or not all(isinstance(each, str) and each for each in named):
        problems.append(document.problem("policy must be a list of texts", key="policy"))
        named = []
    return tuple(path.parent / Path(each).expanduser() for each in named), tuple(problems)


def _there(path: Path) -> bool:
    """Also true for what cannot be looked at, so that it is read and told."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
