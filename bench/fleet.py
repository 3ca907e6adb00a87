"""Reads 100 clusters of 500 pods each from servers that answer from memory, beside decoding the same bytes alone."""

from __future__ import annotations

from collections.abc import Iterable

from bench.canned import CannedServers
from bench.measure import Measure
from bench.probe import probe

CLUSTERS, PODS = 100, 500
STALL_SECONDS, RESIDENT_MIB = 0.05, 400.0


def measure() -> Iterable[Measure]:
    """CPU seconds, because both ends run on the same machine."""
    alone = probe("bare", [CLUSTERS], pods=PODS).bare
    with CannedServers(clusters=CLUSTERS, pods=PODS) as servers:
        cost = probe("fleet", servers.ports, pods=PODS)
    what = f"{CLUSTERS} clusters × {PODS} pods"
    return [
        Measure(f"{what}: all there, CPU", "s", cost.cpu, "decoding alone", alone, 2.0),
        Measure(f"{what}: longest round of the loop, CPU", "s", cost.stall, "budget", STALL_SECONDS, 1.0),
        Measure(f"{what}: resident memory", "MiB", cost.resident, "budget", RESIDENT_MIB, 1.0),
        Measure(f"{what}: requests a cluster", "", cost.requests / CLUSTERS, "kinds followed", 17.0),
    ]
