"""What the grid costs: how long it holds the loop, a step, a page, one cell; `python -m bench.grid [ROWS]`."""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable

from msgspec import structs
from textual.app import App, ComposeResult

from acp_tui.config.themes import FALLBACK
from acp_tui.fleet.views import RELEASES
from acp_tui.model.release import ReleaseRef, ReleaseSummary
from acp_tui.terminal.glyphs import FULL
from acp_tui.ui.theme import look_of
from acp_tui.ui.widgets.grid import Grid
from bench.measure import Measure

NOW = 1_795_183_620.0
ROWS = 50_000
WANTED = {
    "loop held by the load": 50.0,
    "cursor down": 5.0,
    "page down": 15.0,
    "one changed cell": 5.0,
    "loop held by sorting": 50.0,
    "loop held by a filter": 50.0,
}


class Bench(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.look = look_of(FALLBACK)
        self.glyphs = FULL

    def compose(self) -> ComposeResult:
        yield Grid(RELEASES, clock=lambda: NOW)


def rows(count: int) -> list[ReleaseSummary]:
    return [
        ReleaseSummary(
            ref=ReleaseRef(f"cluster-{number % 40}", f"team-{number % 97}", f"service-{number}"),
            revision=number % 50,
            status="failed" if number % 50 == 0 else "deployed",
            chart="service",
            chart_version=f"1.{number % 9}.0",
            updated_at=NOW - number,
        )
        for number in range(count)
    ]


async def timings(count: int) -> dict[str, float]:
    """Median milliseconds by act; after each act every line of the widget is painted."""
    app = Bench()
    taken: dict[str, float] = {}
    async with app.run_test(size=(200, 50)) as pilot:
        grid = app.query_one(Grid)
        grid.focus()
        await pilot.pause()

        def timed(name: str, act: Callable[[], object], *, runs: int = 15) -> None:
            samples = []
            for _ in range(runs):
                started = time.perf_counter()
                act()
                for line in range(grid.size.height):
                    grid.render_line(line)
                samples.append((time.perf_counter() - started) * 1000)
            taken[name] = statistics.median(samples)

        async def through() -> float:
            """Until every row is in its place; the longest turn of the loop in milliseconds."""
            longest = 0.0
            while len(grid.rows.all) != count or grid.ordering:
                started = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - started)
            return longest * 1000

        wanted = rows(count)
        gc.collect()
        gc.freeze()  # as the console does once its rows are read
        begun = time.perf_counter()
        grid.show(wanted)
        taken["loop held by the load"] = await through()
        taken["whole load"] = (time.perf_counter() - begun) * 1000
        timed("cursor down", grid.do_down)
        timed("page down", grid.do_page_down)
        table = list(grid.rows.all)
        at = next(place for place, row in enumerate(table) if row.key == grid.key)

        def one_cell() -> None:
            nonlocal table
            changed = structs.replace(table[at], revision=table[at].revision + 1)
            table = [*table[:at], changed, *table[at + 1 :]]
            grid.show(table)

        timed("one changed cell", one_cell)
        timed("tick", grid.tick)
        grid.set_sort("name", descending=True)
        taken["loop held by sorting"] = await through()
        await grid.learn_words()
        grid.set_filter("service-1")
        taken["loop held by a filter"] = await through()
    gc.unfreeze()
    return taken


def measure() -> list[Measure]:
    """Against the budgets of the design, in milliseconds; reported, because another machine is another number."""
    taken = asyncio.run(timings(ROWS))
    return [Measure(f"grid, {ROWS} rows: {act}", "ms", taken[act], "budget", wanted) for act, wanted in WANTED.items()]


if __name__ == "__main__":
    for act, milliseconds in asyncio.run(timings(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)).items():
        print(f"{act:<20}{milliseconds:8.2f} ms")
