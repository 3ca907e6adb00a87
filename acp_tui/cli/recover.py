"""`acp-tui release doctor` and `recover`: what ails releases, and the least act that leads out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import click

from acp_tui.cli.codes import DONE, of_operation
from acp_tui.cli.find import VIEWS, find_release, release_options
from acp_tui.cli.output import MACHINE, output_option, plain, print_document, print_error, print_table
from acp_tui.cli.run import Wishes, carry_out, confirm, open_acting, print_plan, print_verdict
from acp_tui.cli.target import Target, target_options
from acp_tui.model.errors import AcpTuiError, Refused, UsageError
from acp_tui.model.recovery import Act, Diagnosis, Remedy

if TYPE_CHECKING:
    from acp_tui.controllers.controller import Controller
    from acp_tui.controllers.doctor.doctor import Doctor
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.operation import Operation
    from acp_tui.model.plan import Plan
    from acp_tui.model.release import ReleaseRef

FOUND_SOMETHING = 8
"""Exit code of `doctor` where something ails a release: scripts stop on it."""


@click.command()
@click.argument("name", default="")
@click.option("--all", "everywhere", is_flag=True, help="Examine every release of the clusters aimed at.")
@release_options
@output_option
@target_options
def doctor(name: str, everywhere: bool, namespace: str, output: str, target: Target) -> int:
    """Says what ails a release, whether anybody still works on it, and the least act that leads out.

    Ends with 8 where it found something, with 0 where all is well.
    """
    if bool(name) == everywhere:
        raise UsageError("Name a release, or ask for all", advice="acp-tui release doctor NAME, or --all")
    return asyncio.run(_doctor(name, namespace, output, target))


async def _doctor(name: str, namespace: str, output: str, target: Target) -> int:
    wishes = Wishes(only_plan=True, yes=False, deadline=None, output=output)
    errors: tuple[AcpTuiError, ...] = ()
    async with open_acting(wishes, target, views=VIEWS) as (fleet, controller):
        if name:
            found = await controller.doctor.examine(await _named(fleet, controller, name, namespace))
        else:
            refs = [row.ref for row in fleet.rows("releases") if not namespace or row.ref.namespace == namespace]
            found, errors = await controller.doctor.examine_all(refs)
    _print(found, errors, output)
    return FOUND_SOMETHING if found else DONE


def _print(found: Sequence[Diagnosis], errors: Sequence[AcpTuiError], output: str) -> None:
    if output in MACHINE:
        items = [{**plain(each), "page": each.page} for each in found]
        print_document({"kind": "DiagnosisList", "items": items, "incomplete": [str(e) for e in errors]}, output)
        return
    for error in errors:
        print_error(error, output)
    if not found:
        click.echo("Nothing ails it." if not errors else "Nothing was found where it could be looked.")
    for number, diagnosis in enumerate(found):
        if number:
            click.echo()
        _tell(diagnosis)


def _tell(diagnosis: Diagnosis) -> None:
    ref = diagnosis.ref
    click.echo(f"{ref.name} · {ref.namespace} · {ref.cluster}: {diagnosis.ailment}")
    click.echo(f"  {diagnosis.sentence}")
    for line in diagnosis.evidence:
        click.echo(f"  - {line}")
    if diagnosis.remedies:
        print_table(
            ("  ACT", "WHAT", "WHICH MEANS"),
            ((f"  {remedy.act}", remedy.title, remedy.effect) for remedy in diagnosis.remedies),
        )
    click.echo(f"  More: {diagnosis.page}")


@click.command()
@click.argument("name")
@click.option("--act", "word", type=click.Choice([act.value for act in Act]), default=None,
              help="The way out; without it the least that `doctor` names.")  # fmt: skip
@click.option("--put-back", is_flag=True, help="Put the records back as they were before the last act on them.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, and stop.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--engine", default="", help="Helm engine: helm3, helm4, python, or a path to a helm binary.")
@release_options
@output_option
@target_options
def recover(
    name: str,
    word: str | None,
    put_back: bool,
    only_plan: bool,
    yes: bool,
    engine: str,
    namespace: str,
    output: str,
    target: Target,
) -> int:
    """Leads a stuck release out by one of the acts that `doctor` offers; records are saved before they are written."""
    wishes = Wishes(only_plan=only_plan, yes=yes, deadline=None, output=output)
    return asyncio.run(_recover(name, namespace, word, put_back, engine, wishes, target))


async def _recover(
    name: str, namespace: str, word: str | None, put_back: bool, engine: str, wishes: Wishes, target: Target
) -> int:
    from msgspec import structs

    async with open_acting(wishes, target, views=VIEWS) as (fleet, controller):
        ref = await _named(fleet, controller, name, namespace)
        if put_back:
            plan, backup = await controller.doctor.plan_put_back(ref)
            return await _through(plan, wishes, lambda: controller.doctor.put_back(plan, backup))
        diagnosis, remedy = await _chosen(controller.doctor, ref, word)
        intent = controller.doctor.intent(diagnosis, remedy)
        if intent is not None:
            return await carry_out(controller, structs.replace(intent, engine=engine), wishes)
        return await _on_records(controller, diagnosis, remedy, wishes)


async def _named(fleet: Fleet, controller: Controller, name: str, namespace: str) -> ReleaseRef:
    """The release of that name, also one of which only a HelmRequest that does not go is left."""
    try:
        return find_release(fleet, name, namespace).ref
    except UsageError:
        left = [
            ref
            for ref in await controller.doctor.hanging()
            if ref.name == name and (not namespace or ref.namespace == namespace)
        ]
        if len(left) != 1:
            raise
        return left[0]


async def _on_records(controller: Controller, diagnosis: Diagnosis, remedy: Remedy, wishes: Wishes) -> int:
    if remedy.act is Act.WAIT:
        raise Refused(
            "There is nothing to do but wait", tried=diagnosis.sentence, advice="Name another way out with --act."
        )
    plan = await controller.doctor.plan(diagnosis, remedy)
    return await _through(plan, wishes, lambda: controller.doctor.recover(plan, remedy))


async def _through(plan: Plan, wishes: Wishes, do: Callable[[], Awaitable[Operation]]) -> int:
    if wishes.only_plan:
        if wishes.machine:
            print_document({"kind": "Plan", "allowed": plan.allowed, "plan": plan}, wishes.output)
        else:
            print_plan(plan)
        return DONE if plan.allowed else Refused.exit_code
    if not wishes.machine:
        print_plan(plan)
    confirm(plan, wishes)
    operation = await do()
    if wishes.machine:
        print_document({"kind": "Operation", "operation": operation}, wishes.output)
    else:
        print_verdict(operation)
    return of_operation(operation)


async def _chosen(doctor: Doctor, ref: ReleaseRef, word: str | None) -> tuple[Diagnosis, Remedy]:
    """The remedy of that name, or the least of the first trouble; raises Refused where it is not offered."""
    found = await doctor.examine(ref)
    offered = [(diagnosis, remedy) for diagnosis in found for remedy in diagnosis.remedies]
    if word is None and offered:
        return offered[0]
    for diagnosis, remedy in offered:
        if remedy.act == word:
            return diagnosis, remedy
    if not found:
        raise Refused(f"Nothing ails {ref.name}", advice="acp-tui release doctor says what it looked at")
    words = ", ".join(dict.fromkeys(remedy.act.value for _, remedy in offered)) or "nothing"
    raise Refused(f"{word or 'An act'} is not a way out of this", tried=found[0].sentence, advice=f"What is: {words}.")
