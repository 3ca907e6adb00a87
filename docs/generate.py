"""`python docs/generate.py` writes what the manual takes from the program: keys, settings, the schema of policies."""

from __future__ import annotations

import ast
import json
import os
import sys
from itertools import pairwise
from pathlib import Path

from msgspec.structs import fields

from acp_tui.actions import CONTEXTS, PLACES, actions_of
from acp_tui.config import settings
from acp_tui.config.keymaps import keymap_names, load_keymap
from acp_tui.config.policy import schema
from acp_tui.config.settings import Settings

HERE = Path(__file__).resolve().parent


def keys_page() -> str:
    """Every action by context with its keys in each shipped keymap."""
    keymaps = [load_keymap(name) for name in keymap_names()]
    lines = [
        "# Keys",
        "",
        "Made by `docs/generate.py` from the registry of actions; `?` shows the same inside the console, for the place",
        "you are in. An action's name is `context.id`: a keymap file has a table for each context and a line for each",
        "id.",
    ]
    for context, title in CONTEXTS.items():
        places = ", ".join(place for place, contexts in PLACES.items() if context in contexts)
        lines += ["", f"## {title}", "", f"`[{context}]`, in: {places}", ""]
        lines += [f"| Action | {' | '.join(keymap.name for keymap in keymaps)} | What it does |"]
        lines += ["|---" * (len(keymaps) + 2) + "|"]
        for action in actions_of(context):
            cells = (_keys(keymap.keys_of(action.name)) for keymap in keymaps)
            review = " Opens a review first." if action.danger else ""
            lines.append(f"| `{action.id}` | {' | '.join(cells)} | {action.help}.{review} |")
    return "\n".join(lines) + "\n"


def _keys(keys: tuple[str, ...]) -> str:
    return " ".join(f"`{key}`" if key != "|" else r"`\|`" for key in keys) or "-"


def settings_page() -> str:
    """Every setting with its default and its sentence."""
    lines = [
        "# Settings",
        "",
        f"Made by `docs/generate.py`. `{settings.FILE}` is TOML and lives in `$XDG_CONFIG_HOME/acp-tui/`, which is",
        "`~/.config/acp-tui/` unless you say otherwise. A wrong line is told with file and line, keeps its default,",
        "and stops nothing.",
        "",
        "| Setting | Default | What it does |",
        "|---|---|---|",
    ]
    words = _sentences()
    for field in fields(Settings):
        default = json.dumps(field.default, ensure_ascii=False).replace("|", r"\|")
        lines.append(f"| `{field.name}` | `{default}` | {words[field.name]} |")
    return "\n".join(lines) + "\n"


def _sentences() -> dict[str, str]:
    """The text that stands below each field of Settings in its source."""
    tree = ast.parse(Path(settings.__file__).read_text("utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    found: dict[str, str] = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def policy_schema() -> str:
    """JSON schema of policy files."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


PAGES = {"keys.md": keys_page, "settings.md": settings_page, "policy.schema.json": policy_schema}


def main() -> int:
    """Writes the pages, from what is shipped alone: nobody's own keymaps are in the manual."""
    os.environ["XDG_CONFIG_HOME"] = str(HERE)
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
