"""What ails a release, who may still be at it, and the ways out; the first one is the least."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from textual.widget import Widget

from acp_tui.actions import Action
from acp_tui.fleet.cells import Cell
from acp_tui.fleet.columns import Column, View, text_column
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Plan
from acp_tui.model.recovery import Act, Diagnosis, Life, Remedy
from acp_tui.model.release import ReleaseRef
from acp_tui.ui.look import Span
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.tint import Line

LIFE_TONE = {Life.WORKING: Tone.ACCENT, Life.UNCLEAR: Tone.UNKNOWN, Life.NOBODY: Tone.WARN}


class WayOut(NamedTuple):
    """A row: one remedy of one trouble."""

    number: int
    diagnosis: Diagnosis
    remedy: Remedy
    whose: str = ""

    @property
    def key(self) -> str:
        return f"{self.diagnosis.key}/{self.remedy.act}"


WAYS_OUT: View[WayOut] = View(
    id="doctor",
    title="Ways out",
    digit="",
    kind_word="ways out",
    order=lambda row: row.number,
    columns=(
        Column(
            id="act",
            title="WAY OUT",
            width=26,
            grow=1,
            cell=lambda row, now: Cell(row.remedy.title, Tone.PLAIN if row.number else Tone.ACCENT),
            sort=lambda row: row.remedy.title,
        ),
        text_column("effect", "WHICH MEANS", 40, lambda row: row.remedy.effect, tone=Tone.DIM, grow=3),
        Column(
            id="ailment",
            title="FOR",
            width=18,
            priority=2,
            cell=lambda row, now: Cell(f"{row.whose}{row.diagnosis.ailment}", Tone.DIM),
            sort=lambda row: row.diagnosis.ailment,
        ),
    ),
)


class DoctorScreen(Listing):
    """Examines as soon as it opens and again after each act; nothing is written before a word was typed.

    Several releases are examined together; an act is always that of one diagnosis and so of one release.
    """

    PLACE = "doctor"
    CSS = """
    DoctorScreen #ways { height: 1fr; min-height: 5; }
    DoctorScreen #found { height: auto; max-height: 60%; }
    """

    def __init__(self, *refs: ReleaseRef) -> None:
        super().__init__()
        self.refs = refs
        self.found: tuple[Diagnosis, ...] = ()
        self.ways = Grid[WayOut](WAYS_OUT, id="ways")

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.ways,)

    def body(self) -> Iterable[Widget]:
        yield Lines(id="found")
        yield self.ways
        yield Bar()

    def heading(self) -> tuple[Span, ...]:
        if len(self.refs) > 1:
            return (("Doctor ", Tone.DIM), (f"{len(self.refs)} releases", Tone.ACCENT))
        ref = self.refs[0]
        return (("Doctor ", Tone.DIM), (ref.name, Tone.ACCENT), (f" · {ref.namespace} · {ref.cluster}", Tone.DIM))

    def why_not(self, action: Action) -> str:
        if action.name == "table.open" and self.ways.row is None:
            return "there is no way out to take"
        if action.id == "put_back" and len(self.refs) > 1:
            return "one release at a time"
        return super().why_not(action)

    def opened(self) -> None:
        self.ways.set_title(("Ways out", Tone.PLAIN))
        self._examine()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        row: WayOut | None = self.ways.row
        if row is None:
            return
        if row.remedy.act is Act.WAIT:
            self._examine()
            return
        intent = self.backend.controller.doctor.intent(row.diagnosis, row.remedy)
        if intent is not None:
            from acp_tui.ui.review.plan import ReviewScreen

            self.app.push_screen(ReviewScreen(intent))
            return
        plan = self.backend.controller.doctor.plan(row.diagnosis, row.remedy)
        self.ask(plan, lambda plan: self._asked(plan, row.remedy), group="recover")

    def do_put_back(self) -> None:
        async def planned() -> tuple[Plan, Any]:
            found: tuple[Plan, Any] = await self.backend.controller.doctor.plan_put_back(self.refs[0])
            return found

        def asked(found: tuple[Plan, Any]) -> None:
            plan, saved = found
            self._confirm(plan, lambda: self.ask(self.backend.controller.doctor.put_back(plan, saved), self._done))

        self.ask(planned(), asked, group="recover")

    def _asked(self, plan: Plan, remedy: Remedy) -> None:
        self._confirm(plan, lambda: self.ask(self.backend.controller.doctor.recover(plan, remedy), self._done))

    def _confirm(self, plan: Plan, go: Any) -> None:
        if plan.refused is not None:
            self.acp.show_error(plan.refused)
            return
        word = plan.confirm or "yes"

        def typed(text: str) -> None:
            if text.strip() == word:
                go()
            else:
                self.acp.toast(f"That is not {word}: nothing was done", Tone.WARN)

        prompt = f"{plan.headline}: type {word}"
        self.query_one(Bar).ask(prompt=prompt, text="", done=typed, back_to=self.ways)

    def _done(self, operation: Operation) -> None:
        outcome = operation.outcome
        if outcome is not None:
            good = operation.state.value == "succeeded"
            self.acp.toast(outcome.title, Tone.OK if good else Tone.FAIL)
        self._examine()

    def _examine(self) -> None:
        doctor = self.backend.controller.doctor
        if len(self.refs) > 1:
            asked = asyncio.gather(*map(doctor.examine, self.refs), return_exceptions=True)
            self.ask(asked, self._answered)
        else:
            self.ask(doctor.examine(self.refs[0]), self._shown)

    def _answered(self, answers: list[tuple[Diagnosis, ...] | BaseException]) -> None:
        """What of the releases could be examined, and why the rest could not."""
        errors = [answer for answer in answers if isinstance(answer, BaseException)]
        for error in errors:
            if not isinstance(error, AcpTuiError):
                raise error
        found = tuple(each for answer in answers if isinstance(answer, tuple) for each in answer)
        self._shown(found, tuple(error for error in errors if isinstance(error, AcpTuiError)))

    def _shown(self, found: tuple[Diagnosis, ...], errors: tuple[AcpTuiError, ...] = ()) -> None:
        self.found = found
        frame = self.query_one("#found", Lines)
        said: list[Line] = [((error.title, Tone.FAIL),) for error in errors]
        if found or not errors:
            said += _lines(found, named=len(self.refs) > 1)
        frame.show(said)
        frame.styles.height = len(said) + 2
        frame.set_title((f"{len(found)} found" if found else "Nothing ails it", Tone.PLAIN))
        self.ways.set_empty((("There is nothing to do.", Tone.DIM),))
        rows = [(diagnosis, remedy) for diagnosis in found for remedy in diagnosis.remedies]
        named = len(self.refs) > 1
        self.ways.show(
            [
                WayOut(number, diagnosis, remedy, f"{diagnosis.ref.name}: " if named else "")
                for number, (diagnosis, remedy) in enumerate(rows)
            ]
        )
        self.refresh_hints()


def _lines(found: tuple[Diagnosis, ...], *, named: bool) -> Iterable[Line]:
    """Each trouble with its facts; `named` where it has to be said whose it is."""
    if not found:
        whose = "Of each the" if named else "Its"
        yield ((f"{whose} newest record is whole, nothing is pending, and no hook stands in the way.", Tone.PLAIN),)
    for diagnosis in found:
        whose = f"{diagnosis.ref.name} " if named else ""
        yield (
            (whose, Tone.ACCENT),
            (f"{diagnosis.ailment}  ", LIFE_TONE[diagnosis.life]),
            (diagnosis.sentence, Tone.PLAIN),
        )
        for fact in diagnosis.evidence:
            yield ((f"  {fact}", Tone.DIM),)
        yield ((f"  more: {diagnosis.page}", Tone.DIM),)
