"""What a simulated container prints: lines made from its name and the clock, the same every time asked."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acp_tui.sim.kinds import Obj

_LINES = (
    'level=info msg="request handled" method=GET path=/api/v1/items status=200 duration={a}ms',
    'level=info msg="request handled" method=POST path=/api/v1/items status=201 duration={b}ms',
    'level=info msg="cache refreshed" keys={b} took={a}ms',
    'level=debug msg="pool stats" open={a} idle={b}',
    'level=warn msg="slow query" table=items duration={b}0ms',
    'level=info msg="health check" status=ok',
)
_START = (
    'level=info msg="starting" version={version}',
    'level=info msg="configuration loaded" files=2',
    'level=info msg="listening" addr=:8080',
)
_CRASH = (
    'level=info msg="starting" version={version}',
    'level=info msg="connecting to database" host=db.internal:5432 attempt=1',
    'level=error msg="connection refused" host=db.internal:5432',
    'level=error msg="connecting to database failed, giving up" attempts=3',
    "panic: cannot reach database: dial tcp: connection refused",
)
PERIOD = 2.0  # seconds between two lines of a running container
_KEPT = 400  # lines a container's log goes back at most


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def _moment(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0


class PodLog:
    """The log of one container of one pod, as a function of time."""

    def __init__(self, pod: Obj, query: Mapping[str, str]) -> None:
        self._timestamps = query.get("timestamps") in ("true", "True", "1")
        self._previous = query.get("previous") in ("true", "True", "1")
        self._query = query
        self._container = self._choose(pod, query.get("container", ""))
        name = pod["metadata"]["name"]
        self._seed = zlib.crc32(f"{name}/{self._container['name']}".encode())
        self._version = self._container.get("image", "").rpartition(":")[2]
        self._status = self._status_of(pod)
        state = self._status.get("state") or {}
        self._check_started(state, name)
        last = (self._status.get("lastState") or {}).get("terminated") or {}
        self._ended = state.get("terminated") or ({} if state.get("running") else last)
        if self._previous:
            if not last:
                raise bad_request(
                    f'previous terminated container "{self._container["name"]}" in pod "{name}" not found'
                )
            self._ended = last
        self._began = _moment(self._ended.get("startedAt") or (state.get("running") or {}).get("startedAt"))

    @staticmethod
    def _choose(pod: Obj, wanted: str) -> Obj:
        containers = [*(pod["spec"].get("containers") or []), *(pod["spec"].get("initContainers") or [])]
        names = [c["name"] for c in containers]
        if not wanted:
            if len(pod["spec"].get("containers") or []) == 1:
                first: Obj = containers[0]
                return first
            name = pod["metadata"]["name"]
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
        for container in containers:
            if container["name"] == wanted:
                found: Obj = container
                return found
        raise bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")

    def _status_of(self, pod: Obj) -> Obj:
        status = pod.get("status") or {}
        for entry in [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]:
            if entry["name"] == self._container["name"]:
                found: Obj = entry
                return found
        return {}

    def _check_started(self, state: Obj, pod: str) -> None:
        waiting = state.get("waiting") or {}
        if state.get("running") or state.get("terminated") or (self._status.get("lastState") or {}).get("terminated"):
            return
        if self._previous:
            return
        reason = waiting.get("reason") or "ContainerCreating"
        why = "trying and failing to pull image" if "Image" in reason else f"waiting to start: {reason}"
        raise bad_request(f'container "{self._container["name"]}" in pod "{pod}" is {why}')

    @property
    def is_over(self) -> bool:
        return bool(self._ended)

    def lines(self, now: float) -> list[tuple[float, str]]:
        """Everything printed up to `now`, cut by tailLines, sinceSeconds, sinceTime."""
        found = self._printed(now)
        since = 0.0
        if self._query.get("sinceSeconds"):
            since = now - float(self._query["sinceSeconds"])
        elif self._query.get("sinceTime"):
            since = _moment(self._query["sinceTime"])
        found = [line for line in found if line[0] >= since]
        tail = self._query.get("tailLines")
        if tail is not None:
            found = found[-int(tail) :] if int(tail) > 0 else []
        return found

    def after(self, then: float, now: float) -> list[tuple[float, str]]:
        return [line for line in self._printed(now) if line[0] > then]

    def show(self, line: tuple[float, str]) -> bytes:
        text = f"{_stamp(line[0])} {line[1]}" if self._timestamps else line[1]
        return text.encode() + b"\n"

    def _printed(self, now: float) -> list[tuple[float, str]]:
        crashed = bool(self._ended) and self._ended.get("exitCode", 0) != 0
        start = _CRASH if crashed else _START
        found = [(self._began + 0.1 * i, text.format(version=self._version)) for i, text in enumerate(start)]
        if self._ended:
            end = 'level=info msg="done"' if not crashed else f'level=fatal msg="exit" code={self._ended["exitCode"]}'
            return [*found, (self._began + 0.1 * len(start), end)]
        count = int((now - self._began) / PERIOD)
        for i in range(max(1, count - _KEPT), count + 1):
            noise = zlib.crc32(f"{self._seed}/{i}".encode())
            text = _LINES[noise % len(_LINES)].format(a=noise % 90 + 1, b=noise // 100 % 400 + 1)
            found.append((self._began + i * PERIOD, text))
        return found


def later(seconds: float) -> str:
    """The moment that many seconds from now, as Kubernetes writes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def unavailable(node: str) -> ApiError:
    return ApiError(500, "InternalError", f"Get https://{node}:10250/containerLogs: dial tcp: connection refused")
