"""The screen as it was left: it stands until the rows are there, and keys typed meanwhile wait for them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import msgspec
from msgspec import structs
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.css.query import NoMatches
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from acp_tui.fleet.columns import Column
from acp_tui.fleet.views import VIEWS
from acp_tui.model.freshness import Age
from acp_tui.model.health import Tone
from acp_tui.terminal.cells import cells_of
from acp_tui.terminal.colours import Depth, codes_of
from acp_tui.terminal.glyphs import ASCII, FULL
from acp_tui.terminal.lastscreen import REST, LastScreen, Picture, as_of, terminal_of
from acp_tui.ui.backend import needs_backend
from acp_tui.ui.panes.aim import OBJECTS, Aim
from acp_tui.ui.panes.pane import Pane
from acp_tui.ui.screens.workspace import Workspace
from acp_tui.ui.widgets.framed import Dressed
from acp_tui.ui.widgets.notice import Notice

if TYPE_CHECKING:
    from textual.geometry import Region

    from acp_tui.actions import Action
    from acp_tui.ui.app import AcpApp
    from acp_tui.ui.panes.panes import Panes

Keep = Callable[[Picture], None]
LOOK_SECONDS = 0.05
"""How often it is looked whether the rows are there."""
PATIENCE_SECONDS, EMPTY_SECONDS = 1.5, 0.4
"""So long after the fleet is open the picture goes, whoever has not answered; and so long after the first cluster is
known panes without rows are believed."""
FIRST_SECONDS, KEEP_SECONDS = 3.0, 10.0
"""From the start to the first picture, and between later ones: a session that is killed has left one too."""
NAMED_KINDS = frozenset(
    ("pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs", "nodes", "namespaces")
)
"""Kinds of which a server prints names, counts and states; what it prints of any other kind is not kept."""


How = Literal["-zoomed", "-bare"]


class Places(msgspec.Struct, frozen=True):
    """What the panes looked at; `classes` is how they shared the screen."""

    aims: list[Aim]
    chosen: int = 0
    classes: list[How] = []


class Standing(Widget, can_focus=False):
    """The picture over the panes, dimmed; heading and hint line are live already."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Standing { layer: notice; dock: top; width: 100%; height: 100%; margin: 1 0 1 0; }"

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture
        self._rows: list[str] = []

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        width, height = self.size
        plain = cast(Dressed, self.app).glyphs.name == ASCII.name
        self._rows = self._picture.fitted(width, height + 1, ascii_only=plain)[1:]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if len(self._rows) != self.size.height or len(self._rows[0]) != width:
            self._fit()
        return Strip([Segment(self._rows[y].replace(REST, ""), cast(Dressed, self.app).look.of(Tone.DIM))], width)


