"""A desk whose requests can be held, and the Helms of the bed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from testbed.bed import Bed
from tests.system.survival.desk import Desk, sitting


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def desk(bed: Bed, namespace: str, engines: Sequence[HelmEngine], tmp_path: Path) -> AsyncIterator[Desk]:
    async with sitting(bed, namespace, engines, tmp_path) as desk:
        yield desk
