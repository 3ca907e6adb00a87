"""What the screens ask of the rooms below, as Protocols, so that a screen can be tested without any of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from acp_tui.actions import Action
    from acp_tui.fleet.describe import Description
    from acp_tui.fleet.tables import MergedTable
    from acp_tui.fleet.trace import ClusterCost, LoopCost
    from acp_tui.model.application import ApplicationSummary, TreeNode
    from acp_tui.model.cluster import ClusterSummary
    from acp_tui.model.kept import KeptWords
    from acp_tui.model.operation import Operation
    from acp_tui.model.plan import Intent, Plan
    from acp_tui.model.recovery import Diagnosis, Remedy
    from acp_tui.model.refs import ObjectRef
    from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision
    from acp_tui.model.rollout import Drifted, Rollout, RolloutPlan, Wish


class FleetPort(Protocol):
    """The live picture: rows are frozen values, the same object until something about it changed."""

    def clusters(self) -> tuple[ClusterSummary, ...]: ...

    def rows(self, view: str, *, clusters: frozenset[str] | None = None) -> Sequence[Any]:
        """Rows of "clusters", "applications", "releases" or "quotas"; None means all clusters."""
        ...

    def attend(self, clusters: frozenset[str] | None, *, opened: Sequence[str] = ()) -> None:
        """Say which clusters somebody looks at, None for all: they are watched, the others only polled.

        Of those `opened` more than a row is read; they come first.
        """
        ...

    def look(self, name: str) -> None:
        """Dial a cluster that is listed only; nothing happens where it is dialled already."""
        ...

    async def read_newest(self, refs: Iterable[ReleaseRef]) -> None:
        """Read the newest record of these releases, where nobody did: their rows then know chart and values."""
        ...

    def subscribe(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Be told, on the loop and at most ten times a second, which views changed; returns the way out."""
        ...


class InspectorPort(Protocol):
    """Questions about one thing; each may raise an AcpTuiError that says what to do next."""

    async def tree(self, app: ApplicationSummary) -> TreeNode: ...

    async def release_tree(self, ref: ReleaseRef) -> TreeNode: ...

    async def history(self, ref: ReleaseRef, *, described: int = 3) -> tuple[Revision, ...]:
        """Newest first; the payloads of the newest `described` are read for chart, description and size."""
        ...

    async def body(self, ref: ReleaseRef, revision: int) -> ReleaseBody: ...

    async def yaml(self, ref: ObjectRef) -> str: ...

    async def describe(self, ref: ObjectRef) -> Description: ...

    async def containers(self, ref: ObjectRef) -> tuple[str, ...]: ...

    def logs(
        self,
        ref: ObjectRef,
        *,
        container: str = "",
        follow: bool = False,
        previous: bool = False,
        tail: int = 500,
        timestamps: bool = False,
    ) -> AsyncIterator[str]: ...

    async def table(self, kind_word: str, *, clusters: frozenset[str] | None, namespace: str = "") -> MergedTable: ...

    def rows_first(
        self, kind_word: str, *, clusters: frozenset[str] | None, namespace: str = ""
    ) -> AsyncGenerator[MergedTable]:
        """The table again after each change, until it is closed."""
        ...


class DoctorPort(Protocol):
    """Stuck releases: examined and led out."""

    async def examine(self, ref: ReleaseRef) -> tuple[Diagnosis, ...]: ...

    def intent(self, diagnosis: Diagnosis, remedy: Remedy) -> Intent | None: ...

    async def plan(self, diagnosis: Diagnosis, remedy: Remedy) -> Plan: ...

    async def recover(self, plan: Plan, remedy: Remedy) -> Operation: ...

    async def plan_put_back(self, ref: ReleaseRef, id: str = "") -> tuple[Plan, Any]: ...

    async def put_back(self, plan: Plan, backup: Any) -> Operation: ...


class KeepPort(Protocol):
    """What acp-tui keeps of releases it acted on; reads files, so for a thread."""

    def revisions(self, ref: ReleaseRef) -> tuple[Revision, ...]: ...

    def body(self, ref: ReleaseRef, revision: int, uid: str = "") -> ReleaseBody | None: ...

    def words(self, ref: ReleaseRef, *, uid: str = "") -> tuple[KeptWords, ...]: ...


class ControllerPort(Protocol):
    """Acts: planned, started, followed."""

    @property
    def keep(self) -> KeepPort: ...

    @property
    def doctor(self) -> DoctorPort: ...

    async def plan(self, intent: Intent, *, told: Callable[[str], None] = ...) -> Plan:
        """`told` hears what is being asked, as often as it changes."""
        ...

    def start(self, plan: Plan) -> Operation: ...

    def attempted(self, plan: Plan) -> None:
        """Somebody wanted to run a plan that is refused: the journal has that."""
        ...

    async def undo(self, id: str) -> Intent:
        """The intent that takes an operation back; raises Refused where the release moved since."""
        ...

    async def cancel(self, id: str) -> None: ...

    async def explain(self, id: str) -> Operation:
        """The operation, with what the cluster says of it where its runner was killed."""
        ...

    def operation(self, id: str) -> Operation: ...

    def bound(self) -> tuple[Operation, ...]:
        """Running ones that end when the console is left."""
        ...

    def operations(self) -> tuple[Operation, ...]: ...

    def subscribe(self, callback: Callable[[Operation], None]) -> Callable[[], None]: ...

    async def wait(self, id: str) -> Operation: ...


class RolloutsPort(Protocol):
    """One version over several clusters; and how live objects differ from what is stored."""

    def new_id(self) -> str: ...

    async def drift(self, ref: ReleaseRef) -> Drifted: ...

    async def plan(self, wish: Wish, *, id: str = "") -> RolloutPlan: ...

    async def plan_rest(self, id: str) -> RolloutPlan: ...

    async def plan_undo(self, id: str) -> RolloutPlan: ...

    def start(self, plan: RolloutPlan) -> Rollout: ...

    async def cancel(self, id: str) -> None: ...

    def rollout(self, id: str) -> Rollout: ...

    def interrupted(self) -> tuple[Rollout, ...]:
        """Those that are half done, and nobody is at them."""
        ...

    def forget(self, id: str) -> None: ...

    def subscribe(self, callback: Callable[[Rollout], None]) -> Callable[[], None]: ...


class MeterPort(Protocol):
    """What the console costs; stalls are looked for between `start` and `stop`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def clusters(self) -> tuple[ClusterCost, ...]: ...

    def loop(self) -> LoopCost: ...


class Sight(Struct, frozen=True):
    """What is needed to look; it is there before what is needed to act."""

    fleet: FleetPort
    inspector: InspectorPort


class Backend(Sight, frozen=True):
    """All of them, as `open_backend` hands them over."""

    controller: ControllerPort
    rollouts: RolloutsPort
    meter: MeterPort | None = None


def needs_backend(action: Action) -> bool:
    """Whether an action cannot be done with a sight alone: it is about a thing, opens one, or makes one."""
    return action.context in ("cluster", "release", "object", "operation") or action.id in ("open", "deploy")
