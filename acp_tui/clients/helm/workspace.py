"""A private folder for one operation: kubeconfig, values and chart, readable by nobody else, gone afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType


class Workspace:
    """A folder of mode 0700 with files of mode 0600, in $XDG_RUNTIME_DIR (memory, this user's) where there is one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        runtime = env.get("XDG_RUNTIME_DIR", "")
        parent = runtime if runtime and os.access(runtime, os.W_OK | os.X_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="acp-tui-helm-", dir=parent))

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def hide(self, text: str) -> str:
        """The text without this folder's path, which means nothing to a reader."""
        return text.replace(f"{self.folder}/", "")
