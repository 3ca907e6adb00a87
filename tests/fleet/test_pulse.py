"""When a cluster is asked whether it lives, and what its answer wakes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from acp_tui.clients.errors import ConnectFailed, TimedOut
from acp_tui.clients.kube.transport import Response
from acp_tui.fleet import pulse as rules
from acp_tui.fleet.pulse import Naps, Pulse
from acp_tui.fleet.store import Store
from acp_tui.model.freshness import Age
from tests.fakes.kube import FakeTransport

OK = b"ok"
NOW = 1000.0


class FakeCluster(FakeTransport):
    """Answers by script; `asked_again` is set at each request."""

    def __init__(self, *answers: bytes | Exception) -> None:
        super().__init__(lists=answers)
        self.asked_again = asyncio.Event()

    async def get(self, path: str, **options: Any) -> Response:
        self.asked_again.set()
        return await super().get(path, **options)


def pulse_of(cluster: FakeCluster) -> tuple[Pulse, Store]:
    store = Store("east", clock=lambda: NOW, changed=lambda views: None)
    return Pulse(store, transport=lambda: cluster, clock=lambda: NOW), store


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No beat comes by itself."""
    for name in ("BEAT_SECONDS", "BEAT_AGAIN_SECONDS", "BEAT_BEHIND_SECONDS"):
        monkeypatch.setattr(rules, name, 3600.0)


@pytest.mark.usefixtures("patient")
async def test_a_watch_that_breaks_or_heals_is_looked_into_at_once() -> None:
    cluster = FakeCluster(OK)
    pulse, store = pulse_of(cluster)
    beating = asyncio.create_task(pulse.beat_for_ever())

    pulse.uneasy()
    async with asyncio.timeout(5):
        await cluster.asked_again.wait()
    beating.cancel()

    assert store.reachable is True


@pytest.mark.usefixtures("patient")
async def test_whoever_waits_to_try_again_tries_when_the_cluster_answers() -> None:
    pulse, _ = pulse_of(FakeCluster(ConnectFailed("east: refused"), OK))
    assert not await pulse.beat()
    waiting = asyncio.create_task(pulse.naps.sleep(3600.0))
    beating = asyncio.create_task(pulse.beat_for_ever())

    pulse.uneasy()
    async with asyncio.timeout(5):
        await waiting
    beating.cancel()

    assert pulse.error is None


async def test_a_cluster_that_never_answers_says_so_in_words() -> None:
    pulse, store = pulse_of(FakeCluster(TimedOut("east: the server gave no answer in 5 s")))

    assert not await pulse.beat()

    assert store.reachable is False
    assert store.problem == "the server gave no answer in 5 s"


async def test_what_is_polled_is_as_old_as_its_oldest_list() -> None:
    pulse, store = pulse_of(FakeCluster(OK))
    pulse.behind = True
    for at, shelf in ((NOW - 90, "nodes"), (NOW - 30, "pods")):
        store.shelves[shelf].replaced(())
        store.shelves[shelf].live(at)

    await pulse.beat()

    assert store.freshness.state is Age.POLLED
    assert store.freshness.confirmed_at == NOW - 90


async def test_naps_end_by_themselves_too() -> None:
    async with asyncio.timeout(5):
        await Naps().sleep(0.0)


async def test_an_answer_that_waited_for_ourselves_says_nothing_about_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FakeCluster(OK, OK)
    pulse, store = pulse_of(cluster)
    monkeypatch.setattr(rules, "BUSY_SECONDS", 0.0)
    spent = iter([1.0, 9.0, 10.0, 10.0])
    monkeypatch.setattr(time, "process_time", lambda: next(spent))

    assert await pulse.beat()
    assert store.latency_ms is None

    assert await pulse.beat()
    assert store.latency_ms is not None


async def test_jitter_is_no_news_of_the_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse, store = pulse_of(FakeCluster(OK, OK, OK))
    store.latency_ms = told = 20.0
    monkeypatch.setattr(rules, "JITTER_MS", 1000.0)

    assert await pulse.beat()
    assert store.latency_ms == told

    monkeypatch.setattr(rules, "JITTER_MS", 0.0)
    store.latency_ms = 5000.0
    assert await pulse.beat()
    assert store.latency_ms < 5000.0
