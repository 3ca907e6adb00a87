"""Marks on the HelmRequest of a release that Captain keeps: pause, resume, resync, adopt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acp_tui.cli.act import MakeIntent, act_options
from acp_tui.cli.find import find_release
from acp_tui.model.plan import Intent, Verb

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet


def _mark(verb: Verb, name: str, namespace: str) -> MakeIntent:
    def make(fleet: Fleet) -> Intent:
        return Intent(verb=verb, release=find_release(fleet, name, namespace).ref)

    return make


@click.command()
@click.argument("name")
@act_options
def pause(name: str, namespace: str) -> MakeIntent:
    """Has Captain leave a release alone (annotation captain-no-sync)."""
    return _mark(Verb.PAUSE, name, namespace)


@click.command()
@click.argument("name")
@act_options
def resume(name: str, namespace: str) -> MakeIntent:
    """Ends a pause: Captain brings the release to what its HelmRequest says."""
    return _mark(Verb.RESUME, name, namespace)


@click.command()
@click.argument("name")
@act_options
def resync(name: str, namespace: str) -> MakeIntent:
    """Has Captain sync a release again although nothing was changed (annotation kubectl-captain.resync)."""
    return _mark(Verb.RESYNC, name, namespace)


@click.command()
@click.argument("name")
@act_options
def adopt(name: str, namespace: str) -> MakeIntent:
    """Lets Captain take over objects that are there already (annotation captain-force-adopt-resources)."""
    return _mark(Verb.ADOPT, name, namespace)
