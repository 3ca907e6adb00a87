"""`acp-tui keys`: every key of a keymap, from the action registry."""

from __future__ import annotations

import click

from acp_tui.cli.output import output_option, print_list, print_table, warn


@click.command()
@click.option("--keymap", default="", help="default, k9s, or your own; else the one of your settings.")
@output_option
def keys(keymap: str, output: str) -> None:
    """Prints every action with its keys, where it works and what it does."""
    from acp_tui.actions import ACTIONS
    from acp_tui.config.keymaps import load_keymap
    from acp_tui.config.settings import load_settings

    settings, problems = load_settings(keymap=keymap)
    loaded = load_keymap(settings.keymap)
    for problem in (*problems, *loaded.problems):
        warn(str(problem))
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
