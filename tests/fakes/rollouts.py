"""FakeRollouts: hands out the plan it was given, and moves only when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import structs

from acp_tui.model.errors import AcpTuiError, ClusterError, UsageError
from acp_tui.model.release import ReleaseRef
from acp_tui.model.rollout import Drifted, Rollout, RolloutPlan, RolloutState, Wish


@dataclass
class FakeRollouts:
    """`plans` by cluster are what a wish for these clusters is answered with; `drifts` what a look finds."""

    plans: dict[str, RolloutPlan] = field(default_factory=dict)
    undo: RolloutPlan | None = None
    drifts: dict[ReleaseRef, Drifted] = field(default_factory=dict)
    refuses: AcpTuiError | None = None
    wishes: list[Wish] = field(default_factory=list)
    known: dict[str, Rollout] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    callbacks: list[Callable[[Rollout], None]] = field(default_factory=list)

    def new_id(self) -> str:
        return "20261120T140700-abcdef"

    async def drift(self, ref: ReleaseRef) -> Drifted:
        if ref not in self.drifts:
            raise ClusterError(f"{ref.cluster} does not answer")
        return self.drifts[ref]

    async def plan(self, wish: Wish, *, id: str = "") -> RolloutPlan:
        self.wishes.append(wish)
        found = [self.plans[target.cluster] for target in wish.targets]
        legs = tuple(leg for plan in found for leg in plan.rollout.legs)
        rollout = structs.replace(found[0].rollout, id=id or self.new_id(), wish=wish, legs=legs)
        return RolloutPlan(rollout, tuple(each for plan in found for each in plan.plans))

    async def plan_rest(self, id: str) -> RolloutPlan:
        rollout = self.rollout(id)
        left = [leg for leg in rollout.legs if leg.state.open]
        plan = await self.plan(structs.replace(rollout.wish, targets=tuple(leg.release for leg in left)), id=id)
        done = tuple(leg for leg in rollout.legs if not leg.state.open)
        whole = structs.replace(rollout, legs=(*done, *plan.rollout.legs))
        return RolloutPlan(whole, (*(None for _ in done), *plan.plans))

    async def plan_undo(self, id: str) -> RolloutPlan:
        if self.undo is None:
            raise UsageError("nothing to take back")
        return self.undo

    def start(self, plan: RolloutPlan) -> Rollout:
        if self.refuses is not None:
            raise self.refuses
        return self.tell(structs.replace(plan.rollout, state=RolloutState.RUNNING))

    async def cancel(self, id: str) -> None:
        self.cancelled.append(id)

    def rollout(self, id: str) -> Rollout:
        if id not in self.known:
            raise UsageError(f"No rollout {id!r}")
        return self.known[id]

    def interrupted(self) -> tuple[Rollout, ...]:
        return tuple(each for each in self.known.values() if each.state is RolloutState.INTERRUPTED)

    def forget(self, id: str) -> None:
        pass

    def subscribe(self, callback: Callable[[Rollout], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def tell(self, rollout: Rollout) -> Rollout:
        """Make it the newest state of that rollout and tell whoever listens."""
        self.known[rollout.id] = rollout
        for callback in list(self.callbacks):
            callback(rollout)
        return rollout
