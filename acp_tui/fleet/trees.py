"""Reads what a status tree is made of: from the store what is watched, from the cluster the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from acp_tui.clients.kube.lister import list_all
from acp_tui.fleet.session import Session
from acp_tui.fleet.summaries.applications import job_verdict, workload_verdict
from acp_tui.fleet.summaries.groups import Grouping, strangers
from acp_tui.fleet.summaries.releases import newest_revisions
from acp_tui.insight.explain import restarts
from acp_tui.insight.grouping import Group
from acp_tui.insight.health.builtin import health_of, health_of_service
from acp_tui.insight.health.custom import INERT, NO_RULE
from acp_tui.insight.health.jobs import finished
from acp_tui.insight.health.workloads import ready_of, wanted_replicas
from acp_tui.insight.hooks import SPENT, is_spent
from acp_tui.insight.selectors import matches, matches_map
from acp_tui.insight.tree import Leaf, build_tree
from acp_tui.model.application import ApplicationSource, ApplicationSummary, TreeNode
from acp_tui.model.errors import ClusterError
from acp_tui.model.health import Health, Verdict
from acp_tui.model.network import Ingress, Service
from acp_tui.model.objects import ApplicationObject, Generic, LabelSelector, Meta, Object
from acp_tui.model.refs import Kind, ObjectRef
from acp_tui.model.release import ReleaseRef, Revision
from acp_tui.wire.manifest import objects

_STORED = {
    "Deployment": ("apps", "deployments"),
    "StatefulSet": ("apps", "statefulsets"),
    "DaemonSet": ("apps", "daemonsets"),
    "ReplicaSet": ("apps", "replicasets"),
    "CronJob": ("batch", "cronjobs"),
    "Job": ("batch", "jobs"),
}
_TYPES: dict[tuple[str, str], Any] = {("", "Service"): Service, ("networking.k8s.io", "Ingress"): Ingress}
_BESIDE = (
    ("", "Service"),
    ("networking.k8s.io", "Ingress"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "PersistentVolumeClaim"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("", "ServiceAccount"),
)
"""What stands beside workloads; looked for where no list of kinds is given."""


class TreeReader:
    """Builds the trees of one cluster."""

    def __init__(self, session: Session, *, now: float) -> None:
        self._session = session
        self._store = session.store
        self._now = now
        self._unseen: set[tuple[str, str]] = set()
        self._newest: Revision | None = None

    async def application(self, app: ApplicationSummary) -> TreeNode:
        """By what made it an application: its selector, its release's manifest, its instance label, or its owner."""
        ref = app.ref
        revisions = newest_revisions(self._store)
        release = next((each for each in revisions if (each.namespace, each.name) == (ref.namespace, ref.name)), None)
        if release is not None:
            self._newest = revisions[release]
            if app.source is ApplicationSource.HELM:
                return await self.release(release)
        own = list(self._stored(group=_group(app)))
        beside: list[Leaf] = []
        found = self._store.applications.items.get(f"{ref.namespace}/{ref.name}")
        if app.source is ApplicationSource.APPLICATION and found is not None and found.spec is not None:
            beside = await self._beside(ref.namespace, found.spec.selector, _kinds_of(found))
        elif app.source is ApplicationSource.INSTANCE:
            selector = LabelSelector(match_labels={"app.kubernetes.io/instance": ref.name})
            beside = await self._beside(ref.namespace, selector, _BESIDE)
        return build_tree(ref, ref.name, [*own, *beside], note=_facts(app))

    async def release(self, ref: ReleaseRef) -> TreeNode:
        """Objects of the newest manifest: what it names and the cluster lacks is missing.

        What carries the release's mark and is not in it was left over from before.
        """
        newest = self._newest = newest_revisions(self._store).get(ref)
        body = await self._session.records.body(ref, newest.revision if newest else 1)
        wanted = self._refs(objects(body.manifest, origin=f"revision {body.revision} of {ref.name}"), ref.namespace)
        marked = list(self._stored(group=Group(ApplicationSource.HELM, ref.namespace, ref.name)))
        live = {leaf.ref.key: leaf for leaf in [*self._named(wanted), *await self._live(wanted)]}
        leaves = list({leaf.ref.key: leaf for leaf in [*marked, *live.values()]}.values())
        leaves += self._below(leaves)
        missing = [each for each in wanted if each.key not in live and (each.group, each.kind) not in self._unseen]
        names = {each.key for each in wanted}
        told = [
            _left_over(leaf) if leaf.ref.key not in names and not leaf.meta.owner_references else leaf
            for leaf in leaves
        ]
        root = ObjectRef(ref.cluster, "helm.sh", "Release", ref.namespace, ref.name)
        note = f"chart {body.chart} {body.chart_version} · revision {body.revision} {body.status}"
        return build_tree(root, ref.name, told, missing=missing, note=note)

    def _stored(self, *, group: Group) -> Iterator[Leaf]:
        """Watched objects of one group, with everything below them."""
        releases = [(ref.namespace, ref.name) for ref in newest_revisions(self._store)]
        grouping = Grouping(self._store, releases)
        top: list[Leaf] = []
        for kind, (api, shelf) in _STORED.items():
            for item in self._store.shelves[shelf]:
                owned = kind in ("ReplicaSet", "Job") and item.metadata.owner_references
                if not owned and grouping.of(kind, item.metadata) == group:
                    top.append(self._leaf(api, kind, item))
        for pod in self._store.pods.by_owner.get("", {}).values():
            if grouping.of("Pod", pod.metadata) == group:
                top.append(self._leaf("", "Pod", pod))
        for owner in strangers(self._store):
            if grouping.of(owner.kind, owner.meta) == group:
                api = owner.api_version.rpartition("/")[0]
                ref = self._ref(api, owner.kind, owner.meta)
                top.append(Leaf(ref, owner.meta, Verdict(Health.UNKNOWN, NO_RULE)))
        yield from top
        yield from self._below(top)

    def _below(self, leaves: Iterable[Leaf]) -> list[Leaf]:
        """ReplicaSets, Jobs and pods that the given objects own, however far down."""
        found: list[Leaf] = []
        for leaf in leaves:
            children: list[Leaf] = []
            for kind, api, shelf in (
                ("ReplicaSet", "apps", self._store.replica_sets),
                ("Job", "batch", self._store.jobs),
                ("Pod", "", self._store.pods),
            ):
                children += [self._leaf(api, kind, item) for item in shelf.owned_by(leaf.meta.uid)]
            found += children
            found += self._below(children)
        return found

    def _named(self, wanted: Iterable[ObjectRef]) -> Iterator[Leaf]:
        for ref in wanted:
            if ref.kind in _STORED and _STORED[ref.kind][0] == ref.group:
                item = self._store.shelves[_STORED[ref.kind][1]].items.get(f"{ref.namespace}/{ref.name}")
                if item is not None:
                    yield self._leaf(ref.group, ref.kind, item)

    async def _live(self, wanted: Iterable[ObjectRef]) -> list[Leaf]:
        """Wanted objects of kinds that are not watched, one list a kind and namespace."""
        by_place: dict[tuple[str, str, str], set[str]] = {}
        for ref in wanted:
            if ref.kind not in _STORED or _STORED[ref.kind][0] != ref.group:
                by_place.setdefault((ref.group, ref.kind, ref.namespace), set()).add(ref.name)
        lists = await asyncio.gather(*(self._list(group, kind, namespace) for group, kind, namespace in by_place))
        return [
            leaf
            for (_, names), leaves in zip(by_place.items(), lists, strict=True)
            for leaf in leaves
            if leaf.ref.name in names
        ]

    async def _beside(
        self, namespace: str, selector: LabelSelector | None, kinds: Iterable[tuple[str, str]]
    ) -> list[Leaf]:
        wanted = [each for each in kinds if each[1] not in _STORED and each != ("", "Pod")]
        lists = await asyncio.gather(*(self._list(group, kind, namespace) for group, kind in wanted))
        return [leaf for leaves in lists for leaf in leaves if matches(selector, leaf.meta.labels)]

    async def _list(self, group: str, kind_name: str, namespace: str) -> list[Leaf]:
        """Live objects of one kind; a kind that is not served or not ours to see is remembered as unseen."""
        kind = self._session.kinds.by_gk(group, kind_name) if self._session.kinds else None
        if kind is None:
            return []
        inert = kind_name in INERT
        type_: Any = Object if inert else _TYPES.get((group, kind_name), Generic)
        try:
            page = await list_all(
                self._session.transport,
                kind,
                type_,
                namespace=namespace if kind.namespaced else "",
                metadata_only=inert,
            )
        except ClusterError:
            self._unseen.add((group, kind_name))
            return []
        return [self._beside_leaf(kind, item) for item in page.items]

    def _beside_leaf(self, kind: Kind, item: Any) -> Leaf:
        meta: Meta = item.metadata
        verdict, note = Verdict(Health.HEALTHY), ""
        if isinstance(item, Service):
            selector = item.spec.selector if item.spec else None
            pods = [
                pod
                for pod in self._store.pods
                if pod.metadata.namespace == meta.namespace and matches_map(selector, pod.metadata.labels)
            ]
            verdict = health_of_service(item, [self._store.pods.verdict(pod) for pod in pods])
            note = verdict.reason
        elif not isinstance(item, Object):
            verdict = health_of(kind.kind, item, now=self._now)
            note = verdict.reason if verdict.health is Health.HEALTHY else ""
        return Leaf(self._ref(kind.group, kind.kind, meta), meta, verdict, note)

    def _leaf(self, group: str, kind: str, item: Any) -> Leaf:
        meta: Meta = item.metadata
        ref = self._ref(group, kind, meta)
        if kind == "Pod":
            again = restarts(item)
            where = (item.spec.node_name if item.spec else "") or ""
            note = " · ".join(filter(None, (f"{again} restarts" if again else "", where)))
            return Leaf(ref, meta, self._of_hook(meta, self._store.pods.verdict(item)), note)
        if kind == "Job":
            verdict = self._of_hook(meta, job_verdict(self._store, item))
            return Leaf(ref, meta, verdict, hidden=bool(meta.owner_references) and finished(item))
        if kind == "CronJob":
            return Leaf(ref, meta, health_of(kind, item), (item.spec.schedule if item.spec else "") or "")
        ready, want = ready_of(kind, item)
        old = kind == "ReplicaSet" and bool(meta.owner_references) and wanted_replicas(item) == 0
        return Leaf(
            ref, meta, workload_verdict(self._store, kind, item, self._now), f"{ready}/{want} ready", hidden=old
        )

    def _of_hook(self, meta: Meta, verdict: Verdict) -> Verdict:
        newest = self._newest
        if verdict.health is not Health.DEGRADED or newest is None:
            return verdict
        return SPENT if is_spent(meta, status=newest.status, written_at=newest.updated_at) else verdict

    def _ref(self, group: str, kind: str, meta: Meta) -> ObjectRef:
        return ObjectRef(self._store.cluster, group, kind, meta.namespace or "", meta.name or "", meta.uid or "")

    def _refs(self, documents: Iterable[dict[str, Any]], namespace: str) -> list[ObjectRef]:
        """Manifest objects as references; what has no namespace of its own goes into the release's."""
        refs = []
        for document in documents:
            group, _, _ = str(document.get("apiVersion", "")).rpartition("/")
            meta = document.get("metadata") or {}
            kind = self._session.kinds.by_gk(group, str(document.get("kind"))) if self._session.kinds else None
            namespaced = kind is None or kind.namespaced
            place = str(meta.get("namespace") or namespace) if namespaced else ""
            refs.append(
                ObjectRef(self._store.cluster, group, str(document.get("kind")), place, str(meta.get("name") or ""))
            )
        return refs


def _left_over(leaf: Leaf) -> Leaf:
    note = " · ".join(filter(None, (leaf.note, "not in the manifest of this revision")))
    return Leaf(leaf.ref, leaf.meta, leaf.verdict, note, leaf.hidden)


def _group(app: ApplicationSummary) -> Group:
    name = app.ref.name if app.source is not ApplicationSource.OWNER else f"{app.ref.kind}/{app.ref.name}"
    return Group(app.source, app.ref.namespace, name)


def _kinds_of(found: ApplicationObject) -> tuple[tuple[str, str], ...]:
    named = (found.spec.component_kinds if found.spec else None) or ()
    return tuple((each.group or "", each.kind) for each in named if each.kind) or _BESIDE


def _facts(app: ApplicationSummary) -> str:
    words = (
        app.source.value,
        app.version,
        app.owner,
        f"platform says {app.platform_state}" if app.platform_state else "",
    )
    return " · ".join(filter(None, words))
