"""Quota use, per namespace and summed over a project."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from acp_tui.model.freshness import NEVER, Freshness


class QuotaUse(Struct, frozen=True):
    """One resource of a quota; exact, because quantities are decimal and binary at once."""

    resource: str
    used: Fraction | None
    hard: Fraction

    @property
    def ratio(self) -> float | None:
        """used / hard, None where use is unknown; a hard limit of zero is full."""
        if self.used is None:
            return None
        if self.hard == 0:
            return 1.0
        return float(self.used / self.hard)


class QuotaSummary(Struct, frozen=True):
    """A row of the Quotas view: a ResourceQuota, or (`namespace` empty) the total of a project in a cluster.

    For a project total `uses` sums the hard values of its namespaces against the project's cap, because ACP's
    cap bites on what namespaces are promised, not on what they use.
    """

    cluster: str
    namespace: str
    name: str
    project: str = ""
    uses: tuple[QuotaUse, ...] = ()
    production: bool = False
    freshness: Freshness = NEVER

    @property
    def key(self) -> str:
        return f"{self.cluster}/{self.namespace}/{self.name}/{self.project}"

    @property
    def worst(self) -> QuotaUse | None:
        known = [use for use in self.uses if use.ratio is not None]
        return max(known, key=lambda use: use.ratio or 0.0, default=None)
