"""The review: everything that will happen, before it does; nothing runs from here without a word from a person."""

from __future__ import annotations

import re
from typing import Any

from msgspec import structs
from textual.app import ComposeResult

from acp_tui.actions import Action
from acp_tui.fleet.cells import lasting
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.plan import Answer, Effect, Intent, Plan, Verb
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.review import lines
from acp_tui.ui.screens.asking import error_lines
from acp_tui.ui.screens.columns import EFFECTS, EffectRow
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.screens.saving import place_for, save_text
from acp_tui.ui.widgets.blurb import Band, Blurb
from acp_tui.ui.widgets.framed import Lines
from acp_tui.ui.widgets.grid import Grid
from acp_tui.ui.widgets.oneline import OneLine
from acp_tui.ui.widgets.tint import Line, diff, text_of

TALL = 34
"""Lines from which on every check has a line of its own."""
_STEPS = ("the release and its records", "what it would make and what is live", "rights, kinds, owners")


class ReviewScreen(Listing):
    """Plans as soon as it opens and again whenever the intent changes; leaving it leaves everything as it was."""

    PLACE = "review"
    CSS = """
    ReviewScreen #effects { height: 1fr; min-height: 5; }
    ReviewScreen #checks { height: auto; max-height: 45%; }
    ReviewScreen.-short #checks { max-height: 7; }
    """

    def __init__(self, intent: Intent) -> None:
        super().__init__()
        self.intent = intent
        self.plan: Plan | None = None
        self.problem: AcpTuiError | None = None
        self.started = False
        self._invited = False
        self.effects = Grid[EffectRow](EFFECTS, id="effects")
        self._asked_at = 0.0
        self._doing = ""

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.effects,)

    def compose(self) -> ComposeResult:
        yield Band(id="band")
        yield Blurb(id="head")
        yield self.effects
        yield Lines(id="checks")
        yield Blurb(id="back")
        yield Blurb(id="last")
        yield Bar()
        yield OneLine(id="hints")

    def opened(self) -> None:
        self._plan(self.intent)

    def on_resize(self) -> None:
        self._say()

    def tick(self) -> None:
        super().tick()
        if self.plan is None or self.problem is not None:
            self._say_waiting()
        else:
            self._say_age()

    # what can be done

    def why_not(self, action: Action) -> str:
        if action.context == "review":
            if self.plan is None:
                return "there is no plan yet" if self.problem is None else "there is no plan"
            if action.id == "confirm" and not self.plan.allowed:
                return f"refused: {self.plan.refusals[0].title.lower()}"
            if action.id == "target" and self.intent.verb is not Verb.ROLLBACK:
                return "only a rollback goes to a revision"
            if action.id == "take_over" and not self.intent.take_over and not _contested(self.plan):
                return "no field of it belongs to somebody else"
        return super().why_not(action)

    typing_hints = (("enter", "take it"), ("tab", "look at the plan"), ("esc", "leave it"))

    async def perform(self, action: Action) -> None:
        """To confirm what is refused is an attempt, even if nothing comes of it."""
        if action.name == "review.confirm" and self.plan is not None and not self.plan.allowed:
            self.backend.controller.attempted(self.plan)
        await super().perform(action)

    def do_confirm(self) -> None:
        plan = self.plan
        if plan is None:
            return
        if plan.confirm:
            self.query_one(Bar).ask(prompt=">", text="", done=self._typed, back_to=self.effects)
        else:
            self._run(plan)

    def do_effect_diff(self) -> None:
        row: EffectRow | None = self.effects.row
        if row is not None:
            self.app.push_screen(EffectScreen(row.effect, what=lines.title(self.intent)))

    def do_toggle_hooks(self) -> None:
        self._plan(structs.replace(self.intent, no_hooks=not self.intent.no_hooks))

    def do_take_over(self) -> None:
        self._plan(structs.replace(self.intent, take_over=not self.intent.take_over))

    def do_target(self) -> None:
        from acp_tui.ui.screens.history import HistoryScreen

        self.app.push_screen(
            HistoryScreen(
                self.intent.release, pick=lambda number: self._plan(structs.replace(self.intent, revision=number))
            )
        )

    def do_save_plan(self) -> None:
        name = re.sub(r"[^\w.-]+", "-", lines.title(self.intent)).lower() + ".txt"
        self.query_one(Bar).ask(prompt="save to", text=place_for(name), done=self._save, back_to=self.effects)

    def do_other_half(self) -> None:
        checks = self.query_one("#checks", Lines)
        (self.effects if checks.has_focus or self.typing else checks).focus()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        self.do_effect_diff()

    # planning

    def _plan(self, intent: Intent) -> None:
        self.intent, self.plan, self.problem = intent, None, None
        self._asked_at = self.acp.clock()
        self.effects.set_empty((("planning…", Tone.DIM),))
        self.effects.show([])
        self._say()
        self._doing = ""
        self.ask(self.backend.controller.plan(intent, told=self._told), self._planned, group="plan")

    def _told(self, words: str) -> None:
        """Kept for the next tick: a hundred dry runs a second are no reason to paint a hundred times."""
        self._doing = words

    def _planned(self, plan: Plan) -> None:
        self.plan, self.intent = plan, plan.intent
        self.effects.set_empty((("Nothing changes in any object.", Tone.DIM),))
        self.effects.show([EffectRow(number, effect) for number, effect in enumerate(lines.changed(plan))])
        self._say()
        if plan.confirm and plan.allowed and not self._invited:
            self._invited = True
            self.do_confirm()

    def failed(self, error: AcpTuiError) -> None:
        self.problem = error
        self.effects.set_empty(*error_lines(error))
        self._say()

    def _typed(self, word: str) -> None:
        plan = self.plan
        if plan is None:
            return
        if word.strip() == plan.confirm:
            self._run(plan)
        else:
            self.acp.toast(f"That is not {plan.confirm}: nothing was done", Tone.WARN)
            if word.strip():
                self.do_confirm()

    def _run(self, plan: Plan) -> None:
        from acp_tui.ui.review.run import RunScreen

        try:
            operation = self.backend.controller.start(plan)
        except AcpTuiError as error:
            self.acp.show_error(error)
            return
        self.started = True
        self.app.switch_screen(RunScreen(operation.id))

    def _save(self, name: str) -> None:
        if self.plan is not None:
            self.acp.toast(*save_text(name, plan_text(self.plan)))

    # what it says

    def _say(self) -> None:
        plan, intent = self.plan, self.intent
        band = self.query_one(Band)
        width = max(20, self.size.width - 4)
        if plan is None:
            band.show(lines.title(intent), production=self._production())
            self._show_checks([])
            self.query_one("#head", Blurb).show([])
            self.query_one("#back", Blurb).show([])
            self._say_waiting()
        else:
            band.show(lines.title(intent), lines.passage(plan), production=plan.production)
            self.query_one("#head", Blurb).show(lines.head(plan, width))
            brief = self.size.height < TALL
            self._show_checks(lines.checks(plan, self.acp.glyphs.of, width, brief=brief))
            self.query_one("#back", Blurb).show(lines.way_back(plan, width))
            self.query_one("#last", Blurb).show([lines.verdict_before(plan)])
            self._say_age()
        self.refresh_hints()

    def _show_checks(self, found: list[Line]) -> None:
        checks = self.query_one("#checks", Lines)
        checks.display = bool(found)
        checks.styles.height = len(found) + 2
        checks.show(found)
        plan = self.plan
        if plan is not None:
            refused = len(plan.refusals)
            checks.set_title((f"Checks {len(plan.checks)}", Tone.PLAIN))
            checks.set_state(*(((f"{refused} refused", Tone.FAIL),) if refused else ()))

    def _say_waiting(self) -> None:
        self.effects.set_title(("Plan", Tone.PLAIN))
        if self.problem is not None:
            self.effects.set_state(("no plan", Tone.FAIL))
            self.query_one("#last", Blurb).show([(("No plan, and nothing was done. esc goes back.", Tone.PLAIN),)])
            return
        seconds = lasting(self.acp.clock() - self._asked_at)
        self.effects.set_state((f"planning {seconds}", Tone.ACCENT))
        self.effects.set_empty(
            (("Reading, nothing is changed:", Tone.PLAIN),),
            *((("  " + step, Tone.DIM),) for step in _STEPS),
            ((self._doing, Tone.ACCENT),),
            (("esc stops it", Tone.DIM),),
        )
        self.query_one("#last", Blurb).show([])

    def _say_age(self) -> None:
        plan = self.plan
        if plan is not None:
            rest = lines.unchanged_words(plan)
            count = len(lines.changed(plan))
            title = f"{count} object{'' if count == 1 else 's'} touched" + (f", {rest}" if rest else "")
            self.effects.set_title((title, Tone.PLAIN))
            self.effects.set_state((f"planned {lasting(self.acp.clock() - plan.made_at)} ago", Tone.DIM))

    def _production(self) -> bool:
        """Whether the cluster is production, said before there is a plan."""
        cluster = self.intent.release.cluster
        return any(row.production for row in self.backend.fleet.clusters() if row.name == cluster)


