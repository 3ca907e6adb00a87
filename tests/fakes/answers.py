"""A Transport that answers from a table and remembers what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.transport import JSON, Params, Response, TrafficStats


class FakeAnswers:
    """`answers` maps a path to an object, or to a function of the parameters that gives one."""

    def __init__(self, answers: dict[str, Any], name: str = "east") -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def stats(self) -> TrafficStats:
        return TrafficStats(requests=len(self.asked))

    async def get(
        self, path: str, *, params: Params | None = None, accept: str = JSON, timeout: float = 30.0, raw: bool = False
    ) -> Response:
        asked = dict(params or {})
        self.asked.append((path, asked, accept))
        if path not in self.answers:
            raise NotFound("not found", cluster=self._name, tried=f"GET {path}", status=404)
        answer = self.answers[path]
        found = answer(asked) if callable(answer) else answer
        return Response(status=200, headers={}, body=msgspec.json.encode(found))

    def stream(
        self,
        path: str,
        *,
        params: Params | None = None,
        accept: str = JSON,
        idle_timeout: float | None = None,
        raw: bool = False,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise NotImplementedError

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = JSON,
        params: Params | None = None,
        timeout: float = 30.0,
    ) -> Response:
        raise NotImplementedError

    async def close(self) -> None:
        return
