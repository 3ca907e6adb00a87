"""What 10,000 pods of one cluster hold in memory, listed, identified and watched."""

from __future__ import annotations

from collections.abc import Iterable

from bench.canned import CannedServers, pod_list
from bench.measure import Measure
from bench.probe import probe

PODS, FEW = 10_000, 500
BUDGET_MIB = 120.0


def measure() -> Iterable[Measure]:
    """Resident memory of a process that holds the fleet and the table of pods; the screen adds what Textual takes."""
    with CannedServers(clusters=1, pods=PODS) as large, CannedServers(clusters=1, pods=FEW) as small:
        full, less = probe("table", large.ports, pods=PODS), probe("table", small.ports, pods=FEW)
    what = f"{PODS:,} pods identified and watched"
    each = (full.resident - less.resident) * 2**20 / (PODS - FEW)
    return [
        Measure(what, "MiB", full.resident, "budget", BUDGET_MIB, 1.0),
        Measure(f"{what}: each", "bytes", each, "its JSON", len(pod_list(0, PODS, more=False)) / PODS, 1.0),
    ]
