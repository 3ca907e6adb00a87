"""Rows of the Applications view: workloads of one cluster grouped by the marks they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acp_tui.fleet.store import Store
from acp_tui.fleet.summaries.groups import Grouping, strangers
from acp_tui.insight.grouping import APPLICATION_GROUP, Group, chart_of
from acp_tui.insight.health.builtin import health_of, template_of
from acp_tui.insight.health.rollup import judge_workload, roll_up
from acp_tui.insight.health.workloads import health_of_workload, rolling
from acp_tui.insight.hooks import is_spent
from acp_tui.insight.owners import argo_application
from acp_tui.insight.times import epoch
from acp_tui.model.application import ApplicationSource, ApplicationSummary
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import ApplicationObject, Job, Meta, Workload, WorkloadStatus
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import OwnerKind, ReleaseSummary

RELEASE_GROUP, RELEASE_KIND = "helm.sh", "Release"
INSTANCE_KIND = "Instance"
NO_WORKLOADS = Verdict(Health.SUSPENDED, "no workloads")
_API_GROUP = {"Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "ReplicaSet": "apps"}
_FROM_REQUEST = "sync-from-helmrequest"


class Part(NamedTuple):
    """One component of an application; `pods` is how many it keeps running, of which `pods_ready` are ready."""

    kind: str
    meta: Meta
    verdict: Verdict
    pods_ready: int = 0
    pods: int = 0


def application_rows(store: Store, releases: Iterable[ReleaseSummary], now: float) -> tuple[ApplicationSummary, ...]:
    """One row an application; nothing while the workloads are not known."""
    by_name = {(row.ref.namespace, row.ref.name): row for row in releases}
    grouping = Grouping(store, by_name)
    groups: dict[Group, list[Part]] = {}
    objects: dict[tuple[str, str], ApplicationObject] = {}
    for found in store.applications:
        place = (found.metadata.namespace or "", found.metadata.name or "")
        objects[place] = found
        groups[Group(ApplicationSource.APPLICATION, *place)] = []
    for part in parts(store, now):
        groups.setdefault(grouping.of(part.kind, part.meta), []).append(part)
    return tuple(
        _row(
            store,
            group,
            _counting(members, by_name.get((group.namespace, group.name))),
            objects.get((group.namespace, group.name)),
            by_name.get((group.namespace, group.name)),
        )
        for group, members in groups.items()
    )


def _counting(members: list[Part], release: ReleaseSummary | None) -> list[Part]:
    """Without the Jobs and Pods that a failed hook of an earlier revision left."""
    if release is None:
        return members
    return [
        part
        for part in members
        if part.verdict.health is not Health.DEGRADED
        or not is_spent(part.meta, status=release.status, written_at=release.updated_at)
    ]


def parts(store: Store, now: float) -> Iterator[Part]:
    """Everything that stands on its own: workloads, schedules, and Jobs, ReplicaSets and pods nobody else keeps."""
    for kind, workload in store.workloads:
        yield Part(kind, workload.metadata, workload_verdict(store, kind, workload, now), *pods_of(kind, workload))
    for replica_set in store.replica_sets.by_owner.get("", {}).values():
        verdict = workload_verdict(store, "ReplicaSet", replica_set, now)
        yield Part("ReplicaSet", replica_set.metadata, verdict, *pods_of("ReplicaSet", replica_set))
    for schedule in store.cron_jobs:
        yield Part("CronJob", schedule.metadata, health_of("CronJob", schedule))
    for job in store.jobs.by_owner.get("", {}).values():
        yield Part("Job", job.metadata, job_verdict(store, job))
    yield from _pods_alone(store)


def pods_of(kind: str, workload: Workload) -> tuple[int, int]:
    """Ready pods of a workload, and how many it wants; a Deployment that says no number wants one."""
    status = workload.status or WorkloadStatus()
    if kind == "DaemonSet":
        return status.number_ready or 0, status.desired_number_scheduled or 0
    replicas = workload.spec.replicas if workload.spec else None
    return status.ready_replicas or 0, 1 if replicas is None else replicas


def workload_verdict(store: Store, kind: str, workload: Workload, now: float) -> Verdict:
    """What its status says, with the verdicts on its pods."""
    own = health_of_workload(kind, workload, now=now)
    if own.health is not Health.PROGRESSING and store.pods.troubled.isdisjoint(
        store.pod_owners(kind, workload.metadata.uid)
    ):
        return own
    pods = [(template_of(pod.metadata), store.pods.verdict(pod)) for pod in store.pods_of(kind, workload.metadata.uid)]
    refused = _refusal(store, kind, workload, now) if own.health is Health.PROGRESSING else None
    return judge_workload(refused or own, rolling=rolling(kind, workload), pods=pods)


def job_verdict(store: Store, job: Job) -> Verdict:
    """A Job's own word; while it runs, the reason a pod of it gives."""
    own = health_of("Job", job)
    if own.health is not Health.PROGRESSING:
        return own
    pods = [store.pods.verdict(pod) for pod in store.pods.owned_by(job.metadata.uid)]
    worst = roll_up(pods, none=own)
    return worst if worst.health is Health.DEGRADED else own


