"""What the console costs, on the screen: a row a cluster, and what the loop and the terminal had to do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from msgspec import structs

from acp_tui.config.settings import Settings
from acp_tui.fleet.trace import ClusterCost, LoopCost
from acp_tui.ui.app import AcpApp
from acp_tui.ui.screens.costs import CostsScreen
from tests.fakes.backend import fake_backend
from tests.ui.core.host import lines_of
from tests.ui.core.scene import opened, press, settle


@dataclass
class FakeMeter:
    """Costs as given."""

    costs: list[ClusterCost] = field(default_factory=list)
    users: int = 0

    def start(self) -> None:
        self.users += 1

    def stop(self) -> None:
        self.users -= 1

    def clusters(self) -> tuple[ClusterCost, ...]:
        return tuple(self.costs)

    def loop(self) -> LoopCost:
        return LoopCost(longest=0.062, stalls=3, frames=34, frame_bytes=5 * 1024, peak_mib=88)


async def test_a_row_a_cluster_with_what_it_does_a_second() -> None:
    fake = fake_backend()
    meter = FakeMeter([ClusterCost("prod-east", "opened", 10, 2048, 0, 0.5, 17, 1)])
    now = [1000.0]

    async def open_backend() -> object:
        return structs.replace(await fake.open(), meter=meter)

    app = AcpApp(open_backend, settings=Settings(theme="dark", glyphs="full"), clock=lambda: now[0], env={})  # type: ignore[arg-type]
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+t")
        await settle(pilot)
        assert meter.users == 1
        now[0] += 2.0
        meter.costs = [ClusterCost("prod-east", "opened", 20, 2048 + 4096, 1024, 0.5, 17, 1)]
        assert isinstance(app.screen, CostsScreen)
        app.screen.tick()
        (row,) = [line for line in lines_of(app.screen.table) if "prod-east" in line]
        title = lines_of(app.screen.table)[0]

        assert " ".join(row.strip("│▌ ").split()) == "prod-east opened 20 5.0 6 KiB 2 KiB 1 KiB 0.50 s 17 1"
        assert "Clusters 1 · 17 watches" in title
        assert "3 stalls, longest 62 ms · 34 frames 5 KiB · 88 MiB" in title

        await press(pilot, "escape")
        await settle(pilot)
        assert meter.users == 0


@pytest.mark.parametrize("word", ["trace", "costs"])
async def test_it_can_be_typed_and_found_by_name(word: str) -> None:
    async with opened() as (app, pilot):
        await press(pilot, ":", *word, "enter")
        assert isinstance(app.screen, CostsScreen)
        await press(pilot, "escape")

        await press(pilot, "ctrl+p", *word, "enter")
        assert isinstance(app.screen, CostsScreen)


async def test_what_is_open_over_the_workspace_is_said_to_the_fleet() -> None:
    fake = fake_backend()
    app = AcpApp(fake.open, settings=Settings(theme="dark", glyphs="full"), clock=lambda: 1000.0, env={})
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        app._tick()
        assert (fake.fleet.attended, fake.fleet.opened) == (None, ())
        await press(pilot, "3", "h")
        await settle(pilot)
        app._tick()
        (name,) = fake.fleet.opened

        assert name in [row.name for row in fake.fleet.tables["clusters"]]
