"""The command `acp-tui`, and `python -m acp_tui`."""

from __future__ import annotations

import sys

import acp_tui

TYPE_CHECKING = False
if TYPE_CHECKING:
    from acp_tui.terminal.lastscreen import LastScreen

INTERRUPTED = 130
"""`cli.codes.CANCELLED`, which is not imported that early."""


def main() -> None:
    """Runs the command line and leaves with its documented exit code."""
    if sys.argv[1:] == ["--version"]:  # asked for by scripts again and again, and worth no import
        print(f"acp-tui, version {acp_tui.__version__}")
        return
    from acp_tui.terminal.lastscreen import last_screen

    try:
        with last_screen(sys.argv[1:]) as last:
            code = _run(last)
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _run(last: LastScreen) -> int:
    from acp_tui.fleet.bulk import BulkLoad

    importing = BulkLoad()
    importing.begin()
    from acp_tui.cli.main import run
    from acp_tui.cli.target import Look, Program, Target

    importing.end()

    def open_console(target: Target, look: Look) -> None:
        from acp_tui import console

        console.open_console(target, look, last)

    return run(sys.argv[1:], Program(open_console, leave=last.leave))


if __name__ == "__main__":
    main()
