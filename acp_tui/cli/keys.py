"""`acp-tui keys`: every key of a keymap, from the action registry."""

from __future__ import annotations

import click

from acp_tui.cli.output import output_option, print_list, print_table


@click.command()
@click.option("--keymap", default="default", show_default=True, help="default, k9s, or your own.")
@output_option
def keys(keymap: str, output: str) -> None:
    """Prints every action with its keys, where it works and what it does."""
    from acp_tui.actions import ACTIONS
    from acp_tui.cli.output import warn
    from acp_tui.config.keymaps import load_keymap

    loaded = load_keymap(keymap)
    for problem in loaded.problems:
        warn(str(problem))
    rows = [
        {
            "id": action.id,
            "keys": list(loaded.keys_of(action.id)),
            "where": list(action.where),
            "title": action.title,
            "help": action.help,
            "danger": action.danger,
        }
        for action in ACTIONS
    ]

    def table() -> None:
        print_table(
            ("KEYS", "ACTION", "WHERE", "WHAT IT DOES"),
            (
                (" ".join(loaded.keys_of(action.id)) or "-", action.id, " ".join(action.where), action.help)
                for action in ACTIONS
            ),
        )

    print_list("KeyList", rows, output, table)
