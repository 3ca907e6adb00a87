"""What an application or a release is made of, what of it fails and why; below it the history of the release."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from textual.widget import Widget

from acp_tui.actions import Action
from acp_tui.fleet.cells import Cell
from acp_tui.model.application import ApplicationSummary, TreeNode
from acp_tui.model.health import TONE_OF_HEALTH, Tone
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef
from acp_tui.ui.look import Span
from acp_tui.ui.panes.bar import Bar
from acp_tui.ui.screens.columns import TREE
from acp_tui.ui.screens.folding import Branch, grow
from acp_tui.ui.screens.history import HistoryList
from acp_tui.ui.widgets.blurb import Blurb
from acp_tui.ui.widgets.grid import Grid

WHY = next(column for column in TREE.columns if column.id == "reason")
WHY_LINES = 2
"""Lines below the tree for the reason under the cursor."""
CALM_SECONDS = 2.0
"""A tree is asked for again at most this often, however much happens in its cluster."""


class TreeScreen(HistoryList):
    """`subject` is a row of Applications or a release; its tree is asked for again when the live picture moves."""

    CSS = """
    TreeScreen #history { height: 30%; min-height: 6; }
    TreeScreen.-no-release #history { display: none; }
    """
    ABOUT_ROWS = frozenset({"object"})

    def __init__(self, subject: ApplicationSummary | ReleaseRef) -> None:
        super().__init__()
        self.subject = subject
        self.status = Grid[Branch](TREE, id="tree")
        self.root: TreeNode | None = None
        self._release = subject if isinstance(subject, ReleaseRef) else None
        self._leave = _nothing
        self._asking = False
        self._stale = False

    @property
    def place(self) -> str:
        return "strip" if self.grid is self.history else "tree"

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.status, self.history)

    @property
    def release(self) -> ReleaseRef | None:
        return self._release

    @property
    def cluster(self) -> str:
        subject = self.subject
        return subject.cluster if isinstance(subject, ReleaseRef) else subject.ref.cluster

    @property
    def name(self) -> str:
        subject = self.subject
        return subject.name if isinstance(subject, ReleaseRef) else subject.ref.name

    def heading(self) -> tuple[Span, ...]:
        subject = self.subject
        if isinstance(subject, ReleaseRef):
            kind, namespace = "Release", subject.namespace
        else:
            kind, namespace = "Application", subject.ref.namespace
        return ((f"{kind} ", Tone.DIM), (self.name, Tone.ACCENT), (f" · {namespace} · {self.cluster}", Tone.DIM))

    def selected_object(self) -> ObjectRef | None:
        branch = self.status.row if self.grid is self.status else None
        return branch.node.ref if branch is not None and branch.node is not None else None

    def selected_objects(self) -> tuple[ObjectRef, ...]:
        branches = self.chosen_rows if self.grid is self.status else ()
        return tuple(branch.node.ref for branch in branches if branch.node is not None)

    def why_not(self, action: Action) -> str:
        if action.id == "other_half" and self.release is None:
            return "this application is no Helm release"
        return super().why_not(action)

    def opened(self) -> None:
        self.status.set_title((self.name, Tone.PLAIN))
        self.history.set_title(("History", Tone.PLAIN))
        self._find_release()
        self._leave = self.backend.fleet.subscribe(self._changed)
        self._ask()

    def on_unmount(self) -> None:
        self._leave()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        if event.grid is self.history:
            self.open_revision()
        elif self.status.row is not None and self.status.row.below:
            self.status.do_fold()
        else:
            self.do_describe()

    def body(self) -> Iterable[Widget]:
        yield self.status
        yield Blurb(id="why")
        yield self.history
        yield Bar()

    def on_grid_moved(self, event: Grid.Moved) -> None:
        self.refresh_hints()
        self._say_why()

    def do_other_half(self) -> None:
        (self.status if self.grid is self.history else self.history).focus()

    def do_fold_all(self) -> None:
        """Close every branch below the root, or open everything where all of them are closed."""
        nodes = self.status.rows.nodes or []
        branches = [node for node in nodes if node.depth and node.opened is not None]
        opened = not any(node.opened for node in branches)
        for node in branches:
            self.status.fold(node.row.key, opened=opened)

    def _ask(self) -> None:
        self._asking = True
        inspector = self.backend.inspector
        subject = self.subject
        question = inspector.release_tree(subject) if isinstance(subject, ReleaseRef) else inspector.tree(subject)
        worker = self.ask(question, self._show, group="tree")
        self.set_timer(CALM_SECONDS, self._again, name="calm")
        if self._release is not None and not worker.is_cancelled:
            self.ask_history(self._release)

    def _again(self) -> None:
        self._asking = False
        if self._stale:
            self._stale = False
            self._ask()

    def _changed(self, views: frozenset[str]) -> None:
        """Somebody's objects moved; ours may have."""
        if not views & {"applications", "releases"}:
            return
        self._find_release()
        if self._asking:
            self._stale = True
        else:
            self._ask()

    def _find_release(self) -> None:
        """The Helm release behind an application: the one of its name in its namespace."""
        subject = self.subject
        if not isinstance(subject, ReleaseRef):
            rows = self.backend.fleet.rows("releases", clusters=frozenset({subject.ref.cluster}))
            found = (row.ref for row in rows if (row.ref.namespace, row.ref.name) == (subject.ref.namespace, self.name))
            self._release = next(found, None)
        self.set_class(self._release is None, "-no-release")

    def _show(self, root: TreeNode) -> None:
        if root == self.root:
            return
        self.root = root
        self.status.show_tree(
            [grow(root)],
            children=lambda branch: branch.below,
            opened=lambda branch: branch.stands_open or branch.key == root.key,
        )
        self.status.set_state(*self._verdicts(root))
        self._say_why()
        self.refresh_hints()

    def _say_why(self) -> None:
        """The reason of the line under the cursor in full; always two lines, so that nothing shifts."""
        branch = self.status.row
        words = TREE.cell(WHY, branch, self.acp.clock()) if branch is not None else Cell("")
        tone = words.tone if branch is None or not branch.same else TONE_OF_HEALTH[branch.verdict.health]
        text = branch.verdict.reason if branch is not None and branch.same else words.text
        folded = [*wrap(text, max(20, self.size.width - 4))[:WHY_LINES], *[""] * WHY_LINES][:WHY_LINES]
        self.query_one("#why", Blurb).show([((line, tone),) for line in folded])

    def _verdicts(self, root: TreeNode) -> tuple[Span, ...]:
        """The platform's word beside ours: they need not agree."""
        tone = TONE_OF_HEALTH[root.verdict.health]
        spans: list[Span] = [(f"{self.acp.glyphs.of(tone)} {root.verdict.health.value}".strip(), tone)]
        if isinstance(self.subject, ApplicationSummary) and self.subject.platform_state:
            spans.append((f" · platform: {self.subject.platform_state}", Tone.DIM))
        return tuple(spans)


def _nothing() -> None:
    """Stands where a subscription will."""
