"""Columns of the Quotas view: a row a ResourceQuota, and one a project total."""

from __future__ import annotations

from acp_tui.fleet.cells import (
    Cell,
    percent_cell,
    text_cell,
    use_cell,
)
from acp_tui.fleet.columns import Column, View, environment_column, maybe, text_column
from acp_tui.model.health import Tone
from acp_tui.model.quota import QuotaSummary, QuotaUse

_CPU = ("requests.cpu", "cpu", "limits.cpu")
_MEMORY = ("requests.memory", "memory", "limits.memory")
_PODS = ("pods", "count/pods")
_STORAGE = ("requests.storage",)


def _tightest(row: QuotaSummary, resources: tuple[str, ...]) -> QuotaUse | None:
    """Of several spellings of one resource the one nearest to its limit."""
    found = [use for use in row.uses if use.resource in resources]
    return max(found, key=lambda use: -1.0 if use.ratio is None else use.ratio, default=None)


def _quota_column(
    id: str, title: str, resources: tuple[str, ...], *, width: int, least: int = 0, priority: int = 0
) -> Column[QuotaSummary]:
    def ratio(row: QuotaSummary) -> float | None:
        use = _tightest(row, resources)
        return None if use is None else use.ratio

    return Column(
        id=id,
        title=title,
        width=width,
        least=least,
        priority=priority,
        grow=1,
        cell=lambda row, now: use_cell(_tightest(row, resources)),
        sort=lambda row: maybe(ratio(row)),
        bar=ratio,
    )


def _worst_ratio(row: QuotaSummary) -> float | None:
    return None if row.worst is None else row.worst.ratio


def _scope(row: QuotaSummary) -> str:
    return row.namespace or f"project {row.project}"


QUOTAS: View[QuotaSummary] = View(
    id="quotas",
    title="Quotas",
    digit="4",
    kind_word="quotas",
    order=lambda row: (not row.namespace, -(_worst_ratio(row) or 0.0), row.cluster, row.namespace, row.name),
    columns=(
        Column(
            id="namespace",
            title="NAMESPACE",
            width=16,
            least=15,
            names=True,
            middle=True,
            grow=1,
            cell=lambda row, now: Cell(_scope(row), Tone.PLAIN if row.namespace else Tone.ACCENT),
            sort=lambda row: (bool(row.namespace), _scope(row)),
        ),
        text_column(
            "cluster", "CLUSTER", 11, lambda row: row.cluster, least=9, priority=2, grow=1, middle=True, names=True
        ),
        environment_column(lambda row: row.production, priority=6),
        Column(
            id="name",
            title="QUOTA",
            width=9,
            priority=4,
            grow=1,
            cell=lambda row, now: text_cell(row.name if row.namespace else "sum of hard", Tone.DIM),
            sort=lambda row: row.name,
        ),
        text_column("project", "PROJECT", 10, lambda row: row.project, priority=4, grow=1),
        Column(
            id="worst",
            title="WORST",
            width=7,
            glyph=True,
            align="right",
            cell=lambda row, now: percent_cell(_worst_ratio(row)),
            sort=lambda row: maybe(_worst_ratio(row)),
        ),
        text_column(
            "worst_resource", "OF", 18, lambda row: row.worst.resource if row.worst else "", tone=Tone.DIM, priority=6
        ),
        _quota_column("cpu", "CPU", _CPU, width=21, least=18),
        _quota_column("memory", "MEMORY", _MEMORY, width=23, least=20, priority=1),
        _quota_column("pods", "PODS", _PODS, width=19, least=16, priority=3),
        _quota_column("storage", "STORAGE", _STORAGE, width=20, priority=6),
    ),
)
