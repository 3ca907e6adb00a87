"""Shows 10,000 pods of one cluster row by row, beside the bytes of the full list of the same pods."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from bench.canned import CannedServers
from bench.measure import Measure
from bench.pod import SPACES
from bench.probe import probe, whole_list

PODS, RUNS = 10_000, 5
BYTES_BUDGET = 0.2
"""Of the compressed full list; the columns hold what cannot be compressed, names and addresses."""


def measure() -> Iterable[Measure]:
    """The median of five runs, each in a process of its own; seconds count from the start of the reading."""
    with CannedServers(clusters=1, pods=PODS) as servers:
        costs = [probe("rows", servers.ports, pods=PODS) for _ in range(RUNS)]
    what = f"{PODS:,} pods"
    first, everything = median(cost.first for cost in costs), median(cost.clock for cost in costs)
    moved, requests = median(cost.moved for cost in costs), median(cost.requests for cost in costs)
    return [
        Measure(f"{what}: until all rows are there", "bytes", moved, "full list, gzip", whole_list(PODS), BYTES_BUDGET),
        Measure(f"{what}: requests until all rows are there", "", requests, "namespaces", SPACES),
        Measure(f"{what}: first rows", "s", first, "all rows", everything),
    ]
