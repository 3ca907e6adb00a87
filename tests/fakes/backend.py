"""FakeBackend: the rooms below the screens, without a cluster; they hold what tests/fakes/still.py lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from acp_tui.model.application import ApplicationSummary, TreeNode
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.errors import ClusterError
from acp_tui.model.kept import KeptWords
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Intent, Plan, Verb
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.recovery import Act, Diagnosis, Remedy
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision
from acp_tui.ui.backend import Backend
from tests.fakes.rollouts import FakeRollouts
from tests.fakes.still import DAY, MINUTE, NOW, applications, clusters, connecting, operations, pods, quotas, releases

__all__ = [
    "DAY",
    "MINUTE",
    "NOW",
    "FakeBackend",
    "FakeController",
    "FakeDoctor",
    "FakeFleet",
    "FakeInspector",
    "connecting",
    "fake_backend",
]

K = TypeVar("K")
A = TypeVar("A")


@dataclass
class FakeFleet:
    """Rows as given; `change` replaces some and tells the subscribers."""

    tables: dict[str, list[Any]]
    callbacks: list[Callable[[frozenset[str]], None]] = field(default_factory=list)
    attended: frozenset[str] | None = None
    opened: tuple[str, ...] = ()
    looked: list[str] = field(default_factory=list)
    read: list[ReleaseRef] = field(default_factory=list)

    def clusters(self) -> tuple[ClusterSummary, ...]:
        return tuple(self.tables["clusters"])

    def rows(self, view: str, *, clusters: frozenset[str] | None = None) -> Sequence[Any]:
        return [row for row in self.tables[view] if clusters is None or _cluster_of(row) in clusters]

    def look(self, name: str) -> None:
        self.looked.append(name)

    def attend(self, clusters: frozenset[str] | None, *, opened: Sequence[str] = ()) -> None:
        self.attended, self.opened = clusters, tuple(opened)

    async def read_newest(self, refs: Iterable[ReleaseRef]) -> None:
        self.read += refs

    def subscribe(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def change(self, view: str, *rows: Any) -> None:
        by_key = {row.key: row for row in rows}
        table = self.tables[view]
        known = {row.key for row in table}
        self.tables[view] = [by_key.get(row.key, row) for row in table] + [row for row in rows if row.key not in known]
        self.tell(view)

    def drop(self, view: str, key: str) -> None:
        self.tables[view] = [row for row in self.tables[view] if row.key != key]
        self.tell(view)

    def tell(self, *views: str) -> None:
        for callback in list(self.callbacks):
            callback(frozenset(views))


def _cluster_of(row: Any) -> str:
    if isinstance(row, ClusterSummary):
        return row.name
    return str(row.cluster) if isinstance(row, QuotaSummary) else str(row.ref.cluster)


@dataclass
class FakeInspector:
    """Answers what it was given; what it was not given is an error a person can read.

    A kind with a queue in `coming` is a live table: each table put there is shown. `followed` are those looked at now.
    """

    trees: dict[str, TreeNode] = field(default_factory=dict)
    histories: dict[str, tuple[Revision, ...]] = field(default_factory=dict)
    bodies: dict[tuple[str, int], ReleaseBody] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, Any] = field(default_factory=dict)
    log_lines: dict[str, list[str]] = field(default_factory=dict)
    container_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    coming: dict[str, asyncio.Queue[Any]] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def tree(self, app: ApplicationSummary) -> TreeNode:
        return self._of(self.trees, app.key, "tree")

    async def release_tree(self, ref: ReleaseRef) -> TreeNode:
        return self._of(self.trees, ref.key, "tree")

    async def history(self, ref: ReleaseRef, *, described: int = 3) -> tuple[Revision, ...]:
        return self._of(self.histories, ref.key, "history")

    async def body(self, ref: ReleaseRef, revision: int) -> ReleaseBody:
        return self._of(self.bodies, (ref.key, revision), "body")

    async def yaml(self, ref: ObjectRef) -> str:
        return self._of(self.texts, ref.key, "yaml")

    async def describe(self, ref: ObjectRef) -> Any:
        return self._of(self.descriptions, ref.key, "describe")

    async def containers(self, ref: ObjectRef) -> tuple[str, ...]:
        return self.container_names.get(ref.key, ("app",))

    async def logs(
        self,
        ref: ObjectRef,
        *,
        container: str = "",
        follow: bool = False,
        previous: bool = False,
        tail: int = 500,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        self.asked.append(("logs", container, follow, previous, timestamps))
        for line in self.log_lines.get(ref.key, []):
            yield line

    async def rows_first(
        self, kind_word: str, *, clusters: frozenset[str] | None, namespace: str = ""
    ) -> AsyncGenerator[Any]:
        self.followed.append(kind_word)
        try:
            while kind_word in self.coming:
                yield await self.coming[kind_word].get()
            yield await self.table(kind_word, clusters=clusters, namespace=namespace)
        finally:
            self.followed.remove(kind_word)

    async def table(self, kind_word: str, *, clusters: frozenset[str] | None, namespace: str = "") -> Any:
        self.asked.append(("table", kind_word, clusters, namespace))
        return self._of(self.tables, kind_word, "table")

    def _of(self, answers: dict[K, A], key: K, what: str) -> A:
        if key not in answers:
            raise ClusterError(f"no {what} for {key}", advice="check the word, or the rights")
        return answers[key]


@dataclass
class FakeDoctor:
    """Finds what it was given; acts on records are remembered, and the last finding is gone after one."""

    found: dict[ReleaseRef, tuple[Diagnosis, ...]] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    async def examine(self, ref: ReleaseRef) -> tuple[Diagnosis, ...]:
        return self.found.get(ref, ())

    def intent(self, diagnosis: Diagnosis, remedy: Remedy) -> Intent | None:
        if remedy.act is not Act.ROLL_BACK:
            return None
        return Intent(Verb.ROLLBACK, diagnosis.ref, revision=remedy.revisions[0])

    async def plan(self, diagnosis: Diagnosis, remedy: Remedy) -> Plan:
        return self.plans[-1]

    async def recover(self, plan: Plan, remedy: Remedy) -> Operation:
        self.found.pop(plan.intent.release, None)
        return self._end(plan, remedy.act.value)

    async def plan_put_back(self, ref: ReleaseRef, id: str = "") -> tuple[Plan, Any]:
        return self.plans[-1], "the copy"

    async def put_back(self, plan: Plan, backup: Any) -> Operation:
        return self._end(plan, "put-back")

    def _end(self, plan: Plan, word: str) -> Operation:
        self.done.append(word)
        outcome = Outcome(OutcomeKind.HEALTHY, f"{plan.intent.release.name}: {word}")
        return Operation(
            "op-d", Verb.RECOVER, plan.intent.release, plan.headline, OperationState.SUCCEEDED, NOW, outcome=outcome
        )


@dataclass
class FakeKeep:
    """Copies and words as given."""

    copies: dict[ReleaseRef, tuple[Revision, ...]] = field(default_factory=dict)
    bodies: dict[str, ReleaseBody] = field(default_factory=dict)
    heard: dict[ReleaseRef, tuple[KeptWords, ...]] = field(default_factory=dict)

    def revisions(self, ref: ReleaseRef) -> tuple[Revision, ...]:
        return self.copies.get(ref, ())

    def body(self, ref: ReleaseRef, revision: int, uid: str = "") -> ReleaseBody | None:
        return self.bodies.get(uid)

    def words(self, ref: ReleaseRef, *, uid: str = "") -> tuple[KeptWords, ...]:
        return tuple(each for each in self.heard.get(ref, ()) if not uid or each.uid == uid)


@dataclass
class FakeController:
    """Operations as given; `plan` hands out the plan it was given, `start` turns it into a running operation."""

    doctor: FakeDoctor = field(default_factory=FakeDoctor)
    keep: FakeKeep = field(default_factory=FakeKeep)
    past: list[Operation] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    planning: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None
    attempts: list[Plan] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    in_here: set[str] = field(default_factory=set)
    callbacks: list[Callable[[Operation], None]] = field(default_factory=list)

    async def plan(self, intent: Intent, *, told: Callable[[str], None] = lambda words: None) -> Plan:
        self.intents.append(intent)
        for words in self.planning:
            told(words)
        if self.hold is not None:
            await self.hold.wait()
        return self.plans[-1]

    def start(self, plan: Plan) -> Operation:
        operation = Operation(
            id=f"op-{len(self.past) + 1}",
            verb=plan.intent.verb,
            release=plan.intent.release,
            headline=plan.headline,
            state=OperationState.RUNNING,
            started_at=NOW,
            production=plan.production,
        )
        self.past.insert(0, operation)
        self.tell(operation)
        return operation

    def attempted(self, plan: Plan) -> None:
        self.attempts.append(plan)

    def bound(self) -> tuple[Operation, ...]:
        return tuple(each for each in self.past if each.id in self.in_here and not each.state.over)

    async def undo(self, id: str) -> Intent:
        operation = self.operation(id)
        return Intent(Verb.ROLLBACK, operation.release, revision=operation.revision_before)

    async def cancel(self, id: str) -> None:
        self.cancelled.append(id)

    async def explain(self, id: str) -> Operation:
        return self.operation(id)

    def operation(self, id: str) -> Operation:
        return next(operation for operation in self.past if operation.id == id)

    def operations(self) -> tuple[Operation, ...]:
        return tuple(self.past)

    def subscribe(self, callback: Callable[[Operation], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    async def wait(self, id: str) -> Operation:
        return self.operation(id)

    def tell(self, operation: Operation) -> None:
        """Make it the newest state of that operation and tell whoever listens."""
        self.past = [operation if known.id == operation.id else known for known in self.past]
        for callback in list(self.callbacks):
            callback(operation)


@dataclass
class FakeBackend:
    """All the fakes; `backend` is what the app gets."""

    fleet: FakeFleet
    inspector: FakeInspector
    controller: FakeController
    rollouts: FakeRollouts = field(default_factory=FakeRollouts)

    @property
    def backend(self) -> Backend:
        return Backend(fleet=self.fleet, inspector=self.inspector, controller=self.controller, rollouts=self.rollouts)

    async def open(self) -> Backend:
        return self.backend


def fake_backend() -> FakeBackend:
    """The still fleet: a healthy production, one that fails, a staging with a stuck release, one stale, one down."""
    tables: dict[str, list[Any]] = {
        "clusters": clusters(),
        "applications": applications(),
        "releases": releases(),
        "quotas": quotas(),
    }
    inspector = FakeInspector(tables={"pods": pods()})
    return FakeBackend(FakeFleet(tables), inspector, FakeController(past=operations()))