def _contested(plan: Plan) -> bool:
    """Whether the server refuses an object because a field of it belongs to another manager."""
    return any(effect.server is not None and effect.server.answer is Answer.CONFLICT for effect in plan.effects)


class EffectScreen(Reading):
    """The diff of one object of a plan."""

    PLACE = "text"
    SUFFIX = ".diff"

    def __init__(self, effect: Effect, *, what: str) -> None:
        super().__init__()
        self.effect = effect
        self.what = what

    def heading(self) -> tuple[tuple[str, Tone], ...]:
        return ((self.what, Tone.DIM),)

    def subject(self) -> str:
        return lines.object_name(self.effect)

    def opened(self) -> None:
        said = lines.drift_lines(self.effect, self.acp.clock())
        self.tell([*said, *([""] if said else []), *lines.diff_lines(self.effect)], diff)


def plan_text(plan: Plan) -> str:
    """A plan to keep or to send to somebody: what the review shows, with every diff; never the values themselves."""
    said: list[Line] = [((f"{lines.title(plan.intent)}  {lines.passage(plan)}", Tone.PLAIN),), ()]
    said += [*lines.head(plan, 100), (), *lines.checks(plan, _words, 100), (), *lines.way_back(plan, 100)]
    parts = [text_of(line) for line in said]
    for effect in lines.changed(plan):
        parts += ["", f"{lines.object_name(effect)}: {effect.action} {effect.summary}".rstrip(), effect.diff.rstrip()]
    return "\n".join(parts) + "\n"


def _words(tone: Tone) -> str:
    return {Tone.OK: "+", Tone.WARN: "!", Tone.FAIL: "x"}.get(tone, "?")
