"""Rows of the Quotas view: a row a ResourceQuota, and a total for each project in each cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acp_tui.fleet.store import Store
from acp_tui.insight.quota import project_total, uses_of
from acp_tui.model.objects import Project
from acp_tui.model.quota import QuotaSummary, QuotaUse


def quota_rows(store: Store) -> tuple[QuotaSummary, ...]:
    """All ResourceQuotas of one cluster."""
    return tuple(
        QuotaSummary(
            cluster=store.cluster,
            namespace=quota.metadata.namespace or "",
            name=quota.metadata.name or "",
            project=store.project_of(quota.metadata.namespace or ""),
            uses=uses_of(quota),
            production=store.production,
            freshness=store.freshness,
        )
        for quota in store.quotas
    )


def project_rows(projects: Iterable[Project], store: Store, rows: Iterable[QuotaSummary]) -> Iterator[QuotaSummary]:
    """Totals of the projects that have a quota in one cluster; `rows` are the quotas of that cluster."""
    quotas = list(rows)
    for project in projects:
        name = project.metadata.name or ""
        for place in (project.spec.clusters if project.spec else None) or ():
            if place.name not in store.names or not place.quota:
                continue
            namespaces: dict[str, list[tuple[QuotaUse, ...]]] = {}
            for row in quotas:
                if row.project == name:
                    namespaces.setdefault(row.namespace, []).append(row.uses)
            yield QuotaSummary(
                cluster=store.cluster,
                namespace="",
                name="",
                project=name,
                uses=project_total(place.quota, namespaces.values()),
                production=store.production,
                freshness=store.freshness,
            )
