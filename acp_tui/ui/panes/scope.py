"""How many clusters answer, counted and put into words: nobody may take an old or partial picture for a whole one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from acp_tui.fleet.cells import age
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import Age
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span


class Scope(Struct, frozen=True):
    """Clusters by how they answer; `oldest` is when the longest silent one last did, `listed` were never dialled."""

    live: int = 0
    listed: int = 0
    stale: int = 0
    down: int = 0
    waiting: tuple[str, ...] = ()
    oldest: float | None = None

    @classmethod
    def of(cls, clusters: Iterable[ClusterSummary]) -> Scope:
        live = stale = down = listed = 0
        waiting: list[str] = []
        silent: list[float] = []
        for cluster in clusters:
            if not cluster.dialled:
                listed += 1
            elif cluster.reachable is False:
                down += 1
            elif cluster.freshness.state in (Age.LIVE, Age.POLLED):
                live += 1
            elif cluster.freshness.state is Age.NEVER:
                waiting.append(cluster.name)
            else:
                stale += 1
                if cluster.freshness.confirmed_at is not None:
                    silent.append(cluster.freshness.confirmed_at)
        return cls(live, listed, stale, down, tuple(waiting), min(silent, default=None))

    @property
    def total(self) -> int:
        return self.live + self.listed + self.stale + self.down + len(self.waiting)

    def counts(self, *, short: bool = False) -> tuple[Span, ...]:
        """`6 clusters · 4 live · 1 stale · 1 down`, for the heading; `short` names only what is not live."""
        if not self.total:
            return ()
        all_of_them = f"{self.total} cluster{'' if self.total == 1 else 's'}"
        amiss = [
            (f"{number} {word}", tone)
            for number, word, tone in (
                (len(self.waiting), "connecting", Tone.ACCENT),
                (self.stale, "stale", Tone.STALE),
                (self.down, "down", Tone.FAIL),
            )
            if number
        ]
        live = [(f"{self.live} live", Tone.DIM)] if self.live else []
        if self.listed:
            live.append((f"{self.listed} not dialled", Tone.DIM))
        parts = amiss if short and amiss else [(all_of_them, Tone.DIM), *live, *amiss]
        return _joined(parts)

    def state(self, now: float) -> tuple[Span, ...]:
        """The right end of a pane's edge: `live`, or what of the picture is not."""
        if not self.total:
            return ()
        if self.live and self.live + self.listed == self.total:
            return (("live", Tone.DIM),)
        spans: list[Span] = []
        if self.stale:
            spans.append((f"{self.stale} stale {age(self.oldest, now)}", Tone.STALE))
        if self.down:
            spans.append((f"{self.down} down", Tone.FAIL))
        if self.waiting:
            spans.append((f"{len(self.waiting)} connecting", Tone.ACCENT))
        if self.listed and not spans:
            spans.append(("not dialled", Tone.DIM))
        return _joined(spans)


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(part for span in spans for part in ((" · ", Tone.DIM), span))[1:]


def problems_of(clusters: Iterable[ClusterSummary]) -> int:
    """Failing applications, failed or stuck releases and silent clusters, counted once each."""
    return sum(
        (cluster.failing_applications or 0)
        + (cluster.failed_releases or 0)
        + (cluster.stuck_releases or 0)
        + (cluster.reachable is False)
        for cluster in clusters
    )
