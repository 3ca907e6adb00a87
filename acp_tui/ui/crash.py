"""An application that ends because of an error of its own leaves a sentence and a report, and no secrets."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from pathlib import Path

from rich.text import Text
from textual.app import App

from acp_tui import __version__
from acp_tui.config.paths import state_dir
from acp_tui.model.errors import AcpTuiError


class Sturdy(App[None], inherit_bindings=False):
    """Writes where in the code it failed instead of printing the values there, which may be anybody's secrets."""

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1] or self._exception
        if error is None or "debug" in self.features:
            super()._fatal_error()
            return
        if self._exit_renderables:  # what else fails on the way out is not the cause
            return
        place = write_report(error)
        where = f"The report is in {place}; it names places in the code and no values." if place else ""
        sentence = f"acp-tui ended because of an error of its own: {type(error).__name__}."
        self._exit_renderables.append(Text("\n".join(filter(None, (sentence, where)))))
        self._close_messages_no_wait()


def report(error: BaseException) -> str:
    """The path of an error through the code, with its causes; words are given only for errors raised on purpose."""
    lines = [f"acp-tui {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"]
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        said = f": {cause.title}" if isinstance(cause, AcpTuiError) else ""
        lines += ["", f"{type(cause).__module__}.{type(cause).__qualname__}{said}"]
        lines += [line.rstrip() for line in traceback.format_tb(cause.__traceback__)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines) + "\n"


def write_report(error: BaseException, folder: Path | None = None) -> Path | None:
    """The file of the report, readable by its owner alone; None where it cannot be written."""
    folder = folder or state_dir()
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(report(error))
    except OSError:
        return None
    return path
