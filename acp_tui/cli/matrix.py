"""`acp-tui release matrix`: releases down, clusters across."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.codes import DONE
from acp_tui.cli.find import release_options
from acp_tui.cli.output import MACHINE, output_option, print_document, print_table, warn
from acp_tui.cli.target import Target, open_fleet, target_options, unanswered
from acp_tui.model.errors import UsageError

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.insight.matrix import MatrixRow
    from acp_tui.model.rollout import Drifted

VIEWS = ("releases", "clusters")


@click.command()
@click.argument("name", default="")
@click.option("--odd", is_flag=True, help="Only releases that are not alike in all their clusters.")
@click.option("--drift", "look", is_flag=True, help="Look at the live objects too; needs a NAME.")
@release_options
@output_option
@target_options
def matrix(name: str, odd: bool, look: bool, namespace: str, output: str, target: Target) -> int:
    """Shows releases down and clusters across: chart version, values, status; all of them, or those called NAME.

    Values are compared by a short hash and never shown. `-o wide` prints the hashes, `-o json` all that is known.
    """
    if look and not name:
        raise UsageError("Looking for drift reads every object", advice="name one release")
    return asyncio.run(_matrix(name, odd, look, namespace, output, target))


async def _matrix(name: str, odd: bool, look: bool, namespace: str, output: str, target: Target) -> int:
    from acp_tui.insight.matrix import MISSED

    async with open_fleet(target, views=VIEWS) as fleet:
        rows = await read_matrix(fleet, name, namespace, look=look)
        silent = unanswered(fleet)
    if name and not rows:
        raise UsageError(f"There is no release {name!r}", tried=", ".join(fleet.names),
                         advice="acp-tui release matrix lists all")  # fmt: skip
    shown = [row for row in rows if not odd or row.rank <= MISSED]
    if output in MACHINE:
        document = {"kind": "ReleaseMatrix", "items": [_document(row) for row in shown]}
        incomplete = {"incomplete": [str(error) for error in silent.values()]} if silent else {}
        print_document(document | incomplete, output)
        return DONE
    for error in silent.values():
        warn(error.title)
    _print(shown, wide=output == "wide")
    return DONE


async def read_matrix(fleet: Fleet, name: str, namespace: str, *, look: bool = False) -> list[MatrixRow]:
    """The rows, with the records of all their cells read; live objects only where they are asked for."""
    from acp_tui.insight.matrix import matrix as matrix_of

    def wanted() -> list[Any]:
        rows = fleet.rows("releases")
        return [
            row
            for row in rows
            if (not name or row.ref.name == name) and (not namespace or row.ref.namespace == namespace)
        ]

    await fleet.read_newest([row.ref for row in wanted()])
    drifts: dict[Any, Drifted] = {}
    if look:
        from acp_tui.controllers.drifted import find_drift

        found = await asyncio.gather(*(find_drift(fleet, row.ref) for row in wanted()))
        drifts = {each.release: each for each in found}
    keys = {(row.ref.namespace, row.ref.name) for row in wanted()}
    made = matrix_of(fleet.rows("releases"), fleet.clusters(), drifts=drifts)
    return [row for row in made if (row.namespace, row.name) in keys]


def _print(rows: list[MatrixRow], *, wide: bool) -> None:
    from acp_tui.fleet.panes.matrix import matrix_cell

    now = time.time()
    clusters = [cell.cluster for cell in rows[0].cells] if rows else []
    print_table(
        ("RELEASE", "NAMESPACE", *(cluster.upper() for cluster in clusters)),
        (
            (row.name, row.namespace, *(matrix_cell(cell, now, hashes=wide).text or "-" for cell in row.cells))
            for row in rows
        ),
    )


def _document(row: MatrixRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "namespace": row.namespace,
        "newest": row.newest,
        "cells": [
            {
                "cluster": cell.cluster,
                "standing": cell.standing,
                "production": cell.production,
                "chart": cell.row.chart if cell.row else "",
                "chartVersion": cell.version,
                "valuesHash": cell.row.values_hash if cell.row else "",
                "revision": cell.row.revision if cell.row else None,
                "status": cell.row.status if cell.row else "",
                "store": cell.row.ref.store if cell.row else "",
                "owner": str(cell.row.owner) if cell.row else "",
                "freshness": cell.freshness,
                "drift": cell.drift if cell.drift is not None else "not looked",
            }
            for cell in row.cells
        ],
    }