def _refusal(store: Store, kind: str, workload: Workload, now: float) -> Verdict | None:
    """What a ReplicaSet of a Deployment is refused; the Deployment itself says so only later."""
    if kind != "Deployment":
        return None
    verdicts = (
        health_of_workload("ReplicaSet", each, now=now) for each in store.replica_sets.owned_by(workload.metadata.uid)
    )
    return next((each for each in verdicts if each.health is Health.DEGRADED), None)


def _pods_alone(store: Store) -> Iterator[Part]:
    """Pods without an owner, and those of owners no rule knows, one part an owner."""
    for pod in store.pods.by_owner.get("", {}).values():
        yield Part("Pod", pod.metadata, store.pods.verdict(pod))
    for owner in strangers(store):
        yield Part(owner.kind, owner.meta, roll_up(store.pods.verdict(pod) for pod in owner.pods))


def _row(
    store: Store, group: Group, members: list[Part], found: ApplicationObject | None, release: ReleaseSummary | None
) -> ApplicationSummary:
    verdict = _application_verdict(members, found)
    status = found.status if found else None
    metas = [part.meta for part in members]
    wanted = sum(part.pods for part in members)
    created = [at for meta in metas if (at := epoch(meta.creation_timestamp)) is not None]
    return ApplicationSummary(
        ref=_ref(store.cluster, group, found),
        source=group.source,
        health=verdict.health,
        reason=verdict.reason,
        platform_state=(status.state if status else None)
        or (found.spec.assembly_phase if found and found.spec else None)
        or "",
        ready=sum(1 for part in members if part.verdict.health in (Health.HEALTHY, Health.SUSPENDED)),
        components=len(members),
        pods_ready=sum(part.pods_ready for part in members) if wanted else None,
        pods=wanted or None,
        owner=_owner(group, found, release, metas),
        project=store.project_of(group.namespace),
        version=_version(metas, found, release),
        revision=release.revision if release else None,
        created_at=epoch(found.metadata.creation_timestamp) if found else min(created, default=None),
        production=store.production,
        freshness=store.freshness,
    )


def _application_verdict(members: list[Part], found: ApplicationObject | None) -> Verdict:
    """The worst of its components; all of them stopped is stopped, some stopped does not count."""
    if found is not None and found.spec is not None and found.spec.assembly_phase == "Failed":
        return Verdict(Health.DEGRADED, "not all of its parts could be created (assemblyPhase Failed)")
    if not members:
        return NO_WORKLOADS
    running = [part for part in members if part.verdict.health is not Health.SUSPENDED]
    if not running:
        return Verdict(Health.SUSPENDED, "; ".join(sorted({part.verdict.reason for part in members})))
    worst = roll_up(part.verdict for part in running)
    if len(members) == 1 or worst.health is Health.HEALTHY or not worst.reason:
        return worst
    culprit = next(part for part in running if part.verdict is worst)
    return Verdict(worst.health, f"{culprit.meta.name}: {worst.reason}", worst.since)


def _ref(cluster: str, group: Group, found: ApplicationObject | None) -> ObjectRef:
    match group.source:
        case ApplicationSource.APPLICATION:
            uid = (found.metadata.uid if found else "") or ""
            return ObjectRef(cluster, APPLICATION_GROUP, "Application", group.namespace, group.name, uid)
        case ApplicationSource.HELM:
            return ObjectRef(cluster, RELEASE_GROUP, RELEASE_KIND, group.namespace, group.name)
        case ApplicationSource.INSTANCE:
            return ObjectRef(cluster, "", INSTANCE_KIND, group.namespace, group.name)
    kind, _, name = group.name.partition("/")
    return ObjectRef(
        cluster, _API_GROUP.get(kind, "batch" if kind in ("Job", "CronJob") else ""), kind, group.namespace, name
    )


def _owner(group: Group, found: ApplicationObject | None, release: ReleaseSummary | None, metas: list[Meta]) -> str:
    if release is not None and release.owner.kind is not OwnerKind.HELM:
        return str(release.owner)
    marks = [found.metadata, *metas] if found else metas
    if application := next((name for name in map(argo_application, marks) if name), ""):
        return f"{OwnerKind.ARGOCD} {application}"
    if found is not None and (found.metadata.labels or {}).get(_FROM_REQUEST) == "true":
        return f"{OwnerKind.HELMREQUEST} {group.name}"
    if release is not None or group.source is ApplicationSource.HELM:
        return str(OwnerKind.HELM)
    return ""


def _version(metas: list[Meta], found: ApplicationObject | None, release: ReleaseSummary | None) -> str:
    told = ((found.spec.descriptor.version if found.spec.descriptor else None) or "") if found and found.spec else ""
    if told:
        return told
    for meta in metas:
        if version := (meta.labels or {}).get("app.kubernetes.io/version"):
            return version
    if release is not None and release.chart_version:
        return release.chart_version
    return next((version for meta in metas if (version := chart_of(meta)[1])), "")
