"""A scripted API server on loopback, and the transport that dials it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.http import HttpTransport
from tests.fakes.api_server import FakeApiServer, running


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with running() as fake:
        yield fake


@asynccontextmanager
async def dialled(url: str, **settings: Any) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(Context(name="prod", server=url, **settings), env={})
    try:
        yield transport
    finally:
        await transport.close()
