"""Rows of the Releases view: the newest record of each release of one cluster, from metadata alone."""

from __future__ import annotations

from collections.abc import Iterator

from acp_tui.fleet.claims import Claims
from acp_tui.fleet.store import Store
from acp_tui.insight.grouping import chart_of, release_of
from acp_tui.insight.phrases import line
from acp_tui.insight.stuck import is_stuck
from acp_tui.insight.times import span
from acp_tui.model.objects import HelmRequest, Meta
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, ReleaseSummary, Revision
from acp_tui.model.release import Store as Keeper
from acp_tui.wire.helm import revision_of

_KEEPERS = (
    ("helm-secrets", Keeper.SECRET),
    ("helm-configmaps", Keeper.CONFIGMAP),
    ("captain-releases", Keeper.CAPTAIN),
)


def newest_revisions(store: Store) -> dict[ReleaseRef, Revision]:
    """The highest revision of each release; older ones that are not superseded (a failed upgrade) step back."""
    newest: dict[ReleaseRef, Revision] = {}
    for shelf, keeper in _KEEPERS:
        for item in store.shelves[shelf]:
            found = revision_of(item.metadata, store.cluster, keeper)
            if found is None:
                continue
            known = newest.get(found.ref)
            if known is None or (not found.unreadable, found.revision) > (not known.unreadable, known.revision):
                newest[found.ref] = found
    return newest


def release_rows(store: Store, claims: Claims, now: float) -> tuple[ReleaseSummary, ...]:
    """One row a release and store; chart names come from what was read or from the chart label of its workloads."""
    newest = newest_revisions(store)
    parts = _workloads_by_release(store, newest)
    rows = []
    for ref, revision in newest.items():
        metas = parts.get((ref.namespace, ref.name), [])
        owner = claims.owner(store, ref, metas)
        rows.append(_row(store, revision, owner, metas, claims.request(store, owner), now))
    return tuple(rows)


def _row(
    store: Store, revision: Revision, owner: Owner, metas: list[Meta], request: HelmRequest | None, now: float
) -> ReleaseSummary:
    ref = revision.ref
    told = store.told.get((ref, revision.revision))
    chart, version, app_version = "", "", ""
    if told is not None:
        chart, version, app_version = told.chart, told.chart_version, told.app_version
    elif metas:
        chart, version = next((found for meta in metas if (found := chart_of(meta))[0]), ("", ""))
        app_version = next((word for meta in metas if (word := _app_version(meta))), "")
    stuck = is_stuck(revision.status, revision.updated_at, now)
    return ReleaseSummary(
        ref=ref,
        revision=revision.revision,
        status=revision.status,
        stuck=stuck,
        chart=chart,
        chart_version=version,
        app_version=app_version,
        owner=owner,
        updated_at=revision.updated_at,
        reason=_reason(
            revision, told.description if told else "", request, silent=stuck and now - (revision.updated_at or now)
        ),
        project=store.project_of(ref.namespace),
        production=store.production,
        freshness=store.freshness,
        values_hash=told.values_hash if told else "",
    )


def _reason(revision: Revision, description: str, request: HelmRequest | None, *, silent: float) -> str:
    """What went wrong, in the words of the record, or of Captain where it never came to a record.

    `silent` is for how many seconds nobody has worked on a stuck release, 0 for all others.
    """
    if revision.unreadable:
        return f"record is odd: {revision.unreadable}"
    if request is not None and request.status is not None and request.status.phase == "Failed":
        return line(f"HelmRequest failed: {request.status.reason or 'no reason given'}")
    if silent:
        return f"{revision.status}, and nobody has worked on it for {span(silent)}"
    if revision.status in ("deployed", "superseded"):
        return ""
    return line(description)


def _workloads_by_release(store: Store, newest: dict[ReleaseRef, Revision]) -> dict[tuple[str, str], list[Meta]]:
    names = names_by_namespace(newest)
    parts: dict[tuple[str, str], list[Meta]] = {}
    for _, workload in store.workloads:
        meta = workload.metadata
        if place := release_of(meta, releases=names.get(meta.namespace or "", ())):
            parts.setdefault(place, []).append(meta)
    return parts


def names_by_namespace(newest: dict[ReleaseRef, Revision]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for ref in newest:
        names.setdefault(ref.namespace, []).append(ref.name)
    return names


def _app_version(meta: Meta) -> str:
    return (meta.labels or {}).get("app.kubernetes.io/version") or ""


def unexplained(store: Store, rows: tuple[ReleaseSummary, ...]) -> Iterator[tuple[ReleaseRef, int]]:
    """Releases whose record should be read because only it says what went wrong."""
    for row in rows:
        bad = row.status not in ("deployed", "superseded", "uninstalled")
        if bad and (row.ref, row.revision) not in store.told:
            yield row.ref, row.revision


def failed(row: ReleaseSummary) -> bool:
    """A release that needs somebody, whoever keeps it."""
    captain = row.owner.kind is OwnerKind.HELMREQUEST and row.reason.startswith("HelmRequest failed")
    return row.status == "failed" or captain