class Last:
    """What the app does with the screen it was left with, and with the one it will be left with.

    `keep` None keeps nothing; `asked` is what to begin with, wherever it was left.
    """

    def __init__(self, app: AcpApp, screen: LastScreen, keep: Keep | None, asked: Aim | None) -> None:
        self._app = app
        self._screen = screen
        self._keep = keep
        self._picture = screen.picture if screen.up else None
        self._places = _places_of(self._picture) if asked is None else Places([asked])
        self._keys: list[events.Key] = []
        self._kept_at = time.monotonic() - KEEP_SECONDS + FIRST_SECONDS
        self._opened_at: float | None = None
        self._known_at: float | None = None
        self.live_at = 0.0

    # the beginning

    @property
    def stands(self) -> bool:
        """Whether the terminal shows the picture, and waits for the first frame."""
        return self._screen.up

    @property
    def aims(self) -> list[Aim]:
        """What to begin with; empty for the usual."""
        return list(self._places.aims) if self._places is not None else []

    @property
    def clusters(self) -> frozenset[str]:
        """Clusters that the panes will show first; empty for all of them."""
        return frozenset().union(*(aim.clusters or () for aim in self.aims))

    @property
    def shows_objects(self) -> bool:
        """Whether it begins with a table of objects."""
        return any(aim.view == OBJECTS for aim in self.aims)

    def cover(self) -> Iterable[Widget]:
        """What lies over the panes until they have rows."""
        return [] if self._picture is None else [Standing(self._picture)]

    @property
    def covers(self) -> bool:
        """Whether the picture lies over the panes still."""
        return self._picture is not None

    def words(self) -> str:
        """What the heading says in place of counts."""
        return "connecting…" if self._picture is None else f"{as_of(self._picture.at, self._app.clock())}, connecting…"

    def mounted(self) -> None:
        """The driver has the terminal: what it gives back at the end is what was there before the picture."""
        if not self._screen.up:
            return
        from textual.drivers.linux_driver import LinuxDriver  # there is none on Windows, and no picture either

        before, driver = self._screen.taken_over(), self._app._driver
        if before is not None and isinstance(driver, LinuxDriver):
            driver.attrs_before = before
        self._app.set_interval(LOOK_SECONDS, self._look, name="last screen")

    def chosen(self, box: Panes) -> Pane:
        """The pane that keys are about at first; panes share the screen as they did."""
        places = self._places
        if places is None:
            return box.pane
        box.add_class(*places.classes)
        return box.panes[min(max(0, places.chosen), len(box.panes) - 1)]

    def keeps(self, event: events.Key) -> bool:
        """Whether a key waits for the rows, or behind one that waits: each but those that leave, in their order."""
        if self._picture is None and not self._keys:
            return False
        action = self._app.keymap.action(self._app.workspace.place, event.key)
        if action is not None and action.name == "global.quit":
            return False
        self._keys.append(event)
        return True

    def keeps_act(self, event: events.Key, action: Action) -> bool:
        """Whether a key waits because rows are there already, and what it needs to be done is not."""
        if self._app.sight is None or self._app.backend is not None or not needs_backend(action):
            return False
        self._keys.append(event)
        return True

    def opened(self) -> None:
        """The fleet is there: panes go where they were, as far as there are such clusters."""
        self._opened_at = time.monotonic()
        sight = self._app.sight
        if self._places is None or sight is None:
            return
        names = frozenset(each.name for each in sight.fleet.clusters())
        for pane in self._app.workspace.panes:
            aim = pane.aim
            if aim.clusters is not None:
                aim = structs.replace(aim, clusters=(aim.clusters & names) or None)
            pane.go(aim, remember=False)

    def lift(self) -> None:
        """The panes show what is true now; keys that waited are typed."""
        if self._picture is not None:
            self._picture = None
            self.live_at = Message().time
            for cover in self._app.workspace.query(Standing):
                cover.remove()
            self._app.workspace.refresh_heading()
            self._app.workspace.refresh_hints()
        self.type_kept()

    def type_kept(self) -> None:
        """Types the keys that waited, unless they wait for the picture still."""
        if self._picture is not None:
            return
        keys, self._keys = self._keys, []
        for key in keys:
            again = events.Key(key.key, key.character)
            again.time = key.time
            self._app.post_message(again)

    def _look(self) -> None:
        backend = self._app.backend
        if self._picture is None or self._opened_at is None or backend is None:
            return
        now = time.monotonic()
        if self._known_at is None and any(each.freshness.confirmed_at for each in backend.fleet.clusters()):
            self._known_at = now
        panes = self._app.workspace.panes
        over = now - self._opened_at > PATIENCE_SECONDS
        if self._known_at is not None:
            over |= now - self._known_at > EMPTY_SECONDS or all(
                len(each.grid.rows.all) for each in panes if each.display
            )
        if over:
            for pane, aim in zip(panes, self.aims, strict=False):
                pane.grid.select(aim.key)
            self.lift()

    # the end

    def tick(self) -> None:
        """Keep a picture now and then."""
        if self._keep is not None and time.monotonic() - self._kept_at >= KEEP_SECONDS:
            picture = self._taken()
            if picture is not None:  # in a thread, because a home may lie across a network
                asyncio.get_running_loop().run_in_executor(None, self._keep, picture)

    def take(self) -> None:
        """Keep a picture of the workspace, where it is what is shown and something of it is true now."""
        picture = self._taken() if self._keep is not None else None
        if self._keep is not None and picture is not None:
            self._keep(picture)

    def _taken(self) -> Picture | None:
        app = self._app
        if self._picture is not None or app.sight is None or not app.screen_stack:
            return None
        workspace = app.screen
        true = any(each.freshness.state in (Age.LIVE, Age.POLLED) for each in app.sight.fleet.clusters())
        noticed = any(notice.region for notice in workspace.query(Notice))
        if not true or noticed or not isinstance(workspace, Workspace) or workspace.typing or not workspace.panes:
            return None
        self._kept_at = time.monotonic()
        signs, plain = _signs()
        try:
            rows, places = picture_of(workspace), self._places_now(workspace)
        except NoMatches:  # a pane that is on its way, or on its way out
            return None
        return Picture(
            rows,
            at=app.clock(),
            ink=_ink(app.look.of(Tone.DIM), app.depth),
            terminal=terminal_of(os.environ),
            signs=signs,
            plain=plain,
            where=msgspec.json.encode(places).decode(),
        )

    def _places_now(self, workspace: Workspace) -> Places:
        panes = workspace.panes
        box = workspace.panes_box
        return Places(
            aims=[aim if _told(aim.view) else structs.replace(aim, key="") for aim in map(Pane.aim_now, panes)],
            chosen=panes.index(workspace.pane),
            classes=[name for name in get_args(How) if box.has_class(name)],
        )


