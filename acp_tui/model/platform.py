"""Projections of ACP's own objects that say who keeps a release."""

from __future__ import annotations

from acp_tui.model.objects import Condition, Meta, Projection


class AppReleaseChart(Projection, frozen=True):
    name: str | None = None
    release_name: str | None = None
    target_revision: str | None = None


class AppReleaseSource(Projection, frozen=True):
    charts: tuple[AppReleaseChart, ...] | None = None


class AppReleaseDestination(Projection, frozen=True):
    namespace: str | None = None


class AppReleaseSpec(Projection, frozen=True):
    source: AppReleaseSource | None = None
    destination: AppReleaseDestination | None = None


class AppReleaseChartStatus(Projection, frozen=True):
    phase: str | None = None
    release_name: str | None = None
    message: str | None = None


class AppReleaseStatus(Projection, frozen=True):
    charts: dict[str, AppReleaseChartStatus | None] | None = None
    conditions: tuple[Condition, ...] | None = None


class AppRelease(Projection, frozen=True):
    """appreleases.operator.alauda.io: a platform component, kept by the platform's own operator."""

    metadata: Meta = Meta()
    spec: AppReleaseSpec | None = None
    status: AppReleaseStatus | None = None


class ConfigData(Projection, frozen=True):
    """A ConfigMap's plain data (kube-public/global-info)."""

    metadata: Meta = Meta()
    data: dict[str, str | None] | None = None
