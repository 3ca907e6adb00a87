"""Plans an act, shows the plan, asks, runs it and says what came of it."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from acp_tui.cli.codes import CANCELLED, DONE, of_operation
from acp_tui.cli.output import MACHINE, on_terminal, print_document, print_table, warn
from acp_tui.cli.target import Target, open_fleet
from acp_tui.model.errors import AcpTuiError, Refused, UsageError
from acp_tui.model.operation import Operation, StepState
from acp_tui.model.plan import Answer, CheckResult, Effect, EffectAction, Intent, Plan
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.acts import Acts
    from acp_tui.controllers.controller import Controller
    from acp_tui.fleet.fleet import Fleet

SIGNS = {
    CheckResult.PASS: "ok",
    CheckResult.WARN: "WARN",
    CheckResult.REFUSE: "REFUSED",
    CheckResult.UNKNOWN: "unknown",
}
ENDINGS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl+C and a polite kill cancel the act; a terminal that is gone, or SIGKILL, end this program and not the act."""

_CALM_SECONDS = 0.1
_PROGRESS_CELLS = 70

detach_option = click.option(
    "--detach", is_flag=True, help="Begin it, print its id and end; it runs by itself (acp-tui journal follow ID)."
)

confirm_option = click.option(
    "--confirm",
    default="",
    metavar="TEXT",
    help="What you would type to confirm, for scripts; then no --yes is needed.",
)


class Wishes(Struct, frozen=True):
    """How an act was asked for; `deadline` None means what the settings say, `confirm` is typed in advance.

    `detach`: nobody waits for the verdict.
    """

    only_plan: bool
    yes: bool
    deadline: int | None
    output: str
    confirm: str = ""
    detach: bool = False

    @property
    def machine(self) -> bool:
        return self.output in MACHINE


async def act(make: Callable[[Fleet], Intent], wishes: Wishes, target: Target, *, views: Iterable[str]) -> int:
    """Returns the exit code; raises Refused where a check or a person says no, and whatever planning raises."""
    async with open_acting(wishes, target, views=views) as (fleet, controller):
        return await carry_out(controller, make(fleet), wishes)


@asynccontextmanager
async def open_acting(
    wishes: Wishes, target: Target, *, views: Iterable[str]
) -> AsyncIterator[tuple[Fleet, Controller]]:
    """The fleet, and a controller with what settings, options and policies say."""
    from acp_tui.config.settings import load_settings
    from acp_tui.controllers.controller import open_controller

    settings, _ = load_settings(read_only=target.read_only)
    async with open_fleet(target, views=views) as fleet:
        controller = open_controller(
            fleet,
            engine=settings.helm_engine,
            read_only=settings.read_only,
            deadline_seconds=wishes.deadline or settings.verdict_seconds,
            policies=target.policies,
        )
        try:
            yield fleet, controller
        finally:
            await controller.close()


async def carry_out(controller: Controller, intent: Intent, wishes: Wishes) -> int:
    """Plans, shows, asks and runs one act; returns the exit code, and raises as `act`."""
    from acp_tui.controllers.effects import mask_plan

    if wishes.detach and not controller.lasting:
        raise UsageError("No act runs by itself on this system", tried="--detach", advice="leave it out, and wait")
    plan = await _planned(controller, intent)
    if wishes.only_plan:
        if wishes.machine:
            print_document({"kind": "Plan", "allowed": plan.allowed, "plan": mask_plan(plan)}, wishes.output)
        else:
            print_plan(plan)
        return DONE if plan.allowed else Refused.exit_code
    asking = plan.allowed and not wishes.yes and on_terminal()
    if asking or not wishes.machine:
        print_plan(plan, err=wishes.machine or wishes.detach)
    confirm(plan, wishes)
    operation = controller.start(plan)
    if not wishes.detach:
        return await follow(controller, operation.id, wishes)
    operation = await controller.begun(operation.id)
    if operation.state.over:
        return _ended(operation, wishes)
    if wishes.machine:
        print_document({"kind": "Operation", "operation": operation}, wishes.output)
    else:
        click.echo(operation.id)
        click.echo(f"It runs by itself; to see it: acp-tui journal follow {operation.id}", err=True)
    return DONE


async def _planned(controller: Controller, intent: Intent) -> Plan:
    """On a terminal one line tells what is being asked, and is gone when the plan is there."""
    if not sys.stderr.isatty():
        return await controller.plan(intent)
    shown = 0.0

    def told(words: str) -> None:
        nonlocal shown
        if time.monotonic() - shown >= _CALM_SECONDS:
            shown = time.monotonic()
            click.echo(f"\r\x1b[K{one_line(words, limit=_PROGRESS_CELLS)}", nl=False, err=True)

    try:
        return await controller.plan(intent, told=told)
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def print_plan(plan: Plan, *, err: bool = False) -> None:
    """What would happen, for a person: headline, effects, checks, undo."""
    click.echo(plan.headline, err=err)
    click.echo(f"Through {plan.engine or '-'} · owner {plan.owner} · undo: {plan.undo or 'none'}", err=err)
    changed = [effect for effect in plan.effects if effect.action is not EffectAction.UNCHANGED]
    if changed:
        click.echo(err=err)
        print_table(
            ("OBJECT", "ACTION", "CHANGE", "SERVER SAYS", "RESTARTS"),
            (
                (
                    f"{effect.ref.kind} {effect.ref.name}",
                    effect.action.value,
                    effect.summary or "-",
                    _server(effect),
                    _pods(effect),
                )
                for effect in changed
            ),
            err=err,
        )
    unchanged = len(plan.effects) - len(changed)
    if unchanged:
        click.echo(f"{unchanged} {'object' if unchanged == 1 else 'objects'} unchanged", err=err)
    click.echo(err=err)
    for check in plan.checks:
        said = f": {check.evidence}" if check.evidence else ""
        click.echo(f"[{SIGNS[check.result]}] {check.title}{said}", err=err)
        if check.result is not CheckResult.PASS and check.advice:
            click.echo(f"    {check.advice}", err=err)
    for line in plan.not_undone:
        click.echo(f"Not undone: {line}", err=err)


