"""Columns of the Fleet view: a row a cluster."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    NOTHING,
    UNKNOWN,
    Cell,
    bad_of_cell,
    count_cell,
    health_cell,
    latency_cell,
    of_cell,
    percent_cell,
    text_cell,
)
from acp_tui.fleet.columns import Column, View, environment_column, freshness_cell, maybe, text_column
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import Age
from acp_tui.model.health import Health, Tone

_RANK = {Health.DEGRADED: 0, Health.MISSING: 0, Health.PROGRESSING: 2, Health.UNKNOWN: 3}


def _cluster_health(row: ClusterSummary, now: float) -> Cell:
    if row.reachable is False:
        return Cell("DOWN", Tone.UNKNOWN)
    if row.freshness.state is Age.NEVER:
        return UNKNOWN
    if row.freshness.state in (Age.STALE, Age.CACHED):
        return Cell("STALE", Tone.STALE)
    return health_cell(row.health)


def _cluster_releases(row: ClusterSummary, now: float) -> Cell:
    if row.failed_releases is None:
        return UNKNOWN
    if row.failed_releases:
        return Cell(f"{row.failed_releases} failed", Tone.FAIL)
    if row.stuck_releases:
        return Cell(f"{row.stuck_releases} stuck", Tone.WARN)
    return Cell("0", Tone.DIM)


def _cluster_severity(row: ClusterSummary) -> int:
    """What fails, then what is silent, then what warns, then what is not known yet, and last what nobody asked."""
    if not row.dialled:
        return 5
    return 1 if row.reachable is False else _RANK.get(row.health, 4)


CLUSTERS: View[ClusterSummary] = View(
    id="clusters",
    title="Clusters",
    digit="1",
    kind_word="clusters",
    order=lambda row: (_cluster_severity(row), row.name),
    columns=(
        text_column("name", "CLUSTER", 15, lambda row: row.name, grow=1, middle=True, names=True),
        environment_column(lambda row: row.production),
        text_column("role", "ROLE", 8, lambda row: row.role.value, priority=3),
        Column(id="health", title="HEALTH", width=7, glyph=True, cell=_cluster_health, sort=_cluster_severity),
        Column(
            id="version",
            title="VERSION",
            width=9,
            priority=1,
            cell=lambda row, now: text_cell(row.version.removeprefix("v")),
            sort=lambda row: row.version,
        ),
        Column(
            id="latency",
            title="LATENCY",
            width=7,
            priority=2,
            align="right",
            cell=lambda row, now: latency_cell(row.latency_ms),
            sort=lambda row: maybe(row.latency_ms),
        ),
        Column(
            id="nodes",
            title="NODES",
            width=7,
            align="right",
            cell=lambda row, now: of_cell(row.nodes_ready, row.nodes, good=Tone.PLAIN),
            sort=lambda row: maybe(row.nodes),
        ),
        Column(
            id="pods",
            title="BAD PODS",
            width=8,
            align="right",
            cell=lambda row, now: count_cell(row.problem_pods),
            sort=lambda row: maybe(row.problem_pods),
        ),
        Column(
            id="applications",
            title="BAD APPS",
            width=8,
            align="right",
            cell=lambda row, now: bad_of_cell(row.failing_applications, row.applications),
            sort=lambda row: maybe(row.failing_applications),
        ),
        Column(
            id="releases",
            title="RELEASES",
            width=9,
            align="right",
            cell=_cluster_releases,
            sort=lambda row: maybe(row.failed_releases),
        ),
        Column(
            id="quota",
            title="QUOTA",
            width=5,
            align="right",
            cell=lambda row, now: NOTHING if row.quotas == 0 else percent_cell(row.worst_quota),
            sort=lambda row: maybe(row.worst_quota),
        ),
        Column(
            id="age",
            title="AGE",
            width=4,
            ages=True,
            align="right",
            cell=lambda row, now: freshness_cell(row.freshness, now),
            sort=lambda row: maybe(row.freshness.confirmed_at),
        ),
        text_column("quota_name", "FULLEST QUOTA", 24, lambda row: row.worst_quota_name, tone=Tone.DIM, priority=5),
        Column(
            id="reason",
            quotes=True,
            title="REASON",
            width=15,
            priority=2,
            grow=4,
            cell=lambda row, now: text_cell(row.reason or row.freshness.reason),
            sort=lambda row: row.reason,
        ),
        text_column("server", "SERVER", 28, lambda row: row.server, tone=Tone.DIM, priority=7),
    ),
)
