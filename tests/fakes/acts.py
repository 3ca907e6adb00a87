"""FakeActs: plans, starts and ends acts as a test says, cluster by cluster."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from msgspec import structs

from acp_tui.model.errors import AcpTuiError, UsageError
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Check, CheckResult, Intent, Plan, Verb


@dataclass
class FakeActs:
    """`ends` says what becomes of the act in a cluster (healthy without it), `refuses` why a plan or a start is not.

    `awaited` says that somebody waits for the end in a cluster, which comes once its gate, if it has one, opens.
    """

    ends: dict[str, OutcomeKind] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    refuses: dict[str, AcpTuiError] = field(default_factory=dict)
    undone: dict[str, AcpTuiError] = field(default_factory=dict)
    confirms: dict[str, str] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    awaited: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    intents: list[Intent] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    known: dict[str, Operation] = field(default_factory=dict)

    async def plan(self, intent: Intent) -> Plan:
        self.intents.append(intent)
        cluster = intent.release.cluster
        check = self.checks.get(cluster, Check("rights", "Rights", CheckResult.PASS))
        return Plan(
            id=f"plan-{cluster}", intent=intent, made_at=0.0, checks=(check,), confirm=self.confirms.get(cluster, ""),
            production=cluster.startswith("prod"), headline=_headline(intent),
        )  # fmt: skip

    def start(self, plan: Plan) -> Operation:
        cluster = plan.intent.release.cluster
        if cluster in self.refuses:
            raise self.refuses[cluster]
        self.started.append(f"{plan.intent.verb.value} {cluster}")
        operation = Operation(
            id=f"op-{len(self.known) + 1}", verb=plan.intent.verb, release=plan.intent.release, headline=plan.headline,
            state=OperationState.RUNNING, started_at=0.0, group=plan.intent.group,
        )  # fmt: skip
        self.known[operation.id] = operation
        return operation

    async def wait(self, id: str) -> Operation:
        operation = self.known[id]
        self.awaited[operation.release.cluster].set()
        gate = self.gates.get(operation.release.cluster)
        if gate is not None:
            await gate.wait()
        return self.end(id)

    def end(self, id: str) -> Operation:
        operation = self.known[id]
        kind = self.ends.get(operation.release.cluster, OutcomeKind.HEALTHY)
        if id in self.cancelled:
            kind = OutcomeKind.CANCELLED
        good = kind in (OutcomeKind.HEALTHY, OutcomeKind.RESIDUE)
        state = OperationState.SUCCEEDED if good else OperationState.FAILED
        self.known[id] = structs.replace(operation, state=state, outcome=Outcome(kind, f"{kind.value} there"))
        return self.known[id]

    async def cancel(self, id: str) -> None:
        self.cancelled.append(id)
        gate = self.gates.get(self.known[id].release.cluster)
        if gate is not None:
            gate.set()

    async def undo(self, id: str) -> Intent:
        operation = self.known.get(id)
        if operation is None:
            raise UsageError(f"No operation {id!r}")
        if operation.release.cluster in self.undone:
            raise self.undone[operation.release.cluster]
        return Intent(Verb.ROLLBACK, operation.release, revision=1)

    def operations(self) -> tuple[Operation, ...]:
        return tuple(reversed(self.known.values()))


def _headline(intent: Intent) -> str:
    """As the planner has it, a path and all."""
    words = f"{intent.verb.value} {intent.release.name}"
    return f"{words} to 1.1.0 of {intent.chart}, with your values" if intent.chart else words
