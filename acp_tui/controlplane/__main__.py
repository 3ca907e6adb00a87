"""`python -m acp_tui.controlplane`: Captain over the clusters of a kubeconfig, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m acp_tui.controlplane", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="the clusters to work on (default: as kubectl)")
    parser.add_argument("--global", dest="main", required=True, metavar="CONTEXT", help="context of the global cluster")
    parser.add_argument(
        "--name", action="append", default=[], metavar="CONTEXT=NAME", help="what HelmRequests call a cluster"
    )
    parser.add_argument("--engine", default="", help="Helm engine: helm3, helm4, embedded, or a path to a helm binary")
    parser.add_argument("--conditions", choices=("recorded", "documented"), default="recorded")
    parser.add_argument("--history", type=int, default=10, help="revisions kept of each release")
    parser.add_argument(
        "--give-up-deletion", type=int, default=0, metavar="N", help="let a HelmRequest go after N failed deletions"
    )
    parser.add_argument("--removal-timeout", type=int, default=60, help="seconds that hooks of a deletion may take")
    parser.add_argument("--sync-timeout", type=int, default=180, help="seconds that hooks of a sync may take")
    parser.add_argument("--first-retry", type=float, default=1.0, help="seconds before a failed sync is tried again")
    parser.add_argument("--workers", type=int, default=2, help="HelmRequests that are worked on at once")
    return parser.parse_args(argv)


async def _run(options: argparse.Namespace) -> None:
    from acp_tui.controlplane.crew import captain_of
    from acp_tui.controlplane.settings import Settings, Style

    settings = Settings(
        style=Style(options.conditions),
        history_limit=options.history,
        give_up_deletion=options.give_up_deletion,
        removal_timeout=options.removal_timeout,
        sync_timeout=options.sync_timeout,
        first_retry=options.first_retry,
        workers=options.workers,
    )
    called = dict(each.split("=", 1) for each in options.name)
    captain = captain_of(options.kubeconfig, main=options.main, called=called, engine=options.engine, settings=settings)
    running = asyncio.ensure_future(captain.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(running.cancel))
    logging.info("Captain is on duty for %s", options.main)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the process; exit code 2 or 3 for what is wrong with options or kubeconfig."""
    from acp_tui.model.errors import AcpTuiError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        asyncio.run(_run(_arguments(argv)))
    except AcpTuiError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
