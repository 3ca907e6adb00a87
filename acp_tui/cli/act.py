"""The acts of `acp-tui release`: plan, and with a yes run and verify."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.find import find_release, release_options
from acp_tui.cli.output import on_terminal, output_option, print_document, print_table
from acp_tui.cli.target import Target, open_fleet, target_options
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import Operation, OperationState, OutcomeKind, StepState
from acp_tui.model.plan import CheckResult, EffectAction, Intent, Plan, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef

if TYPE_CHECKING:
    from acp_tui.controllers.controller import Controller
    from acp_tui.fleet.fleet import Fleet

NOT_HEALTHY = 8
HELM_FAILED = 6
CANCELLED = 130
SIGNS = {
    CheckResult.PASS: "ok",
    CheckResult.WARN: "WARN",
    CheckResult.REFUSE: "REFUSED",
    CheckResult.UNKNOWN: "unknown",
}


def act_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every act takes: --plan, --yes, --deadline, --engine, --no-hooks, the namespace and the target."""

    @click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, and stop.")
    @click.option("--yes", is_flag=True, help="Do it without asking.")
    @click.option("--deadline", default=300, show_default=True, help="Seconds until the verdict is 'not proven'.")
    @click.option("--engine", default="", help="Helm engine: helm3, helm4, python, or a path to a helm binary.")
    @click.option("--no-hooks", is_flag=True, help="Skip the chart's hooks.")
    @release_options
    @output_option
    @target_options
    @functools.wraps(command)
    def wrapped(*args: Any, only_plan: bool, yes: bool, deadline: int, output: str, target: Target, **rest: Any) -> Any:
        make = command(*args, **rest)
        return asyncio.run(_act(make, only_plan=only_plan, yes=yes, deadline=deadline, output=output, target=target))

    return wrapped


MakeIntent = Callable[["Fleet"], Intent]


def _values(files: tuple[str, ...]) -> str:
    """The texts of values files, later ones winning; `-` reads standard input."""
    from acp_tui.wire.manifest import merge_values_texts

    texts = []
    for name in files:
        try:
            texts.append(
                (name, click.get_text_stream("stdin").read() if name == "-" else Path(name).read_text("utf-8"))
            )
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"Values file {name} cannot be read", tried=str(error), advice="check -f") from error
    return merge_values_texts(texts)


@click.command()
@click.argument("name")
@click.argument("chart")
@click.option("--version", default="", help="Chart version; the newest without it.")
@click.option("--repo", "repository", default="", help="URL of the chart repository.")
@click.option("-f", "--values", "files", multiple=True, help="Values file; - for standard input.")
@click.option("--create-namespace", is_flag=True, help="Make the namespace where it does not exist.")
@act_options
def deploy(
    name: str,
    chart: str,
    version: str,
    repository: str,
    files: tuple[str, ...],
    create_namespace: bool,
    engine: str,
    no_hooks: bool,
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
            engine=engine,
            no_hooks=no_hooks,
        )

    return make


@click.command()
@click.argument("name")
@click.argument("chart", default="")
@click.option("--version", default="", help="Chart version; the newest without it.")
@click.option("--repo", "repository", default="", help="URL of the chart repository.")
@click.option("-f", "--values", "files", multiple=True, help="Values file; - for standard input.")
@click.option("--reuse-values", is_flag=True, help="Start from the values of the last revision.")
@act_options
def upgrade(
    name: str,
    chart: str,
    version: str,
    repository: str,
    files: tuple[str, ...],
    reuse_values: bool,
    engine: str,
    no_hooks: bool,
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
            engine=engine,
            no_hooks=no_hooks,
        )

    return make


@click.command()
@click.argument("name")
@click.option("--to", "revision", type=int, default=None, help="Revision to go back to; the last good one without it.")
@act_options
def rollback(name: str, revision: int | None, engine: str, no_hooks: bool, namespace: str) -> MakeIntent:
    """Rolls a release back to a revision; Helm writes it as a new one."""

    def make(fleet: Fleet) -> Intent:
        ref = find_release(fleet, name, namespace).ref
        return Intent(verb=Verb.ROLLBACK, release=ref, revision=revision, engine=engine, no_hooks=no_hooks)

    return make


@click.command()
@click.argument("name")
@click.option("--keep-history", is_flag=True, help="Keep the records, so that it can be rolled back to life.")
@act_options
def uninstall(name: str, keep_history: bool, engine: str, no_hooks: bool, namespace: str) -> MakeIntent:
    """Deletes what a release made, and its records."""

    def make(fleet: Fleet) -> Intent:
        ref = find_release(fleet, name, namespace).ref
        return Intent(verb=Verb.UNINSTALL, release=ref, keep_history=keep_history, engine=engine, no_hooks=no_hooks)

    return make


def _absolute(chart: str) -> str:
    """A chart on this machine by its full path, because the engine works from another folder."""
    return os.path.abspath(chart) if chart and os.path.exists(chart) else chart


