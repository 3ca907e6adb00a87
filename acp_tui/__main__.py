"""The command `acp-tui`, and `python -m acp_tui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and leaves with its documented exit code."""
    from acp_tui.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
