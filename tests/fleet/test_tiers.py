"""What a cluster costs that somebody looks at, and one that nobody looks at."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.kube.context import Auth, Context, ExecPlugin
from acp_tui.clients.kube.http import Dialer, HttpTransport
from acp_tui.fleet import follow, pulse, session, tiers
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.watchplan import PLAN
from acp_tui.model.freshness import Age
from acp_tui.sim.faults import Faults
from acp_tui.sim.serve import serve
from tests.fleet.scenery import context, create, fleet_of, namespace, pod, record, release, spec

LONG = 20.0
EAST = frozenset({"east"})
ALL = len(PLAN) - 1
"""Every kind but AppReleases, which no cluster of these tests serves."""


def shop() -> list[dict[str, Any]]:
    return [namespace("shop"), pod("well"), record(release("pay", 1, "deployed"))]


class Watches(Dialer):
    """Dials real transports and counts the streams each has open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    def __call__(self, context: Context) -> HttpTransport:
        transport = super().__call__(context)
        stream = transport.stream

        @asynccontextmanager
        async def counted(path: str, **options: Any) -> AsyncIterator[AsyncIterator[bytes]]:
            async with stream(path, **options) as lines:
                await self._count(context.name, 1)
                try:
                    yield lines
                finally:
                    self.open[context.name] -= 1
                    asyncio.get_running_loop().create_task(self._count(context.name, 0))

        transport.stream = counted  # type: ignore[method-assign]
        return transport

    async def until(self, name: str, count: int) -> None:
        async with asyncio.timeout(LONG), self._changed:
            await self._changed.wait_for(lambda: self.open[name] == count)

    async def _count(self, name: str, by: int) -> None:
        self.open[name] += by
        async with self._changed:
            self._changed.notify_all()


def age_of(fleet: Fleet, name: str) -> Age:
    return next(row for row in fleet.clusters() if row.name == name).freshness.state


def test_a_cluster_in_the_background_costs_less_than_a_request_in_five_seconds() -> None:
    lists = len(PLAN) / (session.POLL_SECONDS * 0.9)
    beats = 1 / (pulse.BEAT_BEHIND_SECONDS * 0.8)
    discovery = 3 / (session.DISCOVER_SECONDS * 0.9)

    assert lists + beats + discovery <= 0.2


async def test_and_so_it_does_when_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    faster, seconds = 100.0, 3.0
    monkeypatch.setattr(session, "POLL_SECONDS", session.POLL_SECONDS / faster)
    monkeypatch.setattr(session, "DISCOVER_SECONDS", session.DISCOVER_SECONDS / faster)
    monkeypatch.setattr(pulse, "BEAT_BEHIND_SECONDS", pulse.BEAT_BEHIND_SECONDS / faster)
    monkeypatch.setattr(tiers, "WATCHED", 0)
    async with fleet_of(spec("east", shop())) as (fleet, box):
        await fleet.settled(LONG)
        await asyncio.sleep(session.POLL_SECONDS)
        stats = box["east"].stats
        before, watches = stats.requests, stats.watches
        await asyncio.sleep(seconds)

        assert 0 < stats.requests - before <= 0.2 * faster * seconds
        assert (watches, stats.watches, stats.open_watches) == (0, 0, 0)


async def test_nobody_logs_in_to_a_cluster_that_nobody_looks_at(tmp_path: Path) -> None:
    plugin, runs = tmp_path / "login", tmp_path / "runs"
    credential = '{"kind":"ExecCredential","status":{"token":"admin"}}'
    plugin.write_text(f"#!/bin/sh\necho run >> {runs}\necho '{credential}'\n")
    plugin.chmod(0o700)
    auth = Auth(exec=ExecPlugin(command=str(plugin)))
    async with serve([spec(name, shop()) for name in ("east", "west")]) as box:
        contexts = [Context(name=name, server=box[name].url, user_name="ann", auth=auth) for name in ("east", "west")]
        fleet = Fleet(contexts, lazy=frozenset({"east", "west"}))
        fleet.start()
        fleet.attend(None)
        assert not runs.exists()

        fleet.look("east")
        fleet.look("west")
        await fleet.settled(LONG)
        await fleet.close()

        assert all(box[name].stats.requests > 10 for name in ("east", "west"))
    assert runs.read_text() == "run\n"


async def test_a_cluster_that_is_down_costs_a_beat_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fleet_of(spec("east", shop())) as (fleet, box):
        box["east"].set_faults(Faults(down="refuse"))
        await fleet.settled(LONG)
        await asyncio.sleep(1.0)
        transport = fleet.session("east").transport

        assert transport.stats.requests == 0
        assert transport.stats.errors <= 3
        assert transport.stats.watches == 0


