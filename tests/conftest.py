"""Nothing that a test does reaches the journal, the crash reports or the kept screens of the person who runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def folders_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with pytest.MonkeyPatch.context() as environment:
        # The programs of the test bed are built once a machine.
        environment.setenv("ACP_TUI_BED", os.environ.get("ACP_TUI_BED") or str(cache / "acp-tui" / "bed"))
        for kind in ("STATE", "CACHE"):
            environment.setenv(f"XDG_{kind}_HOME", str(tmp_path_factory.mktemp(kind.lower())))
        yield
