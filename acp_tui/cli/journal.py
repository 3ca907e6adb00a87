"""`acp-tui journal`: the acts of the past as this machine recorded them, and the way back from one."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from acp_tui.cli.find import VIEWS
from acp_tui.cli.output import MACHINE, output_option, print_document, print_list, print_table
from acp_tui.cli.run import Wishes, carry_out, confirm_option, follow, open_acting
from acp_tui.cli.target import Target, policy_option, target_options
from acp_tui.model.errors import UsageError
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.journal import Journal
    from acp_tui.model.operation import Operation

LISTED = 20


@click.group(invoke_without_command=True)
@output_option
@click.pass_context
def journal(context: click.Context, output: str) -> None:
    """Lists what was done, runs and was refused, shows one entry, follows one that runs, and takes an act back."""
    if context.invoked_subcommand is None:
        context.invoke(list_entries, limit=LISTED, output=output)


@journal.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LISTED, show_default=True, help="So many, the newest first."
)
@output_option
def list_entries(limit: int, output: str) -> None:
    """Lists acts, the newest first."""
    entries = _journal().past(limit=limit)[:limit]
    print_list("JournalEntryList", [_entry(each) for each in entries], output, lambda: _print(entries))


@journal.command()
@click.argument("id")
@output_option
def show(id: str, output: str) -> None:
    """Shows one entry: who, where, what, before, after, verdict, and the way back."""
    found = _find(id)
    if output in MACHINE:
        print_document({"kind": "JournalEntry", **_entry(found)}, output)
        return
    print_table(("FIELD", "VALUE"), _lines(found))


@journal.command("follow")
@click.argument("id")
@output_option
def follow_entry(id: str, output: str) -> int:
    """Follows an act, whoever began it, from what Helm printed so far to the verdict.

    Ctrl+C cancels the act; a second one leaves it to itself.
    """
    _find(id)
    return asyncio.run(_follow(id, Wishes(only_plan=False, yes=False, deadline=None, output=output)))


async def _follow(id: str, wishes: Wishes) -> int:
    from acp_tui.controllers.acts import Acts

    acts = Acts(_journal())
    try:
        return await follow(acts, id, wishes, output=True)
    finally:
        await acts.close()


@journal.command()
@click.argument("id")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, and stop.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@confirm_option
@click.option("--deadline", type=click.IntRange(min=1), default=None,
              help="Seconds until the verdict is 'not proven'; else what the settings say (300).")  # fmt: skip
@policy_option
@output_option
@target_options
def undo(
    id: str,
    only_plan: bool,
    yes: bool,
    confirm: str,
    deadline: int | None,
    policies: tuple[str, ...],
    output: str,
    target: Target,
) -> int:
    """Takes an act back, unless somebody acted on the release since."""
    _find(id)
    wishes = Wishes(only_plan=only_plan, yes=yes, deadline=deadline, output=output, confirm=confirm)
    return asyncio.run(_undo(id, wishes, target.under(policies)))


async def _undo(id: str, wishes: Wishes, target: Target) -> int:
    async with open_acting(wishes, target, views=VIEWS) as (_, controller):
        return await carry_out(controller, await controller.undo(id), wishes)


def _journal() -> Journal:
    from acp_tui.config.paths import state_dir
    from acp_tui.controllers.journal import Journal

    return Journal(state_dir() / "journal")


def _find(id: str) -> Operation:
    found = _journal().find(id)
    if found is None:
        raise UsageError(f"No entry {id!r} in the journal", advice="acp-tui journal list")
    return found


def _entry(operation: Operation) -> dict[str, object]:
    """`noUndo` is why there is no way back, empty where the release itself decides."""
    from acp_tui.controllers.undo import never

    return {"operation": operation, "noUndo": never(operation)}


def _print(entries: tuple[Operation, ...]) -> None:
    from acp_tui.fleet.cells import age

    now = time.time()
    print_table(
        ("ID", "AGE", "ACT", "RELEASE", "BEFORE", "AFTER", "VERDICT", "WHO"),
        (
            (
                one_line(each.id),
                age(each.started_at, now),
                each.verb.value,
                one_line(f"{each.release.cluster}/{each.release.namespace}/{each.release.name}"),
                str(each.revision_before or "-"),
                str(each.revision_after or "-"),
                each.outcome.kind.value if each.outcome else each.state.value,
                one_line(each.user),
            )
            for each in entries
        ),
        right=frozenset({1, 4, 5}),
    )


def _lines(operation: Operation) -> list[tuple[str, str]]:
    from acp_tui.cli.output import plain
    from acp_tui.controllers.undo import never

    outcome = operation.outcome
    said = [
        ("id", operation.id),
        ("who", operation.user),
        ("where", f"{operation.release.cluster}/{operation.release.namespace}"),
        ("what", operation.headline),
        ("engine", operation.engine or "-"),
        ("started", plain(operation.started_at, "started_at")),
        ("ended", plain(operation.ended_at, "ended_at") or "-"),
        ("before", f"revision {operation.revision_before}" if operation.revision_before else "-"),
        ("after", f"revision {operation.revision_after}" if operation.revision_after else "-"),
        ("state", operation.state.value),
        ("verdict", f"{outcome.kind.value}: {outcome.title}" if outcome else "-"),
    ]
    if outcome is not None:
        said += [("evidence", line) for line in outcome.evidence]
        said += [("finding", f"{each.what} {each.evidence}") for each in outcome.findings]
        said += [("next", outcome.advice)] if outcome.advice else []
    why = never(operation)
    said.append(("undo", f"none: {why}" if why else f"acp-tui journal undo {operation.id} ({operation.undo or '-'})"))
    return [(name, one_line(value)) for name, value in said]
