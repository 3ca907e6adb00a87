"""A far cluster: rows over a link of 200 ms, and over one that loses 1 % of its packets.

In a network of its own where there are the rights and `tc` knows netem, so that the link of the machine is left alone;
everywhere else through a proxy that does the same to the bytes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from statistics import median

import msgspec

from bench.canned import CannedServers
from bench.measure import Measure
from bench.probe import probe
from bench.slow_proxy import SlowLink

PODS, RUNS = 10_000, 3
ROUND_TRIP, ROUND_TRIPS = 0.2, 3
LINKS = {"200 ms": 0.0, "200 ms and 1 % lost": 0.01}
_INSIDE = "ip link set lo up && tc qdisc add dev lo root netem delay 100ms loss {loss} limit 100000 && exec {program}"


class Seen(msgspec.Struct, frozen=True):
    """Seconds from the start of the reading to the first rows of the table, and to all of them."""

    first: float
    every: float


def measure() -> Iterable[Measure]:
    """Beside the time of three round trips; netem makes one more of the connection."""
    for name, loss in LINKS.items():
        through = "netem"
        runs = [_netem(loss) for _ in range(RUNS)]
        seen = [each for each in runs if each is not None]
        if len(seen) < RUNS:
            through, seen = "proxy", [_proxy(loss) for _ in range(RUNS)]
        first, every = median(each.first for each in seen), median(each.every for each in seen)
        what = f"{PODS:,} pods over {name} ({through})"
        allowed = ROUND_TRIP * (ROUND_TRIPS + (through == "netem"))
        yield Measure(f"{what}: first rows", "s", first, "three round trips", allowed, 1.33)
        yield Measure(f"{what}: all rows", "s", every, "first rows", first)


def _netem(loss: float) -> Seen | None:
    """None where it cannot be had here."""
    command = _INSIDE.format(loss=f"{loss:%}", program=f"{sys.executable} -m bench.slow_link")
    try:
        done = subprocess.run(["unshare", "-n", "sh", "-c", command], capture_output=True, timeout=120, check=False)
    except OSError:
        return None
    return msgspec.json.decode(done.stdout, type=Seen) if done.returncode == 0 else None


def _proxy(loss: float) -> Seen:
    with (
        CannedServers(clusters=1, pods=PODS) as servers,
        SlowLink(servers.ports[0], round_trip=ROUND_TRIP, loss=loss) as link,
    ):
        return _seen(link.port)


def _seen(port: int) -> Seen:
    cost = probe("table", [port], pods=PODS)
    return Seen(cost.first, cost.clock)


def main() -> None:
    """One reading, on a loopback device that is the slow link."""
    with CannedServers(clusters=1, pods=PODS) as servers:
        sys.stdout.write(msgspec.json.encode(_seen(servers.ports[0])).decode())


if __name__ == "__main__":
    main()
