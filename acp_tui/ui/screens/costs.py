"""What the console costs, cluster by cluster, while one looks: requests, bytes, decoding, watches, stalls, frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from acp_tui.fleet.cells import Cell, count_cell
from acp_tui.fleet.columns import Column, View
from acp_tui.fleet.trace import ClusterCost, LoopCost
from acp_tui.insight.recordsize import amount
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.screens.listing import Listing
from acp_tui.ui.widgets.grid import Grid


def _size(number: int) -> str:
    return amount(number) if number else "0"


class CostRow(Struct, frozen=True):
    """A cluster, and what it asked and moved since the last look, a second."""

    cost: ClusterCost
    requests: float = 0.0
    bytes: float = 0.0

    @property
    def key(self) -> str:
        return self.cost.cluster


def _number(
    id: str,
    title: str,
    value: Callable[[CostRow], float],
    shown: Callable[[CostRow], str],
    *,
    width: int = 9,
    priority: int = 0,
) -> Column[CostRow]:
    return Column(
        id=id,
        title=title,
        width=width,
        priority=priority,
        align="right",
        ages=True,
        cell=lambda row, now: Cell(shown(row)),
        sort=lambda row: -value(row),
    )


COSTS: View[CostRow] = View(
    id="costs",
    title="Costs",
    digit="",
    kind_word="costs",
    order=lambda row: (-row.cost.requests, row.key),
    columns=(
        Column(
            id="cluster",
            title="CLUSTER",
            width=16,
            least=8,
            grow=1,
            names=True,
            cell=lambda row, now: Cell(row.key),
            sort=lambda row: row.key,
        ),
        Column(
            id="tier",
            title="TIER",
            width=10,
            cell=lambda row, now: Cell(row.cost.tier, Tone.DIM if row.cost.tier == "background" else Tone.PLAIN),
            sort=lambda row: row.cost.tier,
        ),
        _number("requests", "REQUESTS", lambda row: row.cost.requests, lambda row: str(row.cost.requests)),
        _number("rate", "A SECOND", lambda row: row.requests, lambda row: f"{row.requests:.1f}"),
        _number("bytes", "RECEIVED", lambda row: row.cost.bytes_in, lambda row: _size(row.cost.bytes_in)),
        _number("byte_rate", "A SECOND", lambda row: row.bytes, lambda row: _size(round(row.bytes))),
        _number("sent", "SENT", lambda row: row.cost.bytes_out, lambda row: _size(row.cost.bytes_out), priority=1),
        _number("decoding", "DECODING", lambda row: row.cost.decoding, lambda row: f"{row.cost.decoding:.2f} s"),
        _number("watches", "WATCHES", lambda row: row.cost.watches, lambda row: str(row.cost.watches), width=7),
        Column(
            id="errors",
            title="ERRORS",
            width=6,
            align="right",
            cell=lambda row, now: count_cell(row.cost.errors, bad=Tone.WARN),
            sort=lambda row: -row.cost.errors,
        ),
    ),
)


class CostsScreen(Listing):
    """A look each second; nothing is measured for it that is not counted anyway, but stalls while it is open."""

    PLACE = "costs"

    def __init__(self) -> None:
        super().__init__()
        self.table = Grid[CostRow](COSTS, id="costs")
        self._before: dict[str, ClusterCost] = {}
        self._at = 0.0
        self._longest = 0.0

    def grids(self) -> tuple[Grid[Any], ...]:
        return (self.table,)

    def heading(self) -> tuple[Span, ...]:
        return (("Costs ", Tone.ACCENT), (" of this console since it was opened", Tone.DIM))

    def opened(self) -> None:
        meter = self.backend.meter
        if meter is None:
            self.table.set_empty((("Nothing is measured here.", Tone.DIM),))
            return
        meter.start()
        self._show()

    def on_unmount(self) -> None:
        if self.backend.meter is not None:
            self.backend.meter.stop()

    def tick(self) -> None:
        super().tick()
        self._show()

    def _show(self) -> None:
        meter = self.backend.meter
        if meter is None:
            return
        now, loop = self.acp.clock(), meter.loop()
        seconds = max(0.001, now - self._at) if self._at else 0.0
        rows = [self._row(cost, seconds) for cost in meter.clusters()]
        self._before, self._at = {row.key: row.cost for row in rows}, now
        self._longest = max(self._longest, loop.longest)
        self.table.set_empty((("No cluster was dialled yet.", Tone.DIM),))
        self.table.show(rows)
        watches = sum(row.cost.watches for row in rows)
        self.table.set_title((f"Clusters {len(rows)} · {watches} watches", Tone.PLAIN))
        self.table.set_state((self._words(loop), Tone.DIM))

    def _row(self, cost: ClusterCost, seconds: float) -> CostRow:
        before = self._before.get(cost.cluster)
        if before is None or not seconds:
            return CostRow(cost)
        return CostRow(cost, (cost.requests - before.requests) / seconds, (cost.bytes_in - before.bytes_in) / seconds)

    def _words(self, loop: LoopCost) -> str:
        several = f"{loop.stalls} stalls, longest" if loop.stalls else "longest stall"
        stalls = f"{several} {self._longest * 1000:.0f} ms"
        frames = f"{loop.frames} frames {_size(loop.frame_bytes)}"
        memory = "" if loop.peak_mib is None else f" · {loop.peak_mib} MiB"
        return f"{stalls} · {frames}{memory}"