async def test_further_clusters_are_polled_and_have_no_watch_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "WATCHED", 1)
    dial = Watches()
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial) as (fleet, box):
        await fleet.settled(LONG)

        assert [(row.name, row.pods, row.releases) for row in fleet.clusters()] == [("east", 1, 1), ("west", 1, 1)]
        await dial.until("east", ALL)
        assert box["west"].stats.watches == 0
        assert (age_of(fleet, "east"), age_of(fleet, "west")) == (Age.LIVE, Age.POLLED)


async def test_no_watch_is_opened_before_all_clusters_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acp_tui.fleet.fleet.CALM_SECONDS", LONG)
    dial = Watches()
    silent = Faults(down="hang")
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial, down=silent) as (fleet, box):
        await fleet.session("east").settled.wait()
        assert box["east"].stats.watches == 0

        box["west"].set_faults(Faults())
        await fleet.session("west").settled.wait()
        await dial.until("east", ALL)


async def test_nor_does_a_silent_one_keep_the_others_waiting_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acp_tui.fleet.fleet.CALM_SECONDS", 0.1)
    dial = Watches()
    silent = Faults(down="hang")
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial, down=silent) as (fleet, _box):
        await dial.until("east", ALL)
        assert not fleet.session("west").settled.is_set()


async def test_a_cluster_that_comes_on_the_screen_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "WATCHED", 1)
    dial = Watches()
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial) as (fleet, box):
        await fleet.settled(LONG)

        fleet.attend(frozenset({"west"}))

        await dial.until("west", ALL)
        await dial.until("east", 0)
        create(box["west"], pod("new"))
        async with asyncio.timeout(LONG):
            while len(fleet.session("west").store.pods) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_what_is_opened_comes_before_what_is_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "WATCHED", 1)
    dial = Watches()
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial) as (fleet, _box):
        await fleet.settled(LONG)
        fleet.attend(None)
        await dial.until("east", ALL)
        assert (fleet.tier("east"), fleet.tier("west")) == ("screen", "background")

        fleet.attend(None, opened=["west", "nobody"])

        await dial.until("west", ALL)
        await dial.until("east", 0)
        assert (fleet.tier("east"), fleet.tier("west")) == ("background", "opened")


async def test_only_so_many_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "OPENED", 1)
    async with fleet_of(spec("east", []), spec("west", []), spec("north", []), lazy=frozenset({"north"})) as (fleet, _):
        fleet.attend(None, opened=["west", "east"])

        assert [fleet.tier(name) for name in fleet.names] == ["screen", "opened", "listed"]


async def test_what_is_seen_first_is_dialled_first() -> None:
    dialled: list[str] = []

    class Order(Dialer):
        def __call__(self, context: Context) -> HttpTransport:
            dialled.append(context.name)
            return super().__call__(context)

    names = [f"c{number}" for number in range(tiers.TOGETHER + 2)]
    async with serve([spec(name, []) for name in names]) as box:
        fleet = Fleet([context(box[name]) for name in names], connect=Order())
        fleet.start(first=frozenset(names[-1:]))
        await fleet.settled(LONG)
        await fleet.close()

    assert dialled[0] == names[-1]
    assert sorted(dialled) == names


async def test_a_cluster_that_left_the_screen_is_watched_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    dial = Watches()
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial) as (fleet, _box):
        await fleet.settled(LONG)
        await dial.until("west", ALL)
        fleet.attend(EAST)
        assert not fleet.session("west").pulse.behind

        assert tiers.LINGER_SECONDS == 60.0
        monkeypatch.setattr(tiers, "LINGER_SECONDS", 0.0)
        fleet.attend(None)
        fleet.attend(EAST)

        await dial.until("west", 0)
        assert dial.open["east"] == ALL


async def test_coming_back_in_time_costs_nothing() -> None:
    dial = Watches()
    async with fleet_of(spec("east", shop()), spec("west", shop()), connect=dial) as (fleet, box):
        await fleet.settled(LONG)
        await dial.until("west", ALL)
        before = box["west"].stats.requests

        fleet.attend(EAST)
        fleet.attend(None)
        await fleet.session("west").feel_pulse()

        assert box["west"].stats.requests == before + 1


async def test_what_nobody_looks_at_is_listed_again_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(tiers, "WATCHED", 0)
    async with fleet_of(spec("east", shop())) as (fleet, box):
        await fleet.settled(LONG)
        create(box["east"], pod("new"))

        async with asyncio.timeout(LONG):
            while len(fleet.session("east").store.pods) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        assert box["east"].stats.watches == 0


def test_a_right_that_is_missing_is_asked_for_seldom() -> None:
    assert follow.REFUSED_PAUSE >= 60.0
