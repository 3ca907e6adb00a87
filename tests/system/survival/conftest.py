"""Desks whose requests can be held, and the Helms of the bed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from testbed.bed import Bed
from tests.system.survival.desk import Desk, sitting
from tests.system.survival.turnstile import turnstile

Sit = Callable[[], AbstractAsyncContextManager[Desk]]


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def desk(bed: Bed, namespace: str, engines: Sequence[HelmEngine], tmp_path: Path) -> AsyncIterator[Desk]:
    async with sitting(bed, namespace, engines, tmp_path) as desk:
        yield desk


@pytest.fixture
def sit(bed: Bed, engines: Sequence[HelmEngine], tmp_path: Path) -> Sit:
    """`async with sit() as desk`: as many desks as a test wants, each in a namespace and a folder of its own."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Desk]:
        async with namespace_of_its_own(bed) as name:
            folder = tmp_path / name
            folder.mkdir()
            async with sitting(bed, name, engines, folder) as desk:
                yield desk

    return made


@pytest.fixture
async def sit_together(bed: Bed, engines: Sequence[HelmEngine], tmp_path: Path) -> AsyncIterator[Sit]:
    """Desks of one engineer: each in a namespace of its own, all with one turnstile and one folder."""
    async with turnstile(bed["east"]) as gate:

        @asynccontextmanager
        async def made() -> AsyncIterator[Desk]:
            async with namespace_of_its_own(bed) as name, sitting(bed, name, engines, tmp_path, gate) as desk:
                yield desk

        yield made


@asynccontextmanager
async def namespace_of_its_own(bed: Bed) -> AsyncIterator[str]:
    name, east = f"t-kills-{os.urandom(4).hex()}", bed["east"]
    await asyncio.to_thread(east.request, "POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield name
    finally:
        await asyncio.to_thread(east.request, "DELETE", f"/api/v1/namespaces/{name}")
