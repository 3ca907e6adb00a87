"""A cluster misbehaves exactly as told, and stops when told."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from acp_tui.sim.faults import Faults
from tests.sim.conftest import CONFIG_MAPS, PODS, Api, config_map


async def test_too_many_requests_say_when_to_come_back(api: Api) -> None:
    api.cluster.set_faults(Faults(too_many=1.0, retry_after=3))
    answer = await api.ask("GET", PODS)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert answer.body["details"]["retryAfterSeconds"] == 3


async def test_a_server_error_is_a_status(api: Api) -> None:
    api.cluster.set_faults(Faults(server_error=1.0))
    assert (await api.ask("GET", PODS)).body["reason"] == "InternalError"


async def test_a_proxy_page_is_html(api: Api) -> None:
    api.cluster.set_faults(Faults(html=1.0))
    answer = await api.ask("GET", PODS)
    assert answer.status == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text


@pytest.mark.parametrize("faults", [Faults(reset=1.0), Faults(down="refuse")])
async def test_a_cut_connection_gives_no_answer(api: Api, faults: Faults) -> None:
    api.cluster.set_faults(faults)
    with pytest.raises(aiohttp.ClientError):
        await api.ask("GET", PODS)


async def test_latency_is_waited(api: Api) -> None:
    api.cluster.set_faults(Faults(latency_ms=120))
    began = time.perf_counter()
    await api.ask("GET", PODS)
    assert time.perf_counter() - began >= 0.12


async def test_a_hanging_cluster_answers_once_it_is_back(api: Api) -> None:
    api.cluster.set_faults(Faults(down="hang"))
    asked = asyncio.create_task(api.ask("GET", PODS))
    done, _ = await asyncio.wait({asked}, timeout=0.15)
    assert not done
    api.cluster.set_faults(Faults())
    assert (await asked).status == 200


async def test_a_fault_may_concern_some_paths_only(api: Api) -> None:
    api.cluster.set_faults(Faults(server_error=1.0, match="/pods"))
    assert (await api.ask("GET", PODS)).status == 500
    assert (await api.ask("GET", CONFIG_MAPS)).status == 200


async def test_gone_ends_watches_and_pages(api: Api) -> None:
    for name in ("a", "b"):
        await api.post(CONFIG_MAPS, config_map(name))
    page = await api.get(CONFIG_MAPS, params={"limit": "1"})
    api.cluster.set_faults(Faults(gone=True))
    next_page = await api.ask("GET", CONFIG_MAPS, params={"limit": "1", "continue": page["metadata"]["continue"]})
    assert next_page.status == 410
    async with api.watch(f"{CONFIG_MAPS}?resourceVersion={page['metadata']['resourceVersion']}") as following:
        assert (await following())["object"]["code"] == 410


async def test_a_stalled_watch_is_silent_and_what_it_missed_is_lost(api: Api) -> None:
    async with api.watch(CONFIG_MAPS) as following:
        api.cluster.set_faults(Faults(stall=True))
        await api.post(CONFIG_MAPS, config_map("unheard"))
        next_event = asyncio.ensure_future(following())
        done, _ = await asyncio.wait({next_event}, timeout=0.2)
        assert not done
        api.cluster.set_faults(Faults())
        await api.post(CONFIG_MAPS, config_map("heard"))
        assert (await next_event)["object"]["metadata"]["name"] == "heard"


async def test_faults_are_set_at_run_time_by_the_administrator_alone(api: Api) -> None:
    path = "/_sim/faults"
    assert (await api.ask("PATCH", path, {"latency_ms": 5})).body["latency_ms"] == 5
    assert (await api.ask("PATCH", path, {"html": 0.0})).body["latency_ms"] == 5
    assert (await api.ask("PUT", path, {"no_such_fault": 1})).status == 422
    assert (await api.as_user("viewer").ask("GET", path)).status == 403
    assert (await api.as_user("nobody").ask("GET", path)).status == 401
    assert (await api.ask("DELETE", path)).body == json.loads(json.dumps((await api.ask("GET", path)).body))
    assert api.cluster.faults == Faults()


async def test_statistics_count_requests_and_bytes(api: Api) -> None:
    before = await api.get("/_sim/stats")
    await api.get(PODS)
    after = await api.get("/_sim/stats")
    assert after["requests"] == before["requests"] + 2
    assert after["bytes_sent"] > before["bytes_sent"]
