"""The matrix of kills: who is killed, at which step, of which act, through which Helm; and what that must leave."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import product

from msgspec import Struct

from acp_tui.model.plan import Verb


class Victim(StrEnum):
    """`viewer` is the console that began the act and shows it."""

    VIEWER = "viewer"
    RUNNER = "runner"
    HELM = "helm"


class Step(StrEnum):
    """The steps of an act, in their order; a hook runs before the objects are touched."""

    BEFORE_HELM = "before Helm"
    BEFORE_RECORD = "before the record"
    RECORDED = "record written"
    HOOK = "in a hook"
    HALF = "half the objects"
    BEFORE_STATUS = "before the status"
    WAIT = "at the wait"


ENGINES = ("helm3", "helm4", "embedded")
PENDING = {
    Verb.DEPLOY: "pending-install",
    Verb.UPGRADE: "pending-upgrade",
    Verb.ROLLBACK: "pending-rollback",
    Verb.UNINSTALL: "uninstalling",
}
STOPPABLE = (Verb.DEPLOY, Verb.UPGRADE)
"""What a Helm that is asked to end still marks failed; a rollback or an uninstall ends where it stands."""


class Cell(Struct, frozen=True):
    victim: Victim
    step: Step
    verb: Verb
    engine: str

    def __str__(self) -> str:
        return f"{self.victim} killed {self.step}, {self.verb.value}, {self.engine}"

    @property
    def heeded(self) -> bool:
        """Whether Helm hears that it should end: it is told so when its runner is killed."""
        return self.victim is Victim.RUNNER and self.verb in STOPPABLE

    @property
    def left(self) -> str:
        """Status of the newest revision after the kill, empty where there is no record."""
        unwritten = "" if self.verb is Verb.DEPLOY else "deployed"
        match self.step:
            case Step.BEFORE_HELM:
                return unwritten
            case Step.BEFORE_RECORD if not self.heeded:
                return unwritten
            case Step.WAIT:
                return "" if self.verb is Verb.UNINSTALL else "deployed"
            case _:
                return "failed" if self.heeded else PENDING[self.verb]


def why_not(victim: Victim, step: Step) -> str:
    """What keeps a cell from existing; empty for one that does."""
    if victim is Victim.HELM and step is Step.BEFORE_HELM:
        return "Helm is not there yet"
    if victim is Victim.HELM and step is Step.WAIT:
        return "Helm is there no more: the runner alone waits for the verdict"
    return ""


def groups(*victims: Victim) -> Iterator[tuple[Cell, ...]]:
    """All cells of these victims, those of one act through one Helm together."""
    for victim, verb, engine in product(victims, PENDING, ENGINES):
        yield tuple(Cell(victim, step, verb, engine) for step in Step if not why_not(victim, step))


def named(group: tuple[Cell, ...]) -> str:
    """`helm killed, upgrade, helm4`"""
    first = group[0]
    return f"{first.victim} killed, {first.verb.value}, {first.engine}"
