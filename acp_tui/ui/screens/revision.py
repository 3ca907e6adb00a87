"""One revision of a release: values, manifest, notes, hooks, and what its pods said."""

from __future__ import annotations

import asyncio

from acp_tui.actions import Action
from acp_tui.model.errors import RecordError
from acp_tui.model.health import Tone
from acp_tui.model.kept import KeptWords
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision
from acp_tui.ui.look import Span
from acp_tui.ui.screens.reading import Reading
from acp_tui.ui.screens.revision_text import Tab, tab_lines
from acp_tui.ui.widgets.tint import Line, Tint

_TABS = tuple(Tab)


class RevisionScreen(Reading):
    """Without a number it is the newest revision. Secrets are masked until `reveal`, which lasts for this view.

    `kept` is the uid of a record that the cluster no longer has: its masked copy is shown.
    """

    PLACE = "revision"
    SUFFIX = ".yaml"

    def __init__(self, ref: ReleaseRef, revision: int | None = None, *, tab: Tab = Tab.VALUES, kept: str = "") -> None:
        super().__init__()
        self.ref = ref
        self.kept = kept
        self.words: tuple[KeptWords, ...] = ()
        self.revision = revision
        self.tab = tab
        self.revealed = False
        self.record: ReleaseBody | None = None

    def heading(self) -> tuple[Span, ...]:
        ref = self.ref
        number = f" revision {self.revision}" if self.revision else ""
        return (
            ("Release ", Tone.DIM),
            (ref.name + number, Tone.ACCENT),
            (f" · {ref.namespace} · {ref.cluster}", Tone.DIM),
            (" · a copy kept here" if self.kept else "", Tone.WARN),
        )

    def subject(self) -> str:
        return f"{self.ref.name} {self.revision or ''} {self.tab}"

    def why_not(self, action: Action) -> str:
        if action.context == "revision" and action.id not in ("next_tab", "previous_tab") and self.record is None:
            return "the revision was not read yet"
        if action.id in ("reveal", "compare_revision") and self.kept:
            return "a kept copy has its secrets masked, and nothing to compare with"
        if action.id == "compare_revision" and (self.revision or 0) < 2:
            return "there is no revision before this one"
        return super().why_not(action)

    def state(self) -> tuple[Span, ...]:
        return (("SECRETS SHOWN · ", Tone.WARN),) if self.revealed else ()

    def opened(self) -> None:
        self._say_tabs()
        if self.revision is None:
            self.ask(self.backend.inspector.history(self.ref), self._newest)
        else:
            self._read(self.revision)

    def _newest(self, revisions: tuple[Revision, ...]) -> None:
        if not revisions:
            self.view.show([(("This release has no records.", Tone.WARN),)])
            return
        self._read(max(revision.revision for revision in revisions))

    def _read(self, revision: int) -> None:
        self.revision = revision
        self.refresh_heading()
        self.ask(self._found(revision), self._got)

    async def _found(self, revision: int) -> tuple[ReleaseBody, tuple[KeptWords, ...]]:
        keep = self.backend.controller.keep
        uid = self.kept
        if uid:
            record = await asyncio.to_thread(keep.body, self.ref, revision, uid)
            if record is None:
                raise RecordError(
                    f"The kept copy of revision {revision} cannot be read", advice="It was deleted, or cut off."
                )
        else:
            record = await self.backend.inspector.body(self.ref, revision)
        heard = await asyncio.to_thread(keep.words, self.ref, uid=uid)
        return record, tuple(each for each in heard if each.revision == revision)

    def _got(self, found: tuple[ReleaseBody, tuple[KeptWords, ...]]) -> None:
        self.record, self.words = found
        self.refresh_hints()
        self._show()

    def _show(self) -> None:
        self._say_tabs()
        if self.record is not None:
            self.ask(
                asyncio.to_thread(tab_lines, self.record, self.tab, revealed=self.revealed, words=self.words),
                self._tell,
                group="tab",
            )

    def _tell(self, made: tuple[list[str | Line], Tint]) -> None:
        lines, tint = made
        self.view.wrap = self.tab in (Tab.NOTES, Tab.WORDS)
        self.tell(lines, tint)

    def _say_tabs(self) -> None:
        spans: list[Span] = []
        for number, tab in enumerate(_TABS, start=1):
            here = tab is self.tab
            spans.append((f"[{number} {tab}]" if here else f" {number} {tab} ", Tone.ACCENT if here else Tone.DIM))
        self.view.set_title(*spans)

    def _turn(self, tab: Tab) -> None:
        self.tab = tab
        self._show()

    def do_next_tab(self) -> None:
        self._turn(_TABS[(_TABS.index(self.tab) + 1) % len(_TABS)])

    def do_previous_tab(self) -> None:
        self._turn(_TABS[(_TABS.index(self.tab) - 1) % len(_TABS)])

    def do_user_values(self) -> None:
        self._turn(Tab.VALUES)

    def do_all_values(self) -> None:
        self._turn(Tab.ALL_VALUES)

    def do_manifest(self) -> None:
        self._turn(Tab.MANIFEST)

    def do_notes(self) -> None:
        self._turn(Tab.NOTES)

    def do_hooks(self) -> None:
        self._turn(Tab.HOOKS)

    def do_words(self) -> None:
        self._turn(Tab.WORDS)

    def do_reveal(self) -> None:
        self.revealed = not self.revealed
        self._show()

    def do_compare_revision(self) -> None:
        from acp_tui.ui.screens.compare import CompareScreen

        newer = self.revision or 0
        self.app.push_screen(CompareScreen(self.ref, older=newer - 1, newer=newer))
