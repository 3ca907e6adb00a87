"""Finding and reading the TOML files a person may change, and saying where one of them is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct

from acp_tui.config.paths import config_dir
from acp_tui.model.errors import ConfigError

_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$")


class Problem(Struct, frozen=True):
    """What is wrong in a file; line 0 means the file as a whole."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.text}"


class BadFile(ConfigError):
    """A file cannot be used; `problems` names each place in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}", advice="the default is used instead")
        self.problems = problems


class Document(Struct, frozen=True):
    """A TOML file read, with its text kept to find the line of an entry in."""

    path: Path
    data: Mapping[str, Any]
    text: str

    def line_of(self, table: str, key: str = "") -> int:
        """Line of a table's head, or of a key in it; 0 where it is not found."""
        inside = table == ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            stripped = line.strip()
            if stripped.startswith("["):
                inside = stripped.split("#")[0].strip().strip("[]").strip() == table
                if inside and not key:
                    return number
            elif inside and key and re.match(rf"""["']?{re.escape(key)}["']?\s*=""", stripped):
                return number
        return 0

    def problem(self, text: str, *, table: str = "", key: str = "") -> Problem:
        return Problem(self.path, self.line_of(table, key) or self.line_of(table), text)


def shipped(kind: str) -> Path:
    """The folder of that kind as it is shipped: inside the package, or beside it in a working copy."""
    inside = Path(str(files("acp_tui"))) / kind
    return inside if inside.is_dir() else Path(str(files("acp_tui"))).parent / kind


def find(kind: str) -> dict[str, Path]:
    """Every file of that kind by its name; a user's own file stands before a shipped one of the same name."""
    found: dict[str, Path] = {}
    for folder in (shipped(kind), config_dir() / kind):
        if folder.is_dir():
            found |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return found


def read(path: Path) -> Document:
    """The file as TOML.

    Raises BadFile where it cannot be read or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadFile((Problem(path, 0, f"cannot be read: {error.strerror or error}"),)) from error
    except UnicodeDecodeError as error:
        raise BadFile((Problem(path, 0, "is not UTF-8 text"),)) from error
    try:
        return Document(path, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _AT_LINE.search(message)
        line = int(found[1]) if found else len(text.splitlines())
        raise BadFile((Problem(path, line, f"is not TOML: {_AT_LINE.sub('', message)}"),)) from error