def _places_of(picture: Picture | None) -> Places | None:
    if picture is None:
        return None
    try:
        places = msgspec.json.decode(picture.where, type=Places)
    except msgspec.DecodeError:
        return None
    known = {OBJECTS, *(view.id for view in VIEWS)}
    return places if places.aims and all(aim.view in known for aim in places.aims) else None


def picture_of(workspace: Workspace) -> list[str]:
    """Rows of the workspace without its hint line.

    Left out is what may quote a record or an object, and what is true for a moment only: ages and counts of live
    clusters.
    """
    rows = [[cell[:1] or REST for cell in cells_of(strip.text)] for strip in workspace._compositor.render_strips()]
    title = "".join(text for text, _ in workspace.heading()[:2])
    rows[0] = list(f" {title}".ljust(len(rows[0])))
    for pane in workspace.panes:
        if pane.display:
            _cover(rows, pane)
    return ["".join(row) for row in rows[:-1]]


def _cover(rows: list[list[str]], pane: Pane) -> None:
    """Takes out of a pane what is not kept."""
    grid, detail, line = pane.grid, pane.query_one(".detail"), pane.acp.glyphs.horizontal
    edge, inside = _lines(rows, grid.region)
    state = len(cells_of(grid.state_text)) + 2 if grid.state_text else 0
    _fill(edge, range(grid.region.right - 2 - state, grid.region.right - 2), line)
    across = range(grid.region.x + 1, grid.region.right - 1)
    if _told(pane.aim.view) or grid.view.title in NAMED_KINDS:
        columns = [(x, grid.column_at(x - grid.region.x)) for x in across]
        _fill(inside, [x for x, column in columns if column is not None and _passes(column)], " ")
    else:
        _fill(inside, across, " ")
    if detail.display:
        edge, inside = _lines(rows, detail.region)
        _fill(edge, range(detail.region.x + 1, detail.region.right - 1), line)
        _fill(inside, range(detail.region.x + 1, detail.region.right - 1), " ")


def _told(view: str) -> bool:
    """Whether a view shows names and verdicts, and not what an object or an act says."""
    return view not in (OBJECTS, "activity")


def _passes(column: Column[Any]) -> bool:
    """Whether what stands in a column may be a quotation, or an age."""
    return column.quotes or (column.ages and not column.glyph)


def _lines(rows: list[list[str]], region: Region) -> tuple[list[list[str]], list[list[str]]]:
    """The upper edge of a frame, and the lines inside."""
    return rows[region.y : region.y + 1], rows[region.y + 1 : region.bottom - 1]


def _fill(rows: Iterable[list[str]], columns: Sequence[int], text: str) -> None:
    for row in rows:
        for x in columns:
            if x < len(row):
                row[x] = text


def _ink(style: Style, depth: Depth) -> str:
    """The SGR parameters of dimmed text; dim alone where the theme has no colours of its own."""
    codes: list[str] = []
    for colour, foreground in ((style.color, True), (style.bgcolor, False)):
        if colour is not None and colour.type is ColorType.TRUECOLOR and colour.triplet is not None:
            red, green, blue = colour.triplet
            codes.append(codes_of((red, green, blue), depth, foreground=foreground))
    return ";".join(filter(None, codes)) or "2"


def _signs() -> tuple[str, str]:
    """Signs of the full set, and for each what the ASCII set has."""
    pairs: dict[str, str] = {}
    for field in structs.fields(FULL):
        full, plain = getattr(FULL, field.name), getattr(ASCII, field.name)
        if field.name == "tones":
            pairs |= {full[tone]: plain[tone] for tone in full}
        elif field.name != "name":
            pairs[full] = plain
    return "".join(pairs), "".join(pairs.values())