async def _act(make: MakeIntent, *, only_plan: bool, yes: bool, deadline: int, output: str, target: Target) -> int:
    from acp_tui.controllers.controller import open_controller

    async with open_fleet(target) as fleet:
        controller = open_controller(fleet, deadline_seconds=deadline)
        made = await controller.plan(make(fleet))
        machine = output in ("json", "yaml")
        if only_plan:
            print_document({"kind": "Plan", **_plan_document(made)}, output) if machine else print_plan(made)
            return 0 if made.allowed else Refused.exit_code
        if not machine:
            print_plan(made)
        _confirm(made, yes=yes)
        operation = await _run(controller, made, quiet=machine)
        if machine:
            print_document({"kind": "Operation", "operation": operation}, output)
        else:
            _print_verdict(operation)
        return _exit_code(operation)


def _plan_document(plan: Plan) -> dict[str, Any]:
    return {"allowed": plan.allowed, "plan": plan}


def print_plan(plan: Plan) -> None:
    """What would happen, for a person: headline, effects, checks, undo."""
    click.echo(plan.headline)
    click.echo(f"Through {plan.engine or '-'} · owner {plan.owner} · undo: {plan.undo or 'none'}")
    changed = [effect for effect in plan.effects if effect.action is not EffectAction.UNCHANGED]
    if changed:
        click.echo()
        print_table(
            ("OBJECT", "ACTION", "CHANGE", "RESTARTS"),
            (
                (
                    f"{effect.ref.kind} {effect.ref.name}",
                    effect.action.value,
                    effect.summary or "-",
                    "?" if effect.restarts is None else str(effect.restarts or "-"),
                )
                for effect in changed
            ),
        )
    unchanged = len(plan.effects) - len(changed)
    if unchanged:
        click.echo(f"{unchanged} objects unchanged")
    click.echo()
    for check in plan.checks:
        click.echo(f"[{SIGNS[check.result]}] {check.title}" + (f": {check.evidence}" if check.evidence else ""))
        if check.result in (CheckResult.REFUSE, CheckResult.WARN) and check.advice:
            click.echo(f"    {check.advice}")
    for line in plan.not_undone:
        click.echo(f"Not undone: {line}")


def _confirm(plan: Plan, *, yes: bool) -> None:
    """Asks on a terminal, takes --yes elsewhere; raises Refused without either."""
    if not plan.allowed:
        first = plan.refusals[0]
        raise Refused(f"Refused: {first.title}", tried=first.evidence, advice=first.advice)
    if yes:
        return
    if not on_terminal():
        raise Refused("Nobody to ask", tried="standard input is not a terminal", advice="add --yes to confirm")
    if plan.confirm:
        answer = click.prompt(f"Type {plan.confirm} to go on", default="", show_default=False, err=True)
        if answer != plan.confirm:
            raise Refused("Not confirmed", tried=f"typed {answer!r}", advice=f"type {plan.confirm} exactly")
        return
    if not click.confirm("Go on?", err=True):
        raise Refused("Not confirmed", advice="nothing was done")


async def _run(controller: Controller, plan: Plan, *, quiet: bool) -> Operation:
    """Starts the plan and follows it to its verdict; Ctrl+C cancels it once and then waits for what is left."""
    shown: set[tuple[str, StepState]] = set()

    def progress(operation: Operation) -> None:
        for step in operation.steps:
            if (step.id, step.state) not in shown and step.state is not StepState.WAITING:
                shown.add((step.id, step.state))
                if not quiet:
                    click.echo(f"  {step.state.value:8} {step.title}" + (f": {step.note}" if step.note else ""))

    unsubscribe = controller.subscribe(progress)
    operation = controller.start(plan)
    loop = asyncio.get_running_loop()
    import signal

    tasks: set[asyncio.Task[None]] = set()

    def cancel() -> None:
        tasks.add(asyncio.ensure_future(controller.cancel(operation.id)))

    loop.add_signal_handler(signal.SIGINT, cancel)
    try:
        return await controller.wait(operation.id)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        unsubscribe()


def _print_verdict(operation: Operation) -> None:
    outcome = operation.outcome
    if outcome is None:
        click.echo(f"{operation.state.value}: {operation.headline}")
        return
    click.echo(f"{outcome.kind.value}: {outcome.title}")
    for line in outcome.evidence:
        click.echo(f"  {line}")
    for finding in outcome.findings:
        click.echo(f"  ! {finding.what}" + (f" ({finding.evidence})" if finding.evidence else ""))
    if outcome.advice:
        click.echo(f"  next: {outcome.advice}")
    if operation.undo:
        click.echo(f"  undo: {operation.undo}")


def _exit_code(operation: Operation) -> int:
    if operation.state is OperationState.CANCELLED:
        return CANCELLED
    if operation.state is not OperationState.SUCCEEDED and operation.outcome is None:
        return HELM_FAILED
    kind = operation.outcome.kind if operation.outcome else None
    if kind is OutcomeKind.FAILED:
        return HELM_FAILED
    if kind is OutcomeKind.CANCELLED:
        return CANCELLED
    return 0 if kind in (OutcomeKind.HEALTHY, OutcomeKind.RESIDUE) else NOT_HEALTHY


@click.group()
def plan() -> None:
    """Shows what an act would do, and stops: the same as the act with --plan."""


def _planning(command: click.Command) -> click.Command:
    """The act itself with --plan already said."""
    return click.Command(
        name=command.name,
        params=[param for param in command.params if param.name not in ("only_plan", "yes")],
        callback=functools.partial(command.callback, only_plan=True, yes=False) if command.callback else None,
        help=command.help,
    )


for _command in (deploy, upgrade, rollback, uninstall):
    plan.add_command(_planning(_command))
