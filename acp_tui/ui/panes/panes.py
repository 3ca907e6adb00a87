"""How up to four panes share the screen: beside each other, in a grid, or one of them over all."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Container
from textual.message import Message

from acp_tui.ui.panes.aim import Aim
from acp_tui.ui.panes.pane import Pane

MOST = 4
LAYOUT_CSS = """
#panes { height: 1fr; layout: vertical; }
#panes.-two { layout: vertical; }
.-wide #panes.-two { layout: horizontal; }
#panes.-many { layout: grid; grid-size: 2 2; }
#panes.-three Pane:last-of-type { column-span: 2; }
#panes.-zoomed { layout: vertical; }
.-wide #panes.-zoomed { layout: vertical; }
#panes.-zoomed Pane { display: none; }
#panes.-zoomed Pane.-chosen { display: block; }
.-normal.-tall #panes .detail, .-wide.-tall #panes .detail { display: block; }
.-normal.-tall #panes.-many .detail { display: none; }
.-normal.-tall #panes.-many.-zoomed .detail { display: block; }
#panes.-bare .detail { display: none !important; }
"""
"""How panes share the screen; the breakpoints of the app put -narrow, -normal, -wide, -short, -tall on it."""


class Panes(Container, can_focus=False, inherit_bindings=False):
    """Keeps which pane the keys are about, also while a line or a dialog has the focus."""

    class Arranged(Message):
        """Other panes are visible than before, or in other sizes."""

    def __init__(self, aims: Iterable[Aim]) -> None:
        super().__init__(*map(Pane, aims), id="panes")
        self._chosen: Pane | None = None

    @property
    def panes(self) -> list[Pane]:
        """Asked for by every key many times, so by looking and not by a query."""
        return [child for child in self.children if isinstance(child, Pane)]

    @property
    def pane(self) -> Pane:
        """The pane that keys are about."""
        panes = self.panes
        return self._chosen if self._chosen in panes else panes[0]

    def on_mount(self) -> None:
        self._arrange()

    def on_descendant_focus(self) -> None:
        focused = self.screen.focused
        chosen = next((pane for pane in self.panes if focused is not None and pane in focused.ancestors), None)
        if chosen is not None:
            self._choose(chosen)

    def _choose(self, chosen: Pane) -> None:
        self._chosen = chosen
        for pane in self.panes:
            pane.set_class(pane is chosen, "-chosen")

    def _arrange(self) -> None:
        count = len(self.panes)
        self.set_class(count == 2, "-two")
        self.set_class(count > 2, "-many")
        self.set_class(count == 3, "-three")
        self._choose(self.pane)
        self.post_message(self.Arranged())

    async def do_split(self) -> None:
        here = self.pane.aim
        view = "applications" if here.view == "releases" else "releases"
        pane = Pane(Aim(view, clusters=here.clusters, namespace=here.namespace))
        self.remove_class("-zoomed")
        await self.mount(pane)
        pane.grid.focus()
        self._arrange()

    async def do_close_pane(self) -> None:
        await self.pane.remove()
        self._chosen = None
        self.remove_class("-zoomed")
        self.pane.grid.focus()
        self._arrange()

    def do_next_pane(self) -> None:
        self._step(1)

    def do_previous_pane(self) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        panes = self.panes
        chosen = panes[(panes.index(self.pane) + step) % len(panes)]
        self._choose(chosen)
        chosen.grid.focus()
        if self.has_class("-zoomed"):
            self.post_message(self.Arranged())

    def do_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self._arrange()

    def do_detail(self) -> None:
        self.toggle_class("-bare")
        self.post_message(self.Arranged())
