"""`acp-tui completion`: what a shell has to read to complete our words."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Prints the completion script of a shell, for example: source <(acp-tui completion bash)."""
    from click.shell_completion import get_completion_class

    from acp_tui.cli.main import commands

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(commands, {}, "acp-tui", "_ACP_TUI_COMPLETE").source())
