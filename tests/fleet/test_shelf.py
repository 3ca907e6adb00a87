"""What one kind of one cluster keeps in memory, and when it says that something changed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acp_tui.clients.errors import ServerFailed
from acp_tui.fleet.shelf import PodShelf, Shelf
from acp_tui.fleet.watchplan import PLAN, Watch
from acp_tui.model.health import Health
from acp_tui.model.objects import Object, Pod

WATCHES = {watch.id: watch for watch in PLAN}


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_795_267_200.0  # 2026-11-21T13:20:00Z

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> list[Watch]:
    return []


@pytest.fixture
def shelf(told: list[Watch]) -> Shelf[Object]:
    return Shelf(WATCHES["namespaces"], changed=told.append)


def thing(name: str, *, version: str = "1", owner: str = "", **meta: Any) -> Object:
    owners = [{"uid": owner, "controller": True}] if owner else []
    given = {"name": name, "namespace": "ns", "resourceVersion": version, "ownerReferences": owners, **meta}
    return msgspec.convert({"metadata": given}, Object)


def pod(name: str, *, ready: str = "True", since: str = "2026-11-21T13:19:00Z", owner: str = "rs") -> Pod:
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}],
        "containerStatuses": [{"name": "api", "ready": ready == "True"}],
    }
    meta = {"name": name, "namespace": "ns", "ownerReferences": [{"uid": owner, "controller": True}]}
    return msgspec.convert({"metadata": meta, "status": status}, Pod)


def test_nothing_is_known_before_the_first_answer(shelf: Shelf[Object]) -> None:
    assert not shelf.known

    shelf.replaced([])

    assert shelf.known


def test_a_new_list_is_the_whole_truth_and_tells_once(shelf: Shelf[Object], told: list[Watch]) -> None:
    shelf.replaced([thing("a"), thing("b")])
    shelf.replaced([thing("b"), thing("c")])
    assert [each.metadata.name for each in shelf] == ["b", "c"]
    assert len(told) == 2

    shelf.replaced([thing("b"), thing("c")])

    assert len(told) == 2


def test_objects_are_found_by_their_controller(shelf: Shelf[Object]) -> None:
    shelf.replaced([thing("a", owner="x"), thing("b", owner="x"), thing("c")])
    shelf.applied(thing("b", version="2", owner="y"))
    shelf.deleted(thing("a", version="3"))

    assert list(shelf.owned_by("x")) == []
    assert [each.metadata.name for each in shelf.owned_by("y")] == ["b"]
    assert [each.metadata.name for each in shelf.by_owner[""].values()] == ["c"]


def test_an_object_is_kept_once_however_it_is_found(shelf: Shelf[Object]) -> None:
    shelf.replaced([thing("a", owner="x")])
    newer = thing("a", version="2", owner="x")
    shelf.applied(newer)

    assert shelf.items["ns/a"] is newer
    assert list(shelf.owned_by("x")) == [newer]
    assert next(iter(shelf.owned_by("x"))) is newer


def test_a_row_keeps_its_place_when_it_changes(shelf: Shelf[Object]) -> None:
    shelf.replaced([thing("a"), thing("b")])
    shelf.applied(thing("a", version="2"))

    assert [each.metadata.name for each in shelf] == ["a", "b"]


def test_a_deletion_of_what_was_never_seen_is_no_news(shelf: Shelf[Object], told: list[Watch]) -> None:
    shelf.deleted(thing("ghost"))

    assert told == []


def test_what_was_seen_stays_while_the_server_fails_and_the_failure_is_told_once(
    shelf: Shelf[Object], told: list[Watch]
) -> None:
    shelf.replaced([thing("a")])
    shelf.live(10.0)
    for at in (11.0, 12.0):
        shelf.failed(ServerFailed("east: internal error"), at)

    assert len(shelf) == 1
    assert shelf.confirmed_at == 10.0
    assert len(told) == 2

    shelf.live(20.0)

    assert shelf.error is None
    assert len(told) == 3


def test_a_lost_right_takes_what_was_seen_with_it(shelf: Shelf[Object]) -> None:
    shelf.replaced([thing("a")])

    shelf.refuse()

    assert len(shelf) == 0
    assert not shelf.known


def test_pods_that_are_not_well_are_judged_again_as_time_goes_by(told: list[Watch]) -> None:
    clock = FakeClock()
    shelf = PodShelf(WATCHES["pods"], changed=told.append, clock=clock)
    shelf.replaced([pod("late", ready="False"), pod("well")])
    assert (shelf.problems, shelf.troubled) == (0, frozenset({"rs"}))

    clock.now += 600
    shelf.recheck()

    assert shelf.problems == 1
    assert len(told) == 2
    assert shelf.verdict(pod("late")).health is Health.DEGRADED

    shelf.applied(pod("late", owner="rs"))

    assert (shelf.problems, shelf.troubled) == (0, frozenset())


def test_a_deleted_pod_is_no_problem_any_more() -> None:
    shelf = PodShelf(WATCHES["pods"], changed=lambda watch: None, clock=FakeClock())
    gone = pod("late", ready="False", since="2026-11-21T10:00:00Z")
    shelf.replaced([gone])
    assert shelf.problems == 1

    shelf.deleted(gone)

    assert (shelf.problems, shelf.troubled) == (0, frozenset())
