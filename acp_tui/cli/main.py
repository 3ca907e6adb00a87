"""The command line: one group a file, errors as exit codes (see codes)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from acp_tui import __version__
from acp_tui.cli.codes import CANCELLED, DONE, UNEXPECTED, help_line
from acp_tui.cli.output import MACHINE, print_error
from acp_tui.cli.target import Look, Program, Target, policy_option
from acp_tui.model.errors import AcpTuiError, UsageError


class Commands(click.Group):
    """Imports a command's module when it is called, so that opening the console pays for none of them."""

    lazy = ("get", "release", "journal", "doctor", "demo", "keys", "completion", "reset-terminal")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        from importlib import import_module

        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"acp_tui.cli.{name}"), name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=help_line(),
)
@click.version_option(__version__, prog_name="acp-tui")
@click.option("--kubeconfig", default="", help="Kubeconfig file; else $KUBECONFIG (merged), else ~/.kube/config.")
@click.option("--context", "contexts", multiple=True, help="Context to aim at; may be given several times.")
@click.option("--demo", is_flag=True, help="Aim at the simulated fleet.")
@click.option("-c", "--view", default="", metavar="WORDS", help="What to begin with, as typed after `:`, such as pods.")
@click.option("--theme", default="", help="Theme to paint with; see themes/.")
@click.option("--keymap", default="", help="Keymap to use: default, k9s, or your own.")
@click.option("--read-only", is_flag=True, help="Refuse every act.")
@click.option("--trace", default="", metavar="FILE", help="Write what the console costs to this file, as JSON lines.")
@policy_option
@click.pass_context
def commands(
    context: click.Context,
    kubeconfig: str,
    contexts: tuple[str, ...],
    demo: bool,
    view: str,
    theme: str,
    keymap: str,
    read_only: bool,
    trace: str,
    policies: tuple[str, ...],
) -> None:
    """The terminal console for Alauda Container Platform and any fleet of Kubernetes clusters.

    Without a command it opens the console on the contexts of your kubeconfig.
    """
    context.meta[Program.__name__] = context.obj
    context.obj = Target(kubeconfig=kubeconfig, contexts=contexts, demo=demo, read_only=read_only, policies=policies)
    context.meta[Look.__name__] = Look(view=view, theme=theme, keymap=keymap, trace=trace)
    if context.invoked_subcommand is None:
        context.meta[Program.__name__].open_console(context.obj, context.meta[Look.__name__])


def run(argv: Sequence[str], program: Program) -> int:
    """Runs one command and returns its exit code; every error of ours is printed, none is a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign that a terminal or pipe cannot take costs itself alone
    output = _wanted_output(argv)
    try:
        result = _carried_out(argv, program)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return CANCELLED
    except click.ClickException as error:
        if output in MACHINE:
            print_error(UsageError(error.format_message(), advice="acp-tui --help"), output)
        else:
            error.show()
        return UsageError.exit_code
    except AcpTuiError as error:
        print_error(error, output)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has had enough; what Python still holds must not be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    return result if isinstance(result, int) else DONE


def _carried_out(argv: Sequence[str], program: Program) -> object:
    try:
        return commands.main(args=list(argv), prog_name="acp-tui", standalone_mode=False, obj=program)
    finally:
        program.leave()


def _wanted_output(argv: Sequence[str]) -> str:
    """The -o of a command that may have failed before it was parsed."""
    for index, word in enumerate(argv):
        if word in ("-o", "--output") and index + 1 < len(argv):
            return argv[index + 1]
        if word.startswith("--output="):
            return word.partition("=")[2]
        if word.startswith("-o") and len(word) > 2 and not word.startswith("--"):
            return word[2:]
    return "table"