def _pods(effect: Effect) -> str:
    """How many pods are replaced, and how many at a time."""
    if effect.restarts is None:
        return "?"
    return ", ".join(part for part in (str(effect.restarts or "-"), effect.pace) if part)


def _server(effect: Effect) -> str:
    """The answer to the dry run, and how many fields stay as somebody set them live."""
    says = effect.server
    if says is None:
        return "-"
    stays = sum(drift.stays for drift in effect.drift)
    words = ("pods: " if says.pods and says.answer is not Answer.OK else "") + says.answer
    return f"{words}, {stays} stay" if stays else words


def confirm(plan: Plan, wishes: Wishes) -> None:
    """Asks on a terminal, takes --yes elsewhere; raises Refused without either.

    Nobody is asked about a plan that is refused: starting it says so, and puts the attempt into the journal. What a
    policy wants typed is typed, on the terminal or as --confirm.
    """
    from acp_tui.controllers.guardrails import BY_NAME

    wanted = plan.confirm or plan.intent.release.name
    if not plan.allowed or wishes.confirm == wanted:
        return
    if wishes.confirm:
        raise Refused("Not confirmed", tried=f"--confirm {wishes.confirm!r}", advice=f"this act wants {wanted!r}")
    by_name = any(check.id == BY_NAME for check in plan.checks)
    if wishes.yes and not by_name:
        return
    if by_name and not on_terminal():
        raise Refused(
            "The policy wants it confirmed by name",
            tried="--yes" if wishes.yes else "standard input is not a terminal",
            advice=f"add --confirm {plan.confirm}",
        )
    if not on_terminal():
        raise Refused("Nobody to ask", tried="standard input is not a terminal", advice="add --yes to confirm")
    if plan.confirm:
        answer = click.prompt(f"Type {plan.confirm} to go on", default="", show_default=False, err=True)
        if answer != plan.confirm:
            raise Refused("Not confirmed", tried=f"typed {answer!r}", advice=f"type {plan.confirm} exactly")
        return
    if not click.confirm("Go on?", err=True):
        raise Refused("Not confirmed", advice="nothing was done")


async def follow(acts: Acts, id: str, wishes: Wishes, *, output: bool = False) -> int:
    """Follows an act to its verdict; returns the exit code. With `output` all that Helm printed is shown too.

    The first signal to end cancels the act, and what is left is waited for; the second leaves it to itself.
    """
    unsubscribe = _nothing
    if not wishes.machine:
        progress = _progress(id, output=output)
        progress(acts.operation(id))
        unsubscribe = acts.subscribe(progress)
    watching = asyncio.ensure_future(acts.wait(id))
    bound = id in {each.id for each in acts.bound()}
    cancels: list[asyncio.Task[None]] = []

    async def cancel() -> None:
        try:
            await acts.cancel(id)
        except AcpTuiError as error:
            warn(str(error))

    def end() -> None:
        if cancels:
            watching.cancel()
            return
        once_more = "ends it at once" if bound else "leaves it to itself"
        click.echo(f"Cancelling; Helm gets a moment to stop. Once more {once_more} …", err=True)
        cancels.append(asyncio.ensure_future(cancel()))

    try:
        with ended_by(end):
            return _ended(await watching, wishes)
    except asyncio.CancelledError:
        if not watching.cancelled():
            raise
        if not bound:
            click.echo(f"Left to itself; to see it: acp-tui journal follow {id}", err=True)
        return CANCELLED
    finally:
        unsubscribe()


@contextmanager
def ended_by(end: Callable[[], None]) -> Iterator[None]:
    """Meanwhile a signal to end calls `end` on the loop, and nothing else."""
    loop = asyncio.get_running_loop()
    before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(end)) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(id: str, *, output: bool) -> Callable[[Operation], None]:
    """Prints each step of the operation once for each state it reaches, and each line of the output if wanted."""
    shown: set[tuple[str, StepState]] = set()
    said: tuple[str, ...] = ()

    def progress(operation: Operation) -> None:
        nonlocal said
        if operation.id != id:
            return
        for line in _added(said, operation.output) if output else ():
            click.echo(f"           {line}")
        said = operation.output
        for step in operation.steps:
            if (step.id, step.state) not in shown and step.state is not StepState.WAITING:
                shown.add((step.id, step.state))
                click.echo(f"  {step.state.value:8} {step.title}" + (f": {step.note}" if step.note else ""))

    return progress


def _added(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    """What is new at the end of a window that slides."""
    sizes = range(min(len(before), len(now)), -1, -1)
    return now[next(size for size in sizes if before[len(before) - size :] == now[:size]) :]


def _nothing() -> None:
    """Stands where a subscription would be ended."""


def _ended(operation: Operation, wishes: Wishes) -> int:
    if wishes.machine:
        print_document({"kind": "Operation", "operation": operation}, wishes.output)
    else:
        print_verdict(operation)
    return of_operation(operation)


def print_verdict(operation: Operation) -> None:
    """What came of it, for a person."""
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
