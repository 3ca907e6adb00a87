"""The acts of `acp-tui release`: plan, and with a yes run and verify."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from acp_tui.cli.find import VIEWS, find_release, release_options
from acp_tui.cli.output import output_option
from acp_tui.cli.run import Wishes, act, confirm_option, detach_option
from acp_tui.cli.target import Target, policy_option, target_options
from acp_tui.model.errors import UsageError
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet

MakeIntent = Callable[["Fleet"], Intent]
"""An intent needs the fleet, because a name on the command line says neither cluster nor store."""


def act_options(command: Callable[..., MakeIntent]) -> Callable[..., int]:
    """Adds what every act takes; the command itself only says what its intent is."""

    @click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, and stop.")
    @click.option("--yes", is_flag=True, help="Do it without asking.")
    @detach_option
    @confirm_option
    @click.option("--deadline", type=click.IntRange(min=1), default=None,
                  help="Seconds until the verdict is 'not proven'; else what the settings say (300).")  # fmt: skip
    @click.option("--helm-timeout", type=click.IntRange(min=1), default=300, show_default=True,
                  help="Seconds that Helm may wait for hooks.")  # fmt: skip
    @click.option("--engine", default="", help="Helm engine: helm3, helm4, python, or a path to a helm binary.")
    @click.option("--no-hooks", is_flag=True, help="Skip the chart's hooks.")
    @click.option("--take-over", is_flag=True,
                  help="Take fields that others set since (Helm 4); else such a conflict refuses the act.")  # fmt: skip
    @policy_option
    @release_options
    @output_option
    @target_options
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        only_plan: bool,
        yes: bool,
        detach: bool,
        confirm: str,
        deadline: int | None,
        helm_timeout: int,
        engine: str,
        no_hooks: bool,
        take_over: bool,
        policies: tuple[str, ...],
        output: str,
        target: Target,
        **rest: Any,
    ) -> int:
        made = command(*args, **rest)

        def intent(fleet: Fleet) -> Intent:
            return msgspec.structs.replace(
                made(fleet), engine=engine, no_hooks=no_hooks, take_over=take_over, timeout_seconds=helm_timeout
            )

        wishes = Wishes(only_plan=only_plan, yes=yes, deadline=deadline, output=output, confirm=confirm, detach=detach)
        return asyncio.run(act(intent, wishes, target.under(policies), views=VIEWS))

    return wrapped


def _values(files: tuple[str, ...]) -> str:
    """The texts of values files, later ones winning; `-` reads standard input."""
    if not files:
        return ""
    from acp_tui.wire.manifest import merge_values_texts

    return merge_values_texts([(_spoken(name), _read(name)) for name in files])


def _spoken(name: str) -> str:
    return "standard input" if name == "-" else name


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as error:
        raise UsageError(
            f"Values file {name} cannot be read", tried=error.strerror or str(error), advice="check -f"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"Values from {_spoken(name)} are not UTF-8 text", tried=str(error), advice="values are a YAML file"
        ) from error


def chart_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds where a chart comes from and with which values."""
    command = click.option(
        "-f", "--values", "files", multiple=True, help="Values file, later ones win; - for standard input."
    )(command)
    command = click.option("--repo", "repository", default="", help="URL of the chart repository.")(command)
    return click.option("--version", default="", help="Chart version; the newest without it.")(command)


@click.command()
@click.argument("name")
@click.argument("chart")
@chart_options
@click.option("--create-namespace", is_flag=True, help="Make the namespace where it does not exist.")
@act_options
def deploy(
    name: str,
    chart: str,
    version: str,
    repository: str,
    files: tuple[str, ...],
    create_namespace: bool,
    namespace: str,
) -> MakeIntent:
    """Installs CHART (a directory, an archive, oci://…, a URL, or repository/name) as release NAME."""
    values = _values(files)

    def make(fleet: Fleet) -> Intent:
        if len(fleet.names) != 1:
            raise UsageError(
                "A new release goes to one cluster", tried=", ".join(fleet.names), advice="name it with --context"
            )
        context = fleet.session(fleet.names[0]).context
        return Intent(
            verb=Verb.DEPLOY,
            release=ReleaseRef(fleet.names[0], namespace or context.namespace or "default", name),
            chart=_absolute(chart),
            version=version,
            repository=repository,
            values=values,
            create_namespace=create_namespace,
        )

    return make


@click.command()
@click.argument("name")
@click.argument("chart", default="")
@chart_options
@click.option("--reuse-values", is_flag=True, help="Start from the values of the last revision.")
@act_options
def upgrade(
    name: str,
    chart: str,
    version: str,
    repository: str,
    files: tuple[str, ...],
    reuse_values: bool,
    namespace: str,
) -> MakeIntent:
    """Upgrades a release to CHART, or with new values on the chart it has."""
    values = _values(files)

    def make(fleet: Fleet) -> Intent:
        return Intent(
            verb=Verb.UPGRADE,
            release=find_release(fleet, name, namespace).ref,
            chart=_absolute(chart),
            version=version,
            repository=repository,
            values=values,
            values_mode=ValuesMode.REUSE if reuse_values else ValuesMode.RESET,
        )

    return make


@click.command()
@click.argument("name")
@click.option(
    "--to", "revision", type=click.IntRange(min=1), help="Revision to go back to; the last good one without it."
)
@act_options
def rollback(name: str, revision: int | None, namespace: str) -> MakeIntent:
    """Rolls a release back to a revision; Helm writes it as a new one."""

    def make(fleet: Fleet) -> Intent:
        return Intent(verb=Verb.ROLLBACK, release=find_release(fleet, name, namespace).ref, revision=revision)

    return make


@click.command()
@click.argument("name")
@click.option("--keep-history", is_flag=True, help="Keep the records, so that it can be rolled back to life.")
@act_options
def uninstall(name: str, keep_history: bool, namespace: str) -> MakeIntent:
    """Deletes what a release made, and its records."""

    def make(fleet: Fleet) -> Intent:
        ref = find_release(fleet, name, namespace).ref
        return Intent(verb=Verb.UNINSTALL, release=ref, keep_history=keep_history)

    return make


def _absolute(chart: str) -> str:
    """A chart on this machine by its full path, because the engine works from another folder."""
    return os.path.abspath(chart) if chart and os.path.exists(chart) else chart


@click.group()
def plan() -> None:
    """Shows what an act would do, and stops: the same as the act with --plan."""


def _planning(command: click.Command) -> click.Command:
    """The act itself with --plan already said."""
    return click.Command(
        name=command.name,
        params=[param for param in command.params if param.name not in ("only_plan", "yes", "confirm")],
        callback=functools.partial(command.callback, only_plan=True, yes=False, confirm="")
        if command.callback
        else None,
        help=command.help,
    )


for _command in (deploy, upgrade, rollback, uninstall):
    plan.add_command(_planning(_command))
