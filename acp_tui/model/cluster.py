"""One cluster as a row of the fleet."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acp_tui.model.freshness import NEVER, Freshness
from acp_tui.model.health import Health


class Role(StrEnum):
    """What ACP makes of a cluster; PLAIN where there is no ACP."""

    GLOBAL = "global"
    WORKLOAD = "workload"
    PLAIN = "-"


class ClusterSummary(Struct, frozen=True):
    """A row of the Fleet view; None means not known, which is never the same as zero.

    A cluster that is not `dialled` is listed only: nobody has asked it anything.
    """

    name: str
    role: Role = Role.PLAIN
    production: bool = False
    health: Health = Health.UNKNOWN
    reason: str = ""
    server: str = ""
    dialled: bool = True
    reachable: bool | None = None
    latency_ms: float | None = None
    version: str = ""
    nodes_ready: int | None = None
    nodes: int | None = None
    problem_pods: int | None = None
    pods: int | None = None
    failing_applications: int | None = None
    applications: int | None = None
    failed_releases: int | None = None
    stuck_releases: int | None = None
    releases: int | None = None
    quotas: int | None = None
    worst_quota: float | None = None
    worst_quota_name: str = ""
    freshness: Freshness = NEVER
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.name
