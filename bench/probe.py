"""The console's data side in a process of its own: what it costs to read these clusters, printed as JSON."""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec

from bench.proc import resident


class Cost(msgspec.Struct, frozen=True):
    """Seconds of CPU and of the clock until all was there, the longest the loop was busy in one round (seconds of
    CPU), memory afterwards in MiB, requests, seconds to the first rows, bytes moved, and what decoding the same bytes
    alone costs (seconds of CPU)."""

    cpu: float = 0.0
    clock: float = 0.0
    stall: float = 0.0
    resident: float = 0.0
    requests: int = 0
    rows: int = 0
    first: float = 0.0
    moved: int = 0
    bare: float = 0.0


class Rounds:
    """CPU time of each round of the loop, by a callback that is always there; `longest` in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = 0.0

    def start(self) -> None:
        self._last = time.thread_time()
        asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = time.thread_time()
        asyncio.get_running_loop().call_later(0.001, self._round)


def probe(what: str, ports: Sequence[int], *, pods: int, authority: str = "") -> Cost:
    """Runs one measurement in a fresh process; with the file of an `authority` over TLS."""
    given = (f"--pods={pods}", f"--authority={authority}")
    command = [sys.executable, "-m", "bench.probe", what, *map(str, ports), *given]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    return msgspec.json.decode(done.stdout, type=Cost)


async def read_fleet(ports: Sequence[int], *, pods: int, rounds: Rounds | None = None, authority: bytes = b"") -> Cost:
    """Every cluster read, as many as a program watches followed, all views made.

    What is imported is imported before: `cold_start` measures that. `rounds` look at the loop and cost CPU themselves.
    """
    import acp_tui.clients.kube.session  # noqa: F401 - the first request would
    from acp_tui.clients.kube.context import Context, Tls
    from acp_tui.fleet.fleet import Fleet

    scheme, tls = ("https", Tls(ca_data=authority)) if authority else ("http", Tls())
    fleet = Fleet([Context(f"c{port}", f"{scheme}://127.0.0.1:{port}", f"c{port}", tls=tls) for port in ports])
    changed = asyncio.Event()
    fleet.subscribe(lambda views: changed.set())
    if rounds is not None:
        rounds.start()
    cpu, clock = time.process_time(), time.perf_counter()
    fleet.start()
    rows = 0
    while rows < pods * len(ports):
        await changed.wait()
        changed.clear()
        rows = sum(row.pods or 0 for row in fleet.clusters())
    transports = [fleet.session(name).transport for name in fleet.names]
    cost = Cost(
        cpu=time.process_time() - cpu,
        clock=time.perf_counter() - clock,
        stall=rounds.longest if rounds else 0.0,
        resident=resident(os.getpid()),
        requests=sum(each.stats.requests for each in transports),
        moved=sum(each.stats.bytes_in for each in transports),
        rows=rows,
    )
    await fleet.close()
    return cost


async def read_table(ports: Sequence[int], *, pods: int, only_rows: bool = False) -> Cost:
    """`:pods` of one cluster; `first` is the time to the first rows, memory is with all of them identified.

    `only_rows` leaves out what the other views follow, so that the bytes are those of the rows.
    """
    import acp_tui.clients.kube.session  # noqa: F401 - the first request would
    from acp_tui.clients.kube.context import Context
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.fleet.inspect import Inspector
    from acp_tui.fleet.watchplan import ALL_VIEWS

    alone = frozenset({"releases"}) if only_rows else ALL_VIEWS
    fleet = Fleet([Context("one", f"http://127.0.0.1:{ports[0]}", "one")], views=alone)
    rounds = Rounds()
    rounds.start()
    cpu, clock = time.process_time(), time.perf_counter()
    fleet.start()
    first = all_there = spent = 0.0
    table = None
    async with aclosing(Inspector(fleet).rows_first("pods")) as snapshots:
        async for table in snapshots:
            now = time.perf_counter() - clock
            first = first or (now if table.rows else 0.0)
            if len(table.rows) == pods:
                all_there, spent = now, time.process_time() - cpu
                break
        stats = fleet.session("one").transport.stats
        requests, moved = stats.requests, stats.bytes_in
        await fleet.settled(60)
        rows = sum(row.pods or 0 for row in fleet.clusters())
        cost = Cost(
            cpu=spent,
            clock=all_there,
            stall=rounds.longest,
            resident=resident(os.getpid()),
            requests=requests,
            rows=rows,
            first=first,
            moved=moved,
        )
    await fleet.close()
    return cost


def whole_list(pods: int) -> int:
    """Bytes of the same pods as the full list that `kubectl get pods -A -o json` moves, compressed."""
    from bench.canned import pod_list

    return len(gzip.compress(pod_list(0, pods, more=False), 1))


async def read_floor(ports: Sequence[int]) -> Cost:
    """The requests that reading these clusters takes, one after the other, their answers thrown away unread."""
    import acp_tui.clients.kube.session  # noqa: F401 - the first request would
    from acp_tui.clients.errors import NotFound
    from acp_tui.clients.kube.context import Context
    from acp_tui.clients.kube.http import Dialer, HttpTransport
    from acp_tui.fleet.watchplan import PLAN, built_in

    lists = [kind.path() for watch in PLAN if (kind := built_in(watch)) is not None]
    paths = ("/readyz", "/version", "/api/v1/namespaces/kube-public/configmaps/global-info", "/api", "/apis", *lists)

    async def read(transport: HttpTransport) -> None:
        for path in paths:
            with suppress(NotFound):
                await transport.get(path)

    dial = Dialer()
    transports = [dial(Context(f"c{port}", f"http://127.0.0.1:{port}", f"c{port}")) for port in ports]
    cpu = time.process_time()
    for start in range(0, len(transports), 6):
        await asyncio.gather(*(read(each) for each in transports[start : start + 6]))
    cost = Cost(cpu=time.process_time() - cpu, requests=len(paths) * len(ports))
    await asyncio.gather(*(each.close() for each in transports))
    return cost


def bare(*, clusters: int, pods: int) -> Cost:
    """The same pages, as they come over the wire, made the same values, and nothing else: inflated and decoded.

    Not even cleaned, which the console does with every byte.
    """
    from acp_tui.clients.kube.http import inflate
    from acp_tui.model.objects import Pod
    from acp_tui.wire.kubernetes import decode_list
    from bench.canned import pod_list

    page = gzip.compress(pod_list(0, pods, more=False), 1)
    kept = []
    gc.disable()
    cpu = time.process_time()
    for _ in range(clusters):
        kept.append(decode_list(inflate(page) or b"", Pod))
    return Cost(bare=time.process_time() - cpu, rows=sum(len(each.items) for each in kept))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("fleet", "stalls", "floor", "table", "rows", "bare"))
    parser.add_argument("ports", nargs="*", type=int)
    parser.add_argument("--pods", type=int, required=True)
    parser.add_argument("--authority", default="")
    given = parser.parse_args()
    authority = Path(given.authority).read_bytes() if given.authority else b""
    if given.what == "bare":
        cost = bare(clusters=given.ports[0], pods=given.pods)
    else:
        work = {
            "fleet": lambda: read_fleet(given.ports, pods=given.pods, authority=authority),
            "floor": lambda: read_floor(given.ports),
            "stalls": lambda: read_fleet(given.ports, pods=given.pods, rounds=Rounds()),
            "table": lambda: read_table(given.ports, pods=given.pods),
            "rows": lambda: read_table(given.ports, pods=given.pods, only_rows=True),
        }
        cost = asyncio.run(work[given.what]())
    print(json.dumps(msgspec.to_builtins(cost)))


if __name__ == "__main__":
    main()
