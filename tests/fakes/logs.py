"""A cluster in memory whose containers have printed something, in this run and in the one before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from acp_tui.clients.errors import Rejected
from acp_tui.clients.kube.transport import Params
from tests.fakes.cluster import FakeCluster


class FakeLogs(FakeCluster):
    """`printed[pod, previous]` are the lines of a run; a run that is not there is refused, as a kubelet does."""

    def __init__(self) -> None:
        super().__init__()
        self.printed: dict[tuple[str, bool], list[str]] = {}

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = "application/json",
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> Any:
        run = (path.split("/")[-2], bool((params or {}).get("previous")))
        if run not in self.printed:
            raise Rejected(f"{self.name}: no such run", cluster=self.name, status=400)

        async def lines() -> AsyncIterator[bytes]:
            for line in self.printed[run]:
                yield line.encode()

        yield lines()
