"""The row of one cluster in the Fleet view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from acp_tui.fleet.shelf import Shelf
from acp_tui.fleet.store import Store
from acp_tui.fleet.summaries.releases import failed
from acp_tui.insight.phrases import line
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Health, Verdict
from acp_tui.model.quota import QuotaSummary
from acp_tui.model.release import ReleaseSummary

QUOTA_TIGHT = 0.9
_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "pods")
_BASICS = ("nodes", *_WORKLOADS)
_RECORDS = ("helm-secrets", "helm-configmaps")
_BAD = (Health.DEGRADED, Health.MISSING)


def cluster_row(
    store: Store,
    applications: Sequence[ApplicationSummary],
    releases: Sequence[ReleaseSummary],
    quotas: Sequence[QuotaSummary],
) -> ClusterSummary:
    """Counts are None where we do not know: not asked yet, or no right to ask."""
    nodes, pods = store.known("nodes"), store.known("pods")
    grouped, recorded = store.known(*_WORKLOADS), any(store.known(id) for id in (*_RECORDS, "captain-releases"))
    tight = max((row for row in quotas if row.worst), key=_ratio, default=None)
    verdict = _verdict(store, applications, releases, tight)
    return ClusterSummary(
        name=store.cluster,
        role=store.role,
        production=store.production,
        health=verdict.health,
        reason=verdict.reason,
        server=store.server,
        dialled=store.dialled,
        reachable=store.reachable,
        latency_ms=store.latency_ms,
        version=store.version,
        nodes_ready=store.nodes.ready if nodes else None,
        nodes=len(store.nodes) if nodes else None,
        problem_pods=store.pods.problems if pods else None,
        pods=len(store.pods) if pods else None,
        failing_applications=sum(1 for row in applications if row.health in _BAD) if grouped else None,
        applications=len(applications) if grouped else None,
        failed_releases=sum(1 for row in releases if failed(row)) if recorded else None,
        stuck_releases=sum(1 for row in releases if row.stuck) if recorded else None,
        releases=len(releases) if recorded else None,
        quotas=len(store.quotas) if store.known("resourcequotas") else None,
        worst_quota=_ratio(tight) if tight else None,
        worst_quota_name=_quota_name(tight) if tight else "",
        freshness=store.freshness,
        warnings=tuple(_warnings(store)),
    )


def _verdict(
    store: Store,
    applications: Sequence[ApplicationSummary],
    releases: Sequence[ReleaseSummary],
    tight: QuotaSummary | None,
) -> Verdict:
    """The worst thing that is true, told by its first cause: nodes before applications before the rest.

    A node or an application that fails makes the cluster fail; failed and stuck releases, nodes under pressure, problem
    pods and a quota that is nearly full are warnings. A cluster that does not answer, or of which we may see no
    workloads, is unknown; where we may see a part, the reason says which.
    """
    if store.reachable is False or store.problem:
        return Verdict(Health.UNKNOWN, store.problem or "no answer")
    basics = [store.shelves[id] for id in _BASICS]
    if not any(shelf.known for shelf in basics):
        refused = all(shelf.refused for shelf in basics)
        return Verdict(Health.UNKNOWN, "no right to list anything" if refused else _waiting_for(store, basics))
    if sick := _sick_nodes(store, Health.DEGRADED):
        return Verdict(Health.DEGRADED, sick)
    failing = sorted((row for row in applications if row.health in _BAD), key=lambda row: row.key)
    if failing:
        row = failing[0]
        return Verdict(Health.DEGRADED, _with_more(f"{row.ref.namespace}/{row.ref.name}: {row.reason}", len(failing)))
    warning = next(_worries(store, releases, tight), "")
    if warning:
        return Verdict(Health.PROGRESSING, warning)
    if not all(shelf.known or shelf.refused for shelf in basics):
        return Verdict(Health.UNKNOWN, "not all of it was read yet")
    if not any(store.known(id) for id in _WORKLOADS):
        return Verdict(Health.UNKNOWN, _limits(store))
    return Verdict(Health.HEALTHY, _limits(store))


def _waiting_for(store: Store, basics: Sequence[Shelf[Any]]) -> str:
    """What stands between the start and a picture of the cluster."""
    if not store.dialled:
        return "not dialled: open it to look at it"
    if store.reachable is None:
        host = store.server.partition("://")[2].partition("/")[0]
        return f"connecting… no answer from {host or 'its server'} yet"
    unread = [id for id, shelf in zip(_BASICS, basics, strict=True) if not (shelf.known or shelf.refused)]
    return f"connecting… it answers, reading {', '.join(unread)}"


def _sick_nodes(store: Store, health: Health) -> str:
    sick = sorted((key, verdict.reason) for key, verdict in store.nodes.unwell.items() if verdict.health is health)
    return _with_more(f"node {sick[0][0].lstrip('/')}: {sick[0][1]}", len(sick)) if sick else ""


def _worries(store: Store, releases: Sequence[ReleaseSummary], tight: QuotaSummary | None) -> Iterator[str]:
    bad = [row for row in releases if failed(row)]
    if bad:
        why = f": {bad[0].reason}" if bad[0].reason else " failed"
        yield _with_more(f"release {bad[0].ref.namespace}/{bad[0].ref.name}{why}", len(bad))
    stuck = [row for row in releases if row.stuck]
    if stuck:
        yield _with_more(f"release {stuck[0].ref.namespace}/{stuck[0].ref.name} stuck in {stuck[0].status}", len(stuck))
    if pressed := _sick_nodes(store, Health.PROGRESSING):
        yield pressed
    if store.pods.problems:
        key = min(key for key, each in store.pods.unwell.items() if each.health in (*_BAD, Health.UNKNOWN))
        yield _with_more(f"pod {key}: {store.pods.unwell[key].reason}", store.pods.problems)
    if tight is not None and _ratio(tight) >= QUOTA_TIGHT:
        yield f"quota {_quota_name(tight)} at {_ratio(tight):.0%}"
    if store.unready:
        yield store.unready


def _warnings(store: Store) -> Iterator[str]:
    """What we cannot see, one line a kind; the rest of the row stands."""
    for shelf in store.shelves.values():
        if shelf.namespaces:
            yield f"{shelf.watch.id}: only in {_spaces(shelf.namespaces)} (no right to list all)"
        elif shelf.refused:
            yield f"{shelf.watch.id}: no right to list them"
        elif shelf.error is not None and store.reachable is not False:
            title = shelf.error.title if isinstance(shelf.error, AcpTuiError) else str(shelf.error)
            yield line(f"{shelf.watch.id}: {title}")


def _limits(store: Store) -> str:
    """How far our rights go, where they do not go all the way: the verdict holds for that much."""
    seen = dict.fromkeys(name for id in _WORKLOADS for name in store.shelves[id].namespaces)
    refused = [id for id in _BASICS if store.shelves[id].refused]
    parts = [f"only {_spaces(tuple(seen))} seen"] if seen else []
    parts += [f"no right to list {', '.join(refused)}"] if refused else []
    return line("; ".join(parts))


def _spaces(names: tuple[str, ...]) -> str:
    return f"namespace{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _with_more(text: str, count: int) -> str:
    return line(text if count == 1 else f"{text} (+{count - 1} more)")


def _ratio(row: QuotaSummary) -> float:
    return (row.worst.ratio or 0.0) if row.worst else 0.0


def _quota_name(row: QuotaSummary) -> str:
    return f"{row.namespace}/{row.name} {row.worst.resource if row.worst else ''}".strip()
