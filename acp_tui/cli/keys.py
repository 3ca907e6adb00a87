"""`acp-tui keys`: every key of a keymap, from the action registry."""

from __future__ import annotations

import click

from acp_tui.cli.output import output_option, print_list, print_table, warn
from acp_tui.model.errors import ConfigError


@click.command()
@click.option("--keymap", default="", help="default, k9s, or your own; else the one of your settings.")
@output_option
def keys(keymap: str, output: str) -> None:
    """Prints every action with its keys, where it works and what it does; says what is wrong in a keymap."""
    from acp_tui.actions import ACTIONS
    from acp_tui.config.keymaps import load_keymap
    from acp_tui.config.settings import load_settings

    settings, problems = load_settings(keymap=keymap)
    loaded = load_keymap(settings.keymap)
    if loaded.problems:
        # The console would start with the default keys; to print those here would call them the ones asked for.
        raise ConfigError(
            f"The keymap {settings.keymap} cannot be used",
            tried="; ".join(map(str, loaded.problems)),
            advice="mend the file; until then the console starts with the default keymap",
        )
    for problem in problems:
        warn(problem)
    rows = [
        {
            "name": action.name,
            "keys": list(loaded.keys_of(action.name)),
            "where": list(action.where),
            "title": action.title,
            "help": action.help,
            "danger": action.danger,
        }
        for action in ACTIONS
    ]

    def table() -> None:
        print_table(
            ("KEYS", "ACTION", "WHAT IT DOES"),
            (("  ".join(loaded.keys_of(action.name)) or "-", action.name, action.help) for action in ACTIONS),
        )

    print_list("KeyList", rows, output, table)
