"""Reads 100 clusters of 500 pods each from servers that answer from memory, beside decoding the same bytes alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from statistics import median

from bench.canned import CannedServers
from bench.measure import Measure
from bench.probe import probe

CLUSTERS, PODS = 100, 500
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
STALL_SECONDS, RESIDENT_MIB = 0.05, 400.0


def measure() -> Iterable[Measure]:
    """CPU seconds, because both ends run on the same machine; medians of runs in turn.

    `decoding alone` inflates and decodes the pages of pods, and nothing else. What is below all that a client can do is
    the time that as many requests take of which nobody looks at the answers, added to it. Over TLS each cluster has
    the same authority, and each connection a handshake of its own.
    """
    with (
        CannedServers(clusters=CLUSTERS, pods=PODS) as servers,
        CannedServers(clusters=CLUSTERS, pods=PODS, tls=True) as safe,
    ):
        alone, floor, cost, stall, over_tls = [], [], [], [], []
        for _ in range(RUNS):
            alone.append(probe("bare", [CLUSTERS], pods=PODS).bare)
            floor.append(probe("floor", servers.ports, pods=PODS).cpu)
            before = sum(servers.connections())
            cost.append(probe("fleet", servers.ports, pods=PODS))
            made = sum(servers.connections()) - before - CLUSTERS
            stall.append(probe("stalls", servers.ports, pods=PODS).stall)
            over_tls.append(probe("fleet", safe.ports, pods=PODS, authority=safe.authority))
    what = f"{CLUSTERS} clusters × {PODS} pods"
    cpu, bare = median(each.cpu for each in cost), median(alone)
    resident, requests = median(each.resident for each in cost), median(each.requests for each in cost)
    return [
        Measure(f"{what}: all there, CPU", "s", cpu, "decoding alone", bare, 2.0),
        Measure(f"{what}: all there, CPU", "s", cpu, "decoding and requests alone", bare + median(floor)),
        Measure(f"{what}: all there, CPU over TLS", "s", median(each.cpu for each in over_tls), "without TLS", cpu),
        Measure(f"{what}: all there, clock", "s", median(each.clock for each in cost), "decoding alone", bare),
        Measure(f"{what}: longest round of the loop, CPU", "s", median(stall), "budget", STALL_SECONDS, 1.0),
        Measure(f"{what}: resident memory, no screen", "MiB", resident, "budget", RESIDENT_MIB, 1.0),
        Measure(
            f"{what}: resident memory over TLS", "MiB", median(each.resident for each in over_tls), "without", resident
        ),
        Measure(f"{what}: requests a cluster", "", requests / CLUSTERS, "kinds followed", 17.0),
        Measure(f"{what}: connections a cluster", "", made / CLUSTERS, "requests", requests / CLUSTERS),
    ]
