"""One version over several clusters: what it would be in each, then one after the other, then what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs
from textual.widget import Widget

from acp_tui.actions import Action
from acp_tui.insight.matrix import MatrixCell, MatrixRow, rollout_order, target_of
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Plan
from acp_tui.model.rollout import Leg, LegState, Rollout, RolloutPlan, RolloutState, ValuesOf, Wish
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.review import lines
from acp_tui.ui.review.plan import plan_text
from acp_tui.ui.screens.asking import error_lines
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.screens.rollout_text import LEGS, LegRow, head, last, leg_lines
from acp_tui.ui.widgets.blurb import Band, Blurb
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.tint import diff

Planned = tuple[Leg, Plan | None]


class RolloutScreen(Listing):
    """Plans a cluster when it is taken in; leaving it before it runs leaves everything as it was.

    Once it runs, leaving it stops nothing as long as the console is there.
    """

    PLACE = "rollout"
    CSS = """
    RolloutScreen #legs { height: auto; min-height: 5; max-height: 55%; }
    RolloutScreen #leg { height: 1fr; min-height: 3; }
    """

    def __init__(self, wish: Wish | None = None, *, clusters: Sequence[str] = (), id: str = "") -> None:
        super().__init__()
        self.wish = wish
        self.rollout_id = id
        self.order = list(clusters)
        self.taken = [target.cluster for target in wish.targets] if wish is not None else []
        self.planned: dict[tuple[str, ValuesOf], Planned] = {}
        self.base: Rollout | None = None
        self.running: Rollout | None = None
        self.problem: AcpTuiError | None = None
        self._kind = "plan" if wish is not None else "past"
        self._targets: dict[str, Any] = {}
        self._leave = _nothing
        self.legs = Grid[LegRow](LEGS, id="legs")

    @classmethod
    def of_cell(cls, row: MatrixRow, cell: MatrixCell) -> RolloutScreen:
        """What runs in a cell, to every other cluster that has the release otherwise, production last."""
        if cell.row is None:
            raise ValueError("an empty cell has no version")
        others = rollout_order(row, cell.cluster)
        differ = [each for each in others if each.row is not None and each.version != cell.version]
        wish = Wish(cell.row.ref, cell.row.revision, tuple(target_of(row, each.cluster) for each in differ))
        rest = [each for each in others if each not in differ]
        screen = cls(wish, clusters=[each.cluster for each in (*differ, *rest)])
        screen._targets = {each.cluster: target_of(row, each.cluster) for each in others}
        return screen

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.legs,)

    def body(self) -> Iterable[Widget]:
        yield Band(id="band")
        yield Blurb(id="head")
        yield self.legs
        yield Lines(id="leg")
        yield Blurb(id="last")
        yield Bar()

    def opened(self) -> None:
        self.query_one("#heading").display = False
        self._leave = self.backend.rollouts.subscribe(self._changed)
        if self.wish is None:
            self._take_over(self.backend.rollouts.rollout(self.rollout_id))
        else:
            self.rollout_id = self.backend.rollouts.new_id()
            self._plan()

    def on_unmount(self) -> None:
        self._leave()
        if self.running is None:
            self.backend.rollouts.forget(self.rollout_id)

    # what stands here

    @property
    def values(self) -> ValuesOf:
        return self.wish.values if self.wish is not None else ValuesOf.OWN

    @property
    def plan(self) -> RolloutPlan | None:
        """What would be run: the clusters that are taken in, in order; None while one of them is not planned."""
        found = [self.planned.get((cluster, self.values)) for cluster in self.order if cluster in self.taken]
        if self.base is None or not found or any(each is None for each in found):
            return None
        known = [each for each in found if each is not None]
        legs, plans = tuple(leg for leg, _ in known), tuple(plan for _, plan in known)
        wish = structs.replace(self.base.wish, targets=tuple(leg.release for leg in legs), values=self.values)
        return RolloutPlan(structs.replace(self.base, legs=legs, wish=wish), plans)

    def rows(self) -> list[LegRow]:
        if self.running is not None:
            return [
                LegRow(number, number, leg.release.cluster, leg, self._plan_of(leg.release.cluster), taken=True)
                for number, leg in enumerate(self.running.legs, 1)
            ]
        rows = []
        number = 0
        for place, cluster in enumerate(self.order):
            taken = cluster in self.taken
            number += taken
            leg, plan = self.planned.get((cluster, self.values), (None, None))
            rows.append(LegRow(place, number if taken else 0, cluster, leg, plan, taken=taken))
        return rows

    def _meant(self) -> list[str]:
        """The clusters that it goes to."""
        return [leg.release.cluster for leg in self.running.legs] if self.running is not None else self.taken

    def _plan_of(self, cluster: str) -> Plan | None:
        """What was reviewed here; a rollout that was opened from Activity has no plans."""
        return self.planned.get((cluster, self.values), (None, None))[1]

    # planning

    def _plan(self) -> None:
        """Plan the clusters that are taken in and were not planned yet."""
        wish = self.wish
        missing = [cluster for cluster in self.taken if (cluster, self.values) not in self.planned]
        self._say()
        if wish is None or not missing or self._kind != "plan":
            return
        targets = tuple(self._targets[cluster] for cluster in missing)
        asked = structs.replace(wish, targets=targets)
        self.ask(self.backend.rollouts.plan(asked, id=self.rollout_id), self._planned, group="plan")

    def _planned(self, plan: RolloutPlan) -> None:
        self.problem = None
        self.base = plan.rollout
        for leg, made in zip(plan.rollout.legs, plan.plans, strict=True):
            self.planned[leg.release.cluster, plan.rollout.wish.values] = (leg, made)
        self._say()
        if self._kind == "plan" and any((cluster, self.values) not in self.planned for cluster in self.taken):
            self._plan()

    def _again(self, plan: RolloutPlan, kind: str) -> None:
        """Review the rest of a rollout, or its way back: the same clusters, planned anew."""
        self._kind, self.running, self.wish = kind, None, plan.rollout.wish
        self.rollout_id = plan.rollout.id
        self.planned.clear()
        self.order = [leg.release.cluster for leg in plan.rollout.legs]
        self.taken = list(self.order)
        self._planned(plan)

    def failed(self, error: AcpTuiError) -> None:
        if self.running is not None:
            self.acp.show_error(error)
            return
        self.problem = error
        self._say()

    # what can be done

    def why_not(self, action: Action) -> str:
        if action.context == "rollout":
            return self._why_not(action.id)
        return super().why_not(action)

    def _why_not(self, id: str) -> str:
        running = self.running
        if id in ("cancel_rollout", "undo", "go_on"):
            if running is None:
                return "it has not begun"
            runs = running.state is RolloutState.RUNNING
            if id == "cancel_rollout":
                return "" if runs else "it is over"
            if runs:
                return "it still runs"
            if id == "undo":
                return "" if any(leg.operation for leg in running.legs) else "nothing was changed"
            return "" if any(leg.state.open for leg in running.legs) else "nothing is left to do"
        if running is not None:
            return "it has begun"
        if id == "confirm":
            return self._not_runnable()
        if id == "values" and self._kind != "plan":
            return "the values were chosen when it was planned"
        return "" if self.legs.row is not None else "there is no cluster"

    def _not_runnable(self) -> str:
        if self.acp.settings.read_only:
            return "read-only: acp-tui was started without the right to change anything"
        plan = self.plan
        if plan is None:
            return "there is no plan yet" if self.taken and self.problem is None else "no cluster is taken in"
        if plan.refused:
            return f"{plan.refused[0].release.cluster} refuses: leave it out with space, or mend it"
        return "" if plan.to_run else "there is nothing to do"

    def do_take(self) -> None:
        row: LegRow | None = self.legs.row
        if row is None:
            return
        if row.taken:
            self.taken.remove(row.cluster)
        elif row.cluster in self._targets or (row.cluster, self.values) in self.planned:
            self.taken.append(row.cluster)
        self._plan()

    def do_earlier(self) -> None:
        self._move(-1)

    def do_later(self) -> None:
        self._move(1)

    def _move(self, step: int) -> None:
        row: LegRow | None = self.legs.row
        if row is None:
            return
        place = self.order.index(row.cluster)
        other = place + step
        if 0 <= other < len(self.order):
            self.order[place], self.order[other] = self.order[other], self.order[place]
            self._say()
            self.legs.select(row.cluster)

    def do_values(self) -> None:
        if self.wish is not None:
            other = ValuesOf.SOURCE if self.values is ValuesOf.OWN else ValuesOf.OWN
            self.wish = structs.replace(self.wish, values=other)
            self._plan()

    def do_confirm(self) -> None:
        plan = self.plan
        if plan is None:
            return
        if plan.confirm:
            self.query_one(Bar).ask(prompt=">", text="", done=self._typed, back_to=self.legs)
        else:
            self._run(plan)

    def _typed(self, words: str) -> None:
        plan = self.plan
        if plan is None:
            return
        if " ".join(words.split()) == plan.confirm:
            self._run(plan)
        else:
            self.acp.toast(f"That is not {plan.confirm}: nothing was done", Tone.WARN)

    def _run(self, plan: RolloutPlan) -> None:
        try:
            self._take_over(self.backend.rollouts.start(plan))
        except AcpTuiError as error:
            self.acp.show_error(error)

    def do_cancel_rollout(self) -> None:
        self.acp.run_safely(self.backend.rollouts.cancel(self.rollout_id), doing="Stop", group="cancel")

    def do_go_on(self) -> None:
        rest = self.backend.rollouts.plan_rest(self.rollout_id)
        self.ask(rest, lambda plan: self._again(plan, "rest"), group="plan")

    def do_undo(self) -> None:
        back = self.backend.rollouts.plan_undo(self.rollout_id)
        self.ask(back, lambda plan: self._again(plan, "undo"), group="plan")

    def do_other_half(self) -> None:
        below = self.query_one("#leg", Lines)
        (self.legs if below.has_focus or self.typing else below).focus()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        """The run of a cluster that has begun, else its plan with every diff."""
        from acp_tui.ui.review.run import RunScreen

        row: LegRow | None = self.legs.row
        if row is None:
            return
        if row.leg is not None and row.leg.operation:
            self.app.push_screen(RunScreen(row.leg.operation))
        elif row.plan is not None:
            self.app.push_screen(LegScreen(row.plan))

    def on_grid_moved(self, event: Grid.Moved) -> None:
        self._say_leg()
        self.refresh_hints()

    def do_back(self) -> None:
        running = self.running
        super().do_back()
        if running is not None and running.state is RolloutState.RUNNING:
            self.acp.toast("It goes on; O on one of its operations in Activity leads back here", Tone.ACCENT)

    # what it says

    def _changed(self, rollout: Rollout) -> None:
        if rollout.id == self.rollout_id and self.running is not None:
            self._take_over(rollout)

    def _take_over(self, rollout: Rollout) -> None:
        self.running, self.base = rollout, rollout
        self.rollout_id = rollout.id
        self._say()
        under_way = next((leg.release.cluster for leg in rollout.legs if leg.state is LegState.RUNNING), "")
        if under_way:
            self.legs.select(under_way)

    def _say(self) -> None:
        rollout, plan = self.running or self.base, self.plan
        production = any(
            cluster.production and cluster.name in self._meant() for cluster in self.backend.fleet.clusters()
        )
        name = self.wish.source.name if self.wish is not None else rollout.wish.source.name if rollout else ""
        title = rollout.headline if rollout is not None else f"Roll {name} out"
        state = self.running.state.value if self.running is not None else ""
        self.query_one(Band).show(title, state, production=production)
        self.query_one("#head", Blurb).show(head(self.wish, rollout))
        self.legs.set_empty(*(error_lines(self.problem) if self.problem else [(("No other cluster.", Tone.DIM),)]))
        rows = [] if self.problem and self.base is None else self.rows()
        self.legs.styles.height = max(5, len(rows) + 3)
        self.legs.show(rows)
        self.legs.set_title(("Clusters, one after the other", Tone.PLAIN))
        waiting = sum((cluster, self.values) not in self.planned for cluster in self.taken)
        planning = waiting and self.running is None and self.problem is None
        self.legs.set_state(*(((f"planning {waiting}", Tone.ACCENT),) if planning else ()))
        why = self._not_runnable() if self.running is None else ""
        self.query_one("#last", Blurb).show([last(self.running, plan, why)])
        self._say_leg()
        self.refresh_hints()

    def _say_leg(self) -> None:
        row: LegRow | None = self.legs.row
        below = self.query_one("#leg", Lines)
        width = max(20, self.size.width - 4)
        said = leg_lines(row, self._operation(row), self._sign, width, now=self.acp.clock()) if row is not None else []
        below.set_title((row.cluster if row is not None else "", Tone.PLAIN))
        below.show(said)

    def _operation(self, row: LegRow) -> Operation | None:
        """The act in this cluster, as it stands now."""
        id = row.leg.operation if row.leg is not None else ""
        return next((each for each in self.backend.controller.operations() if each.id == id), None) if id else None

    def _sign(self, tone: Tone) -> str:
        """What runs has a sign of its own, what waits has none."""
        glyphs = self.acp.glyphs
        return glyphs.running if tone is Tone.ACCENT else glyphs.of(tone) or " "

    def tick(self) -> None:
        super().tick()
        if self.running is not None and self.running.state is RolloutState.RUNNING:
            self._say_leg()


class LegScreen(Reading):
    """The whole plan of one cluster."""

    PLACE = "text"
    SUFFIX = ".diff"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def subject(self) -> str:
        return lines.title(self.plan.intent)

    def opened(self) -> None:
        self.tell(plan_text(self.plan).splitlines(), diff)


def _nothing() -> None:
    """Stands where a subscription will."""
