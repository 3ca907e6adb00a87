"""`acp-tui release rollout`: one version over several clusters, one after the other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click
from msgspec import structs

from acp_tui.cli.codes import CANCELLED, DONE, NOT_HEALTHY, UNEXPECTED, of_operation
from acp_tui.cli.find import find_release, release_options
from acp_tui.cli.output import MACHINE, on_terminal, output_option, print_document, print_table
from acp_tui.cli.run import Wishes, confirm, confirm_option, ended_by, open_acting
from acp_tui.cli.target import Target, policy_option, target_options
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import Operation
from acp_tui.model.rollout import LegState, Rollout, RolloutPlan, RolloutState, ValuesOf, Wish, restarts, warnings

if TYPE_CHECKING:
    from acp_tui.controllers.rollouts.rollouts import Rollouts
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.plan import Plan
    from acp_tui.model.release import ReleaseRef

VIEWS = ("releases", "clusters")
OperationOf = Callable[[str], Operation]


@click.command()
@click.argument("name", default="")
@click.option("--from", "source", default="", metavar="CLUSTER", help="The cluster whose version is rolled out.")
@click.option("--to", "targets", multiple=True, metavar="CLUSTER,...",
              help="Where to, in that order; without it every other cluster that has it, production last.")  # fmt: skip
@click.option("--revision", type=click.IntRange(min=1), default=None,
              help="Revision of the source that is meant; its newest without it.")  # fmt: skip
@click.option("--values", "values", type=click.Choice([each.value for each in ValuesOf]), default="own",
              show_default=True, help="Whose values a cluster gets: its own, or those of the source.")  # fmt: skip
@click.option("--chart", default="", help="Where the chart is found, instead of the record of the source.")
@click.option("--continue", "rest_of", default="", metavar="ID", help="Go on with a rollout that stopped.")
@click.option("--undo", "undo_of", default="", metavar="ID", help="Take a rollout back, the last cluster first.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, and stop.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@confirm_option
@click.option("--deadline", type=click.IntRange(min=1), default=None,
              help="Seconds until a verdict is 'not proven'; else what the settings say (300).")  # fmt: skip
@click.option("--helm-timeout", type=click.IntRange(min=1), default=300, show_default=True,
              help="Seconds that Helm may wait for hooks.")  # fmt: skip
@click.option("--engine", default="", help="Helm engine: helm3, helm4, python, or a path to a helm binary.")
@click.option("--no-hooks", is_flag=True, help="Skip the chart's hooks.")
@policy_option
@release_options
@output_option
@target_options
def rollout(
    name: str,
    source: str,
    targets: tuple[str, ...],
    revision: int | None,
    values: str,
    chart: str,
    rest_of: str,
    undo_of: str,
    only_plan: bool,
    yes: bool,
    confirm: str,
    deadline: int | None,
    helm_timeout: int,
    engine: str,
    no_hooks: bool,
    policies: tuple[str, ...],
    namespace: str,
    output: str,
    target: Target,
) -> int:
    """Takes the version of a release that runs in one cluster to others, one after the other.

    The next cluster begins only after the verdict of the last was healthy. An earlier version is gone back to where
    the cluster had it before. Without NAME it lists the rollouts of the past.
    """
    chosen = [bool(name), bool(rest_of), bool(undo_of)]
    if sum(chosen) > 1:
        raise UsageError("One thing at a time", tried="NAME, --continue and --undo", advice="give one of them")
    if name and not source:
        raise UsageError("A rollout needs a source", advice="name the cluster with --from")
    wishes = Wishes(only_plan=only_plan, yes=yes, deadline=deadline, output=output, confirm=confirm)
    clusters = tuple(part.strip() for each in targets for part in each.split(",") if part.strip())

    def wish(fleet: Fleet) -> Wish:
        ref, newest = _source(fleet, name, namespace, source)
        return Wish(
            source=ref,
            revision=revision or newest,
            targets=_targets(fleet, ref, clusters),
            values=ValuesOf(values),
            chart=os.path.abspath(chart) if chart and os.path.exists(chart) else chart,
            no_hooks=no_hooks,
            timeout_seconds=helm_timeout,
            engine=engine,
        )

    async def main() -> int:
        from acp_tui.controllers.rollouts.rollouts import open_rollouts

        async with open_acting(wishes, target.under(policies), views=VIEWS) as (fleet, controller):
            rollouts = open_rollouts(controller, fleet)
            if not any(chosen):
                _list(rollouts.rollouts(), output)
                return DONE
            if undo_of:
                plan = await rollouts.plan_undo(undo_of)
            else:
                plan = await (rollouts.plan_rest(rest_of) if rest_of else rollouts.plan(wish(fleet)))
            if clusters and not name:
                plan = plan.chosen(clusters)
            return await _carry_out(rollouts, plan, wishes, controller.operation)

    return asyncio.run(main())


def _source(fleet: Fleet, name: str, namespace: str, cluster: str) -> tuple[ReleaseRef, int]:
    _known(fleet, cluster)
    row = find_release(fleet, name, namespace, cluster=cluster)
    return row.ref, row.revision


def _targets(fleet: Fleet, source: ReleaseRef, clusters: Sequence[str]) -> tuple[ReleaseRef, ...]:
    """In the order that was typed; else every other cluster that has the release, production last."""
    from acp_tui.insight.matrix import matrix, rollout_order, target_of

    row = next(
        row
        for row in matrix(fleet.rows("releases"), fleet.clusters(), whole=True)
        if (row.namespace, row.name) == (source.namespace, source.name)
    )
    for cluster in clusters:
        _known(fleet, cluster)
    wanted = [cluster for cluster in dict.fromkeys(clusters) if cluster != source.cluster]
    if not clusters:
        wanted = [cell.cluster for cell in rollout_order(row, source.cluster) if cell.row is not None]
    if not wanted:
        raise UsageError("There is no cluster to take it to", advice="name them with --to")
    return tuple(target_of(row, cluster) for cluster in wanted)


def _known(fleet: Fleet, cluster: str) -> None:
    if cluster not in fleet.names:
        raise UsageError(f"No cluster {cluster!r}", tried=", ".join(fleet.names))


async def _carry_out(rollouts: Rollouts, plan: RolloutPlan, wishes: Wishes, operation_of: OperationOf) -> int:
    machine = wishes.output in MACHINE
    if wishes.only_plan:
        rollouts.forget(plan.rollout.id)
        if machine:
            print_document(_plan_document(plan), wishes.output)
        else:
            print_rollout_plan(plan)
        return DONE if plan.allowed else Refused.exit_code
    if not machine or (plan.allowed and not wishes.yes and on_terminal()):
        print_rollout_plan(plan, err=machine)
    if plan.allowed:
        confirm(_as_one(plan), wishes)
    try:
        rollouts.start(plan)
    except Refused:
        rollouts.forget(plan.rollout.id)
        raise
    ended = await _follow(rollouts, plan.rollout.id, quiet=machine)
    if machine:
        print_document({"kind": "Rollout", "rollout": ended}, wishes.output)
    else:
        _print_end(ended)
    return _code(ended, operation_of)


def _as_one(plan: RolloutPlan) -> Plan:
    """The plans as the one that a person confirms: what any of them wants typed, all of it wants."""
    from acp_tui.controllers.guardrails import BY_NAME

    asking = tuple(check for each in plan.to_run for check in each.checks if check.id == BY_NAME)
    return structs.replace(plan.to_run[0], confirm=plan.confirm, checks=asking)


def print_rollout_plan(plan: RolloutPlan, *, err: bool = False) -> None:
    """What would happen, a line a cluster, for a person."""
    rollout = plan.rollout
    click.echo(rollout.headline, err=err)
    if not rollout.undoes:
        whose = "its own values in each" if rollout.wish.values is ValuesOf.OWN else "the values of the source"
        click.echo(f"{rollout.chart} {rollout.version}, {whose}, one after the other", err=err)
        if rollout.doubt:
            click.echo(f"[WARN] {rollout.doubt}", err=err)
    click.echo(err=err)
    rows = []
    for number, (leg, made) in enumerate(zip(rollout.legs, plan.plans, strict=True), 1):
        act = leg.verb.value if leg.verb and leg.state is not LegState.NOTHING else "-"
        if leg.revision is not None:
            act += f" to {leg.revision}"
        odd = len(warnings(made)) if made is not None else 0
        said = leg.state.value if leg.state is not LegState.WAITING else f"{odd} to look at" if odd else "ok"
        touched = str(sum(effect.action.value != "unchanged" for effect in made.effects)) if made else "-"
        rows.append((str(number), leg.release.cluster, leg.before or "-", act, touched, restarts(made), said))
    print_table(("#", "CLUSTER", "NOW", "ACT", "OBJECTS", "RESTARTS", "CHECKS"), rows, frozenset({0, 4}), err=err)
    click.echo(err=err)
    for leg, made in zip(rollout.legs, plan.plans, strict=True):
        if leg.note:
            click.echo(f"{leg.release.cluster}: {leg.note}", err=err)
        for check in warnings(made) if made is not None else ():
            click.echo(f"{leg.release.cluster}: {check.result.value} {check.title}: {check.evidence}", err=err)


def _plan_document(plan: RolloutPlan) -> dict[str, object]:
    from acp_tui.controllers.effects import mask_plan

    return {
        "kind": "RolloutPlan",
        "allowed": plan.allowed,
        "confirm": plan.confirm,
        "rollout": plan.rollout,
        "plans": [mask_plan(each) if each is not None else None for each in plan.plans],
    }


async def _follow(rollouts: Rollouts, id: str, *, quiet: bool) -> Rollout:
    """Follows it to its end; a signal to end stops it with the cluster that is under way."""
    told: set[tuple[str, LegState]] = set()

    def progress(rollout: Rollout) -> None:
        for leg in rollout.legs:
            if (leg.release.cluster, leg.state) not in told and leg.operation:
                told.add((leg.release.cluster, leg.state))
                if not quiet:
                    note = f": {leg.note}" if leg.note else ""
                    click.echo(f"  {leg.state.value:8} {leg.release.cluster}{note}")

    unsubscribe = rollouts.subscribe(progress)
    tasks: set[asyncio.Task[None]] = set()

    def stop() -> None:
        if not tasks:
            click.echo("Stopping after what runs now, which is asked to stop too …", err=True)
        tasks.add(asyncio.ensure_future(rollouts.cancel(id)))

    try:
        with ended_by(stop):
            ended = await rollouts.wait(id)
            await asyncio.gather(*tasks, return_exceptions=True)
        progress(ended)
        return ended
    finally:
        unsubscribe()


def _print_end(rollout: Rollout) -> None:
    done = [leg.release.cluster for leg in rollout.legs if leg.state is LegState.HEALTHY]
    left = [leg.release.cluster for leg in rollout.legs if leg.state.open]
    click.echo(f"{rollout.state.value}: {rollout.headline} · done: {', '.join(done) or 'nowhere'}")
    for leg in rollout.legs:
        if leg.state in (LegState.RED, LegState.REFUSED):
            click.echo(f"  ! {leg.release.cluster}: {leg.note}")
    if left:
        click.echo(f"  not done: {', '.join(left)}")
        click.echo(f"  go on: acp-tui release rollout --continue {rollout.id}")
    if any(leg.operation for leg in rollout.legs) and not rollout.undoes:
        click.echo(f"  undo: acp-tui release rollout --undo {rollout.id}")


def _code(rollout: Rollout, operation_of: OperationOf) -> int:
    """That of the first cluster that is not healthy; a refusal after something was done is no plain refusal."""
    if rollout.state is RolloutState.DONE:
        return DONE
    for leg in rollout.legs:
        if leg.state is LegState.RED and leg.operation:
            code = of_operation(operation_of(leg.operation))
            return code if code != DONE else NOT_HEALTHY
        if leg.state is LegState.REFUSED:
            begun = any(each.operation for each in rollout.legs)
            return NOT_HEALTHY if begun else Refused.exit_code
    return CANCELLED if any(leg.state is LegState.WAITING for leg in rollout.legs) else UNEXPECTED


def _list(found: Sequence[Rollout], output: str) -> None:
    if output in MACHINE:
        print_document({"kind": "RolloutList", "items": list(found)}, output)
        return
    if not found:
        click.echo("No rollout yet.")
        return
    print_table(
        ("ID", "STATE", "WHAT", "CLUSTERS"),
        (
            (
                each.id,
                each.state.value,
                each.headline,
                ", ".join(f"{leg.release.cluster} {leg.state.value}" for leg in each.legs),
            )
            for each in found
        ),
    )
