"""A verdict quotes the last line of the pods it is about, of the run that crashed, and no secret in it."""

from __future__ import annotations

import pytest

from acp_tui.controllers.lastwords import MOST, last_words, quoted
from acp_tui.controllers.observe import PodState
from acp_tui.model.health import Health, Verdict
from tests.controllers.conftest import SECRET_WORD
from tests.fakes.logs import FakeLogs


def pod(name: str, *, container: str = "web", crashed: bool = True) -> PodState:
    verdict = Verdict(Health.DEGRADED, "CrashLoopBackOff")
    return PodState("u", name, "5f66", verdict, True, 3, container, crashed, "exit 1, Error" if crashed else "")


@pytest.fixture
def cluster() -> FakeLogs:
    return FakeLogs()


async def line_of(cluster: FakeLogs, *pods: PodState) -> list[str]:
    def redact(text: str) -> str:
        return text.replace(SECRET_WORD, "***")

    words = await last_words(cluster, [("shop", each) for each in pods], redact=redact, now=1.0)
    return [quoted(each) for each in words]


async def test_of_a_container_that_crashed_the_run_that_crashed_is_quoted(cluster: FakeLogs) -> None:
    cluster.printed["a", True] = ["begins", "panic: no route to the database", ""]
    cluster.printed["a", False] = ["begins"]
    assert await line_of(cluster, pod("a")) == ["last line: panic: no route to the database"]


async def test_a_run_that_is_no_longer_kept_is_replaced_by_the_one_that_is(cluster: FakeLogs) -> None:
    cluster.printed["a", False] = ["listens on 8080"]
    assert await line_of(cluster, pod("a"), pod("a", crashed=False)) == ["last line: listens on 8080"] * 2


async def test_a_container_that_never_ran_and_one_whose_log_is_refused_say_nothing(cluster: FakeLogs) -> None:
    assert await line_of(cluster, pod("a", container=""), pod("b")) == [""]


async def test_a_secret_that_a_pod_prints_is_not_quoted(cluster: FakeLogs) -> None:
    cluster.printed["a", True] = [f"cannot log in with {SECRET_WORD}", "retry with token=abcdef0123"]
    cluster.printed["b", True] = [f"cannot log in with {SECRET_WORD}"]
    said = await line_of(cluster, pod("a"), pod("b"))
    assert said[1] == "last line: cannot log in with ***"
    assert "abcdef0123" not in said[0]


async def test_of_many_pods_only_the_first_are_asked(cluster: FakeLogs) -> None:
    names = [f"p{number}" for number in range(MOST + 2)]
    cluster.printed = {(name, True): ["gone"] for name in names}
    assert len(await line_of(cluster, *(pod(name) for name in names))) == MOST
