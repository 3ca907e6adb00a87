"""The forms before a deployment and an upgrade; what they make is an intent, and the review comes next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported
from textual.widget import Widget

from acp_tui.model.health import Tone
from acp_tui.model.release import ReleaseRef, ReleaseSummary
from acp_tui.ui.look import Span
from acp_tui.ui.review.forms import DEPLOY_FIELDS, UPGRADE_FIELDS, Judged, deploy, upgrade, values_problem
from acp_tui.ui.screens.base import BaseScreen
from acp_tui.ui.widgets.blurb import Blurb
from acp_tui.ui.widgets.form import Form

if TYPE_CHECKING:
    from acp_tui.ui.review.plan import ReviewScreen


class FormScreen(BaseScreen):
    """Mistakes are said once something was asked of the form, and then kept up to date while one types."""

    PLACE = "deploy"
    CSS = "FormScreen Form { padding: 1 0 0 0; }"

    def __init__(self) -> None:
        super().__init__()
        self.edited = ""
        self._judging = False
        self._review: ReviewScreen | None = None

    def make_form(self) -> Form:
        """The fields, with what is known already."""
        raise NotImplementedError

    def judge(self) -> Judged:
        """What the fields make of it."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        yield self.make_form()
        yield Blurb(id="values")
        yield Blurb(id="about")

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    def on_mount(self) -> None:
        self._say_values()
        first = next((row for row in self.form.rows if not self.form.typed().text(row.field.id)), self.form.rows[0])
        self.form.go_to(first.field.id)

    def on_screen_resume(self) -> None:
        """A form whose act was started has done its work."""
        if self._review is not None and self._review.started:
            self.dismiss()

    def on_form_changed(self, event: Form.Changed) -> None:
        event.stop()
        self._say_mistakes()

    def on_descendant_focus(self) -> None:
        self._say_about()

    def on_form_done(self, event: Form.Done) -> None:
        event.stop()
        self.do_submit()

    def do_next_field(self) -> None:
        self.form.step(1)

    def do_previous_field(self) -> None:
        self.form.step(-1)

    def do_submit(self) -> None:
        """To the review where nothing is wrong; else to the first field that is."""
        from acp_tui.ui.review.plan import ReviewScreen

        self._judging = True
        judged = self._say_mistakes()
        if judged.intent is not None:
            self._review = ReviewScreen(judged.intent)
            self.app.push_screen(self._review)
            return
        count = len(judged.problems)
        self.acp.toast(f"{count} field{'s' if count > 1 else ''} to mend first", Tone.WARN)
        self.form.go_to(next(row.field.id for row in self.form.rows if row.field.id in judged.problems))

    def do_edit_values(self) -> None:
        """In the editor: what was written there before, else what a person starts from."""
        self.acp.run_safely(self._edit_values(), doing="Edit values", group="edit")

    async def _edit_values(self) -> None:
        start = self.edited or await self.starting_values()
        try:
            text = await self.acp.edit_text(start)
        except SuspendNotSupported:
            self.acp.toast("This terminal cannot be lent to an editor: give a values file instead", Tone.WARN)
            return
        if text is None:
            self.acp.toast("Values left as they were", Tone.PLAIN)
            return
        self.edited = text
        self._say_values()
        self._say_mistakes()

    async def starting_values(self) -> str:
        return "# Values for the chart, as in a values file.\n"

    def _say_mistakes(self) -> Judged:
        judged = self.judge()
        if self._judging:
            self.form.say(judged.problems)
        self._say_about()
        return judged

    def _say_about(self) -> None:
        """In full what there may be no room for beside the field."""
        row = self.form.row
        if row is not None:
            wrong = bool(row.mistake)
            text = f"{row.field.title} · {row.mistake or row.field.help}"
            self.query_one("#about", Blurb).show([((text, Tone.FAIL if wrong else Tone.DIM),)])

    def _say_values(self) -> None:
        """How many lines come from the editor, never what is in them."""
        blurb = self.query_one("#values", Blurb)
        if not self.edited.strip():
            blurb.show([])
            return
        problem = values_problem(self.edited)
        count = len(self.edited.splitlines())
        words = f"{count} line{'' if count == 1 else 's'} of values from the editor" + (
            f": {problem}" if problem else ", used instead of a file"
        )
        blurb.show([((words, Tone.FAIL if problem else Tone.OK),)])


class DeployScreen(FormScreen):
    """A new release; where it goes may be known already."""

    def __init__(self, *, cluster: str = "", namespace: str = "") -> None:
        super().__init__()
        self.cluster = cluster
        self.namespace = namespace

    def heading(self) -> tuple[Span, ...]:
        return (("Deploy ", Tone.ACCENT), ("a chart as a new release", Tone.DIM))

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.backend.fleet.clusters())

    def make_form(self) -> Form:
        return Form(
            DEPLOY_FIELDS,
            texts={"cluster": self.cluster, "namespace": self.namespace},
            words={"cluster": self.clusters, "namespace": self._namespaces()},
        )

    def judge(self) -> Judged:
        return deploy(self.form.typed(self.edited), self.clusters)

    def _namespaces(self) -> tuple[str, ...]:
        rows: Iterable[Any] = self.backend.fleet.rows("releases")
        return tuple(sorted({row.ref.namespace for row in rows}))


class UpgradeScreen(FormScreen):
    """Another chart, version or values for a release that is there."""

    def __init__(self, ref: ReleaseRef) -> None:
        super().__init__()
        self.ref = ref

    def heading(self) -> tuple[Span, ...]:
        ref = self.ref
        rows: Iterable[ReleaseSummary] = self.backend.fleet.rows("releases", clusters=frozenset({ref.cluster}))
        row = next((row for row in rows if row.key == ref.key), None)
        now = f" · now {row.chart} {row.chart_version}, revision {row.revision}" if row is not None else ""
        return (
            ("Upgrade ", Tone.DIM),
            (ref.name, Tone.ACCENT),
            (f" · {ref.namespace} · {ref.cluster}", Tone.DIM),
            (now.replace("now  ", "now "), Tone.DIM),
        )

    def make_form(self) -> Form:
        return Form(UPGRADE_FIELDS, flags={"reuse": True})

    def judge(self) -> Judged:
        return upgrade(self.form.typed(self.edited), self.ref)

    async def starting_values(self) -> str:
        """What the newest revision was given, so that a change is a change and not a new start."""
        from acp_tui.wire.manifest import dump

        inspector = self.backend.inspector
        revisions = await inspector.history(self.ref)
        if not revisions:
            return await super().starting_values()
        record = await inspector.body(self.ref, max(revision.revision for revision in revisions))
        return dump(record.values) if record.values else await super().starting_values()
