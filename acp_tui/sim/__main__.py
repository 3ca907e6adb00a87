"""`python -m acp_tui.sim`: the fleet in a process of its own, until its caller goes away."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import ssl
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m acp_tui.sim", description=__doc__)
    parser.add_argument("--kubeconfig-out", type=Path, help="where to write the merged kubeconfig (0600)")
    parser.add_argument("--still", action="store_true", help="nothing happens by itself")
    parser.add_argument("--seed", type=int, default=7, help="the scenery is a function of this number")
    parser.add_argument("--scale", type=float, default=1.0, help="replicas of all workloads times this")
    parser.add_argument("--pace", type=float, default=1.0, help="times of all controllers times this")
    parser.add_argument("--only", action="append", default=[], metavar="CLUSTER", help="serve these clusters only")
    parser.add_argument("--parent-pid", type=int, help="exit when this process is gone")
    parser.add_argument("--keep", action="store_true", help="do not exit when standard input closes")
    parser.add_argument("--tls-cert", type=Path, help="serve HTTPS with this certificate chain")
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--tls-ca", type=Path, help="authority to write into the kubeconfig (default: the chain)")
    return parser.parse_args(argv)


async def _run(options: argparse.Namespace) -> None:
    from acp_tui.sim.captain import keep_captain
    from acp_tui.sim.cluster import ADMIN
    from acp_tui.sim.live import Life
    from acp_tui.sim.scenario.fleet import Scenery, fleet
    from acp_tui.sim.serve import private_dir, serve, write_private

    done = _end_signal()
    ours = os.getppid() == options.parent_pid  # asked before anybody knows of this process, too
    scenery = Scenery(
        seed=options.seed,
        scale=options.scale,
        pace=options.pace,
        admin_token=secrets.token_urlsafe(24),
        viewer_token=secrets.token_urlsafe(24),
        open_as="" if options.tls_cert else ADMIN.name,
    )
    specs = [spec for spec in fleet(scenery) if not options.only or spec.name in options.only]
    tls, authority = None, None
    if options.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.tls_cert, options.tls_key)
        authority = (options.tls_ca or options.tls_cert).read_bytes()
    made = None if options.kubeconfig_out else private_dir()
    path: Path = made / "kubeconfig" if made else options.kubeconfig_out
    restricted = path.with_name(f"{path.name}-viewer")
    life = None if options.still else Life(seed=options.seed)
    async with serve(specs, tls=tls, life=life) as running:
        write_private(path, running.kubeconfig(ca=authority))
        write_private(restricted, running.kubeconfig(user="viewer", ca=authority))
        duty = asyncio.create_task(keep_captain(running, path))
        try:
            ready = {
                "kubeconfig": str(path),
                "viewer": str(restricted),
                "clusters": list(running.clusters),
                "pid": os.getpid(),
            }
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            await _until_unwanted(options, done, child=ours)
        finally:
            duty.cancel()
            await asyncio.gather(duty, return_exceptions=True)
            _remove(path, restricted, made)


def _remove(path: Path, restricted: Path, made: Path | None) -> None:
    """Take away what was written: the tokens in it are worth nothing from now on."""
    path.unlink(missing_ok=True)
    restricted.unlink(missing_ok=True)
    if made is not None:
        with contextlib.suppress(OSError):
            made.rmdir()


def _end_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; armed before anybody knows of this process."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(done.set))
    return done


async def _until_unwanted(options: argparse.Namespace, done: asyncio.Event, *, child: bool) -> None:
    """Wait for a signal, the end of standard input, or the death of the parent (not on Windows)."""
    parent = options.parent_pid if sys.platform != "win32" else None
    if not options.keep:
        _watch_input(done)
    while not done.is_set():
        try:
            async with asyncio.timeout(1.0):
                await done.wait()
        except TimeoutError:
            if parent and not _alive(parent, child=child):
                return


def _watch_input(done: asyncio.Event) -> None:
    """Sets the event when nobody holds the other end of standard input any more; files and terminals have none."""
    kind = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # it ended for another reason
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=read, daemon=True).start()


def _alive(pid: int, *, child: bool) -> bool:
    """Whether the process is there; one whose child we are has left us even while its remains keep the number."""
    if child:
        return os.getppid() == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the process."""
    asyncio.run(_run(_arguments(argv)))


if __name__ == "__main__":
    main()
