"""What many pods and many clusters cost, in numbers that are the same on every machine."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from acp_tui.clients.kube.context import Context
from acp_tui.fleet.fleet import TELL_SECONDS, Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.fleet.session import LISTS_AT_ONCE, LISTS_BEHIND
from acp_tui.fleet.tiers import WATCHED
from acp_tui.fleet.watchplan import PLAN
from bench.canned import CannedServers, pod_list
from bench.pod import SPACES
from bench.probe import probe, whole_list
from bench.slow_proxy import SlowLink

BUILT_IN = sum(not watch.optional for watch in PLAN)
OPENING = 4
"""/readyz, /version, the note about the platform and one more beat; discovery is two."""
DISCOVERY = 2


def test_rows_of_thousands_of_pods_take_a_request_a_namespace_and_few_bytes() -> None:
    pods = 4000
    with CannedServers(clusters=1, pods=pods) as servers:
        cost = probe("rows", servers.ports, pods=pods)

    followed = 2 * BUILT_IN  # each listed and watched
    assert cost.requests <= SPACES + followed + OPENING + DISCOVERY
    assert cost.moved <= 0.25 * whole_list(pods)
    assert cost.first <= cost.clock


def test_a_page_of_pods_is_asked_for_at_a_time() -> None:
    pods = 4000
    with CannedServers(clusters=1, pods=pods) as servers:
        cost = probe("fleet", servers.ports, pods=pods)

    assert cost.rows == pods
    assert cost.requests <= pods // 500 + 2 * BUILT_IN + OPENING + DISCOVERY


@pytest.mark.parametrize("clusters", [30])
def test_a_cluster_of_many_costs_a_list_a_kind(clusters: int) -> None:
    with CannedServers(clusters=clusters, pods=100) as servers:
        cost = probe("fleet", servers.ports, pods=100)

    assert cost.rows == 100 * clusters
    assert cost.requests <= clusters * (2 * BUILT_IN + OPENING + DISCOVERY)


def test_requests_follow_each_other_over_the_same_few_connections() -> None:
    clusters = WATCHED + 8
    with CannedServers(clusters=clusters, pods=50) as servers:
        cost = probe("fleet", servers.ports, pods=50)
        made = servers.connections()

    watched, polled = made[:WATCHED], made[WATCHED:]
    assert cost.requests >= clusters * BUILT_IN
    assert max(polled) <= LISTS_BEHIND
    assert max(watched) <= BUILT_IN + LISTS_AT_ONCE


def test_a_pod_is_held_in_less_than_three_quarters_of_its_json() -> None:
    few, many = 500, 5500
    with CannedServers(clusters=1, pods=few) as small, CannedServers(clusters=1, pods=many) as large:
        less, more = probe("fleet", small.ports, pods=few), probe("fleet", large.ports, pods=many)

    held = (more.resident - less.resident) * 2**20 / (many - few)
    assert held <= 0.75 * len(pod_list(0, few, more=False)) / few


async def test_a_thousand_events_a_second_are_told_ten_times_a_second_and_none_is_lost() -> None:
    pods, rate = 2000, 1000
    told: list[float] = []
    tables = 0
    loop = asyncio.get_running_loop()
    with CannedServers(clusters=1, pods=pods, events=rate) as servers:
        fleet = Fleet([Context("one", f"http://127.0.0.1:{servers.ports[0]}", "one")])
        fleet.subscribe(lambda views: told.append(loop.time()))
        fleet.start()
        async with asyncio.timeout(60), aclosing(Inspector(fleet).rows_first("pods")) as snapshots:
            await fleet.settled(60)
            shelf = fleet.session("one").store.pods
            before, started = shelf.changes, loop.time()
            async for _ in snapshots:
                tables += 1
                if shelf.changes - before >= 2 * rate:
                    break
            seconds = loop.time() - started
            in_time = [at for at in told if at >= started]
            versions = {each.metadata.resource_version or "" for each in shelf}
        await fleet.close()

    most = seconds / TELL_SECONDS + 2
    assert len(in_time) <= most
    assert tables <= most
    changed = {version for version in versions if len(version) == 6}
    assert len(changed) == rate


def test_first_rows_of_a_far_cluster_take_three_round_trips() -> None:
    round_trip = 0.6
    with CannedServers(clusters=1, pods=2000) as servers, SlowLink(servers.ports[0], round_trip=round_trip) as link:
        cost = probe("table", [link.port], pods=2000)

    assert cost.first < round_trip * 4
