"""A cluster in memory whose records can be written, by a program that is killed at a write."""

from __future__ import annotations

import json

from acp_tui.clients.errors import Conflict
from acp_tui.clients.kube.transport import Params, Response
from tests.fakes.cluster import FakeCluster


class Killed(BaseException):
    """What comes of SIGKILL as far as files and cluster can tell: nothing after it happens."""


class FakeRecordServer(FakeCluster):
    """Replaces and deletes what lies under a path; `killed_before` and `killed_after` name a write, counted from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.killed_before = 0
        self.killed_after = 0

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        params: Params | None = None,
        timeout: float = 30.0,
    ) -> Response:
        self.writes += 1
        if self.writes == self.killed_before:
            raise Killed
        sent = json.loads(body)
        wanted = sent["preconditions"] if method == "DELETE" else sent["metadata"]
        if path in self.objects and wanted["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
            raise Conflict(f"{self.name}: {path} has changed", cluster=self.name, status=409)
        left = self.objects.pop(path) if method == "DELETE" else self.put(sent)
        if self.writes == self.killed_after:
            raise Killed
        return Response(status=200, headers={}, body=json.dumps(left).encode())
