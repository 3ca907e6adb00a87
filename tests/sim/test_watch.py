"""A watch tells everything after its version, and says so when it cannot."""

from __future__ import annotations

import aiohttp
import pytest

from acp_tui.sim.cluster import ClusterSpec
from acp_tui.sim.serve import serve
from tests.sim.conftest import CONFIG_MAPS, TOKENS, Api, config_map

MERGE = "application/merge-patch+json"


async def test_events_follow_the_version_of_the_list(api: Api) -> None:
    await api.post(CONFIG_MAPS, config_map("before"))
    version = (await api.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    await api.post(CONFIG_MAPS, config_map("between"))
    async with api.watch(f"{CONFIG_MAPS}?resourceVersion={version}") as following:
        first = await following()
        await api.ask("PATCH", f"{CONFIG_MAPS}/before", {"data": {"x": "1"}}, kind=MERGE)
        second = await following()
        await api.ask("DELETE", f"{CONFIG_MAPS}/between")
        third = await following()
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in (first, second, third)] == [
        ("ADDED", "between"),
        ("MODIFIED", "before"),
        ("DELETED", "between"),
    ]
    assert int(third["object"]["metadata"]["resourceVersion"]) > int(second["object"]["metadata"]["resourceVersion"])


async def test_an_object_that_stops_matching_is_deleted_for_the_watcher(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["labels"] = {"colour": "red"}
    await api.post(CONFIG_MAPS, body)
    async with api.watch(f"{CONFIG_MAPS}?labelSelector=colour%3Dred") as following:
        assert (await following())["type"] == "ADDED"
        await api.ask("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"colour": "blue"}}}, kind=MERGE)
        assert (await following())["type"] == "DELETED"
        await api.ask("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"colour": "red"}}}, kind=MERGE)
        assert (await following())["type"] == "ADDED"


async def test_a_version_from_before_the_compaction_is_gone(api: Api) -> None:
    version = (await api.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    await api.post(CONFIG_MAPS, config_map("a"))
    api.cluster.store.compact()
    async with api.watch(f"{CONFIG_MAPS}?resourceVersion={version}") as following:
        event = await following()
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")


async def test_a_ring_that_is_outrun_forgets_the_oldest(session: aiohttp.ClientSession) -> None:
    async with serve([ClusterSpec(name="small", ring=3, tokens=TOKENS)]) as fleet:
        api = Api(fleet["small"], session)
        version = (await api.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
        for n in range(5):
            await api.post(CONFIG_MAPS, config_map(f"c{n}"))
        async with api.watch(f"{CONFIG_MAPS}?resourceVersion={version}") as following:
            assert (await following())["object"]["code"] == 410


async def test_a_streaming_list_ends_with_its_bookmark(api: Api) -> None:
    await api.post(CONFIG_MAPS, config_map("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with api.watch(f"{CONFIG_MAPS}?{query}") as following:
        added, end = await following(), await following()
    assert added["type"] == "ADDED"
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(("version", "status"), [("v1.33.7", 422), ("v1.34.2", 200)])
async def test_streaming_lists_depend_on_the_version(session: aiohttp.ClientSession, version: str, status: int) -> None:
    async with serve([ClusterSpec(name="one", version=version, tokens=TOKENS)]) as fleet:
        api = Api(fleet["one"], session)
        query = (
            "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1"
        )
        assert (await api.ask("GET", f"{CONFIG_MAPS}?{query}")).status == status


async def test_a_watch_ends_at_its_timeout_with_a_bookmark(api: Api) -> None:
    async with api.watch(f"{CONFIG_MAPS}?timeoutSeconds=1&allowWatchBookmarks=true") as following:
        assert (await following())["type"] == "BOOKMARK"
        assert await following() is None


async def test_metadata_watches_carry_no_data(api: Api) -> None:
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    async with api.watch(CONFIG_MAPS, headers={"Accept": accept}) as following:
        await api.post(CONFIG_MAPS, config_map("a", secret="s"))
        event = await following()
    assert event["object"]["kind"] == "PartialObjectMetadata"
    assert "data" not in event["object"]


async def test_a_closed_watch_is_forgotten(api: Api) -> None:
    async with api.watch(CONFIG_MAPS) as following:
        await api.post(CONFIG_MAPS, config_map("a"))
        await following()
        assert api.cluster.stats.open_watches == 1
    await api.post(CONFIG_MAPS, config_map("b"))
    await api.until(("", "configmaps"), lambda _: True)
    for n in range(50):
        if not api.cluster.stats.open_watches:
            break
        await api.post(CONFIG_MAPS, config_map(f"c{n}"))
    assert api.cluster.stats.open_watches == 0
