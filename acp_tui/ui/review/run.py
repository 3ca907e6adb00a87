"""An act while it runs, and its verdict, which stays until it is read."""

from __future__ import annotations

from textual.app import ComposeResult

from acp_tui.actions import Action
from acp_tui.controllers.undo import never
from acp_tui.model.health import Tone
from acp_tui.model.operation import Operation, OperationState
from acp_tui.ui.review import verdict
from acp_tui.ui.screens.base import BaseScreen
from acp_tui.ui.widgets.blurb import Band, Blurb
from acp_tui.ui.widgets.framed import Framed, Lines
from acp_tui.ui.widgets.oneline import OneLine
from acp_tui.ui.widgets.textview import TextView
from acp_tui.ui.widgets.tint import log

ASK_SECONDS = 5.0
"""A second press within this time says that the first one was meant."""


class RunScreen(BaseScreen):
    """Shows one operation, running or past; leaving it does not stop anything."""

    PLACE = "run"
    CSS = """
    RunScreen #verdict, RunScreen #steps { height: auto; max-height: 40%; }
    """

    def __init__(self, id: str) -> None:
        super().__init__()
        self.operation_id = id
        self.operation: Operation | None = None
        self._cancel_asked_at = 0.0
        self._cancelling = False
        self._leave = _nothing

    def compose(self) -> ComposeResult:
        yield Band(id="band")
        yield Blurb(id="state")
        yield Lines(id="verdict")
        yield Lines(id="steps")
        yield TextView(id="output")
        yield OneLine(id="hints")

    def on_mount(self) -> None:
        self.query_one("#verdict", Lines).set_title(("Verdict", Tone.PLAIN))
        self.query_one("#steps", Lines).set_title(("Steps", Tone.PLAIN))
        output = self.query_one(TextView)
        output.set_title(("Output", Tone.PLAIN))
        output.set_follow(True)
        output.focus()
        self._leave = self.backend.controller.subscribe(self._changed)
        operation = self.backend.controller.operation(self.operation_id)
        self._show(operation)
        if operation.state is OperationState.LOST:
            self.acp.run_safely(self._explain(), doing="Look how it stands", group="explain")

    async def _explain(self) -> None:
        """Nobody saw its end: the cluster is asked."""
        self._changed(await self.backend.controller.explain(self.operation_id))

    def on_unmount(self) -> None:
        self._leave()

    def tick(self) -> None:
        super().tick()
        if self.operation is not None and not self.operation.state.over:
            self._say_state(self.operation)

    # what can be done

    def why_not(self, action: Action) -> str:
        operation = self.operation
        if action.context == "run" and operation is not None:
            over = operation.state.over
            if action.id in ("cancel_run", "background") and over:
                return "it is over"
            if action.id == "undo":
                return never(operation)
        return super().why_not(action)

    def do_cancel_run(self) -> None:
        """Asks once: the first press says what a second one will do."""
        now = self.acp.clock()
        if now - self._cancel_asked_at > ASK_SECONDS:
            self._cancel_asked_at = now
            self.acp.toast(
                "Press again to cancel: Helm is stopped, and what it changed already stays changed", Tone.WARN
            )
            return
        self._cancelling = True
        self.acp.run_safely(self.backend.controller.cancel(self.operation_id), doing="Cancel", group="cancel")

    def do_background(self) -> None:
        self.do_back()

    def do_back(self) -> None:
        acp, operation = self.acp, self.operation
        super().do_back()
        if operation is not None and not operation.state.over:
            bound = operation.id in {each.id for each in self.backend.controller.bound()}
            stays = "as long as acp-tui is open" if bound else "by itself, also when you leave acp-tui"
            acp.toast(f"It goes on {stays}; Activity shows it", Tone.ACCENT)

    def do_undo(self) -> None:
        self.acp.run_safely(self._undo(), doing="Undo", group="undo")

    async def _undo(self) -> None:
        """Opens the review of the way back, unless somebody acted on the release since."""
        from acp_tui.ui.review.plan import ReviewScreen

        intent = await self.backend.controller.undo(self.operation_id)
        if self.is_current:
            self.app.push_screen(ReviewScreen(intent))

    def do_other_half(self) -> None:
        frames = [frame for frame in self.query(Framed) if frame.display]
        here = next((place for place, frame in enumerate(frames) if frame.has_focus), -1)
        frames[(here + 1) % len(frames)].focus()

    # what it says

    def _changed(self, operation: Operation) -> None:
        if operation.id == self.operation_id:
            self._show(operation)

    def _show(self, operation: Operation) -> None:
        before, self.operation = self.operation, operation
        self.query_one(Band).show(verdict.title(operation), _revisions(operation), production=operation.production)
        self._say_state(operation)
        self._say_verdict(operation)
        output = self.query_one(TextView)
        if before is None or before.output != operation.output:
            output.show(operation.output or ["nothing written yet"], tint=log, keep_place=True)
        if before is None or before.state.over != operation.state.over:
            self.refresh_hints()

    def _say_state(self, operation: Operation) -> None:
        sign, now = self._sign, self.acp.clock()
        state = verdict.state_line(operation, sign, now)
        if self._cancelling and not operation.state.over:
            state = ((f"cancelling · {verdict.clock(operation, now)}", Tone.WARN),)
        self.query_one("#state", Blurb).show([state])
        steps = self.query_one("#steps", Lines)
        steps.styles.height = len(operation.steps) + 2
        steps.show(verdict.steps(operation, sign, now))

    def _sign(self, tone: Tone) -> str:
        """One cell for each tone: what runs has a sign of its own, what waits has none."""
        glyphs = self.acp.glyphs
        return glyphs.running if tone is Tone.ACCENT else glyphs.of(tone) or " "

    def _say_verdict(self, operation: Operation) -> None:
        box = self.query_one("#verdict", Lines)
        found = verdict.outcome_lines(operation, self._sign, self.acp.clock())
        shown = operation.outcome is not None
        if shown and not box.display:
            box.focus()
        box.display = shown
        box.styles.height = max(3, len(found) + 2)
        box.show(found)
        if operation.outcome is not None:
            kind = operation.outcome.kind
            box.set_title((f"Verdict: {kind}", verdict.OUTCOME_LOOK[kind]))


def _revisions(operation: Operation) -> str:
    after = operation.revision_after
    return f"{operation.revision_before or 'nothing'} → {after or '…'}"


def _nothing() -> None:
    """Stands where a subscription will."""
