"""A reflector keeps its sink equal to the server through everything a server and a network can do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from acp_tui.clients.errors import ConnectFailed, Forbidden, Gone, NotFound, TimedOut, TooManyRequests, from_answer
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.model.objects import Object
from acp_tui.wire.kubernetes import Status
from tests.fakes.kube import FakeSink, FakeTransport, event, listed, obj

GONE_EVENT = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
NOT_SERVED = from_answer(
    Status(message="404 page not found"), cluster="prod", request="GET /apis/x", http=404, content_type="text/plain"
)


class Bench:
    """A reflector whose clock stands still and whose dice always show the half."""

    def __init__(self, *, lists: Sequence[Any] = (), watches: Sequence[Any] = (), **options: Any) -> None:
        self.now = 1000.0
        self.transport = FakeTransport(lists=lists, watches=watches)
        self.sink = FakeSink()
        self.reflector = Reflector(
            self.transport,
            "/api/v1/pods",
            Object,
            sink=self.sink,
            clock=lambda: self.now,
            random=lambda: 0.5,
            **options,
        )

    async def passes(self, count: int) -> list[float]:
        return [await self.reflector.pass_once() for _ in range(count)]


async def test_it_lists_from_the_cache_then_watches_from_the_version_of_the_list() -> None:
    bench = Bench(
        lists=[listed(obj("a", "9"), obj("b", "5"), version="10")],
        watches=[[event("ADDED", obj("c", "11")), event("MODIFIED", obj("a", "12")), event("DELETED", obj("b", "13"))]],
        label_selector="owner=helm",
    )

    await bench.passes(1)

    assert bench.sink.names == ["a", "c"]
    assert bench.sink.items["a"].metadata.resource_version == "12"
    assert bench.transport.asked[0] == {"labelSelector": "owner=helm", "resourceVersion": "0"}
    watch = bench.transport.asked[1]
    assert watch["resourceVersion"] == "10"
    assert watch["allowWatchBookmarks"] == "true"
    assert watch["labelSelector"] == "owner=helm"
    assert 300 <= int(watch["timeoutSeconds"]) <= 600


async def test_no_watch_is_opened_before_there_is_calm() -> None:
    asked_before: list[int] = []

    async def calm() -> None:
        asked_before.append(len(bench.transport.asked))

    bench = Bench(lists=[listed(obj("a"), version="10")], watches=[[]], calm=calm)

    await bench.passes(1)

    assert asked_before == [1]
    assert bench.transport.asked[1]["resourceVersion"] == "10"


async def test_a_clean_end_is_resumed_from_the_last_version_without_a_list_after_a_second_or_more() -> None:
    bench = Bench(
        lists=[listed(obj("a"), version="10")],
        watches=[[event("ADDED", obj("b", "11"))], [event("ADDED", obj("c", "12"))]],
    )

    delays = await bench.passes(2)

    assert bench.transport.asked[2]["resourceVersion"] == "11"
    assert bench.sink.replacements == 1
    assert bench.sink.names == ["a", "b", "c"]
    assert all(1 <= delay < 2 for delay in delays)
    assert bench.sink.errors == []


async def test_a_bookmark_moves_the_version_on_and_vouches_for_what_is_known() -> None:
    bookmark = event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "99"}})
    bench = Bench(lists=[listed(version="10")], watches=[[bookmark], []])

    await bench.passes(2)

    assert bench.transport.asked[2]["resourceVersion"] == "99"
    assert bench.sink.lives >= 3


@pytest.mark.parametrize("gone", [[GONE_EVENT], Gone("gone", status=410)], ids=["as an event", "as an answer"])
async def test_after_410_a_consistent_list_tells_what_was_deleted_meanwhile(gone: Any) -> None:
    bench = Bench(
        lists=[listed(obj("a"), obj("b"), version="10"), listed(obj("b"), obj("c"), version="90")],
        watches=[gone, []],
    )

    await bench.passes(2)

    assert bench.sink.names == ["b", "c"]
    assert bench.sink.errors == []
    assert "resourceVersion" not in bench.transport.asked[2]
    assert bench.transport.asked[2]["limit"] == "500"
    assert bench.transport.asked[3]["resourceVersion"] == "90"


async def test_410_again_and_again_waits_longer_each_time() -> None:
    bench = Bench(lists=[listed(version="1")] * 4, watches=[[GONE_EVENT]] * 4)

    assert await bench.passes(4) == [0.4, 0.8, 1.6, 3.2]


async def test_410_in_the_middle_of_a_paged_list_starts_the_list_anew() -> None:
    bench = Bench(
        lists=[
            listed(obj("a"), version="5", token="next"),
            Gone("gone", status=410),
            listed(obj("b"), version="6", token="next"),
            listed(obj("c"), version="6"),
        ],
        watches=[[]],
        from_cache=False,
    )

    await bench.passes(1)

    assert bench.sink.names == ["b", "c"]
    assert bench.transport.asked[3]["continue"] == "next"


async def test_failures_are_told_and_waited_for_ever_longer_up_to_half_a_minute() -> None:
    refused = ConnectFailed("prod: refused", cluster="prod")
    bench = Bench(lists=[refused] * 8)

    delays = await bench.passes(8)

    assert delays == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0]
    assert len(bench.sink.errors) == 8


async def test_two_minutes_of_health_start_the_waiting_over() -> None:
    broken = ConnectFailed("prod: reset", cluster="prod")
    bench = Bench(lists=[broken, broken, listed(version="1")], watches=[[broken], [broken], [broken]])
    await bench.passes(3)

    quick = await bench.passes(1)
    bench.now += 10
    assert quick == [3.2]

    await bench.passes(0)
    bench.transport._watches = [[], [broken]]
    await bench.passes(1)
    bench.now += 121
    assert await bench.passes(1) == [0.4]


async def test_a_broken_watch_keeps_what_is_known_and_resumes_where_it_was() -> None:
    bench = Bench(
        lists=[listed(obj("a"), version="10")],
        watches=[
            [event("ADDED", obj("b", "11")), ConnectFailed("prod: reset", cluster="prod")],
            [event("ADDED", obj("c", "12"))],
        ],
    )

    await bench.passes(2)

    assert bench.sink.names == ["a", "b", "c"]
    assert bench.transport.asked[2]["resourceVersion"] == "11"
    assert len(bench.sink.errors) == 1


async def test_a_silent_watch_is_told_and_opened_anew() -> None:
    bench = Bench(lists=[listed(version="10")], watches=[[TimedOut("prod: silent", cluster="prod")], []])

    await bench.passes(2)

    assert [type(error) for error in bench.sink.errors] == [TimedOut]
    assert bench.transport.asked[2]["resourceVersion"] == "10"


async def test_a_kind_the_server_does_not_serve_is_an_empty_collection_asked_for_once_a_minute() -> None:
    bench = Bench(lists=[NOT_SERVED])

    delays = await bench.passes(1)

    assert bench.sink.replacements == 1
    assert bench.sink.errors == []
    assert 60 <= delays[0] <= 75


async def test_a_404_that_is_not_the_servers_word_is_no_proof_of_emptiness() -> None:
    bench = Bench(
        lists=[listed(obj("a"), version="1"), NotFound("prod: no such cluster", status=404)], watches=[[GONE_EVENT]]
    )

    await bench.passes(2)

    assert bench.sink.names == ["a"]
    assert [type(error) for error in bench.sink.errors] == [NotFound]


async def test_a_missing_right_is_told_and_asked_for_again_slowly() -> None:
    bench = Bench(lists=[Forbidden("prod: may not list", status=403)])

    delays = await bench.passes(1)

    assert [type(error) for error in bench.sink.errors] == [Forbidden]
    assert 60 <= delays[0] <= 75


async def test_a_right_to_list_but_not_to_watch_means_asking_every_minute() -> None:
    bench = Bench(
        lists=[listed(obj("a"), version="1"), listed(obj("b"), version="2")],
        watches=[Forbidden("prod: may not watch", status=403)] * 2,
    )

    delays = await bench.passes(2)

    assert bench.sink.names == ["b"]
    assert bench.sink.errors == []
    assert all(60 <= delay <= 75 for delay in delays)


async def test_a_busy_server_is_given_the_time_it_asks_for_and_more() -> None:
    busy = TooManyRequests("prod: busy", status=429)
    busy.retry_after = 7.0
    bench = Bench(lists=[busy])

    assert await bench.passes(1) == [7.4]


async def test_a_line_that_was_cut_off_leads_to_a_new_list() -> None:
    cut = event("ADDED", obj("b", "11"))[:-20]
    bench = Bench(
        lists=[listed(obj("a"), version="10"), listed(obj("a"), obj("b", "11"), version="11")], watches=[[cut], []]
    )

    await bench.passes(2)

    assert bench.sink.names == ["a", "b"]


async def test_objects_without_a_name_are_left_out() -> None:
    nameless = {"metadata": {"resourceVersion": "11"}}
    bench = Bench(lists=[listed({}, obj("a"), version="10")], watches=[[event("ADDED", nameless)], []])

    await bench.passes(2)

    assert bench.sink.names == ["a"]
    assert bench.transport.asked[2]["resourceVersion"] == "11"


async def test_a_list_without_a_version_is_shown_but_not_watched() -> None:
    bench = Bench(lists=[json.dumps({"items": [obj("a")]}).encode()])

    await bench.passes(1)

    assert bench.sink.names == ["a"]
    assert len(bench.transport.asked) == 1
    assert len(bench.sink.errors) == 1


async def test_run_waits_as_each_pass_says() -> None:
    class Enough(Exception):
        pass

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise Enough

    bench = Bench(lists=[ConnectFailed("prod: down", cluster="prod")] * 2, sleep=sleep)

    with pytest.raises(Enough):
        await bench.reflector.run()
    assert slept == [0.4, 0.8]
