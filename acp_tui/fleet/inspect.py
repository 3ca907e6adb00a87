"""One thing in detail, asked for when somebody looks: trees, histories, YAML, descriptions, logs, tables.

What a detail alone needs is imported when one is opened, because the first rows wait for this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.clients.helm.engine import HISTORY_LIMIT
from acp_tui.clients.kube.streams import logs as stream_logs
from acp_tui.clients.kube.transport import METADATA
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.live_table import LiveTable
from acp_tui.fleet.session import Session
from acp_tui.fleet.tables import MergedTable, merged_table
from acp_tui.model.application import ApplicationSummary, TreeNode
from acp_tui.model.errors import ClusterError, RecordError, UsageError
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Event, Object, Pod
from acp_tui.model.refs import Kind, ObjectRef
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision
from acp_tui.wire.kubernetes import decode_list, decode_one

if TYPE_CHECKING:
    from acp_tui.fleet.describe import Description
    from acp_tui.fleet.trees import TreeReader

DESCRIBED_REVISIONS = 3
"""Newest lines of a history whose payload is read unless more are asked for; the others cost no byte."""

MOST_DESCRIBED = 20
"""The most payloads one look at a history reads; a longer history stays without charts and sizes beyond them."""

_READ_AT_ONCE = 4
_REMEMBERED = 512


class Inspector:
    """Every method is about one object or release of one cluster and raises AcpTuiError where it cannot answer."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._read: dict[tuple[str, str, str], Revision] = {}

    async def tree(self, app: ApplicationSummary) -> TreeNode:
        """The status tree of an application, as it is now."""
        return await self._trees(app.ref.cluster).application(app)

    async def release_tree(self, ref: ReleaseRef) -> TreeNode:
        """The objects of a release's newest manifest, with those that are missing and those that were left over."""
        return await self._trees(ref.cluster).release(ref)

    async def history(self, ref: ReleaseRef, *, described: int = DESCRIBED_REVISIONS) -> tuple[Revision, ...]:
        """All revisions, newest first; chart, description and size of the newest `described`, each read once.

        Metadata does not tell how large a record is: only who reads the payload knows.
        """
        from acp_tui.insight.recordsize import with_body
        from acp_tui.insight.retention import with_leaving

        records = self._fleet.session(ref.cluster).records
        found = await records.history(ref)
        places = asyncio.Semaphore(_READ_AT_ONCE)

        async def told(index: int, revision: Revision) -> Revision:
            key = (ref.key, revision.uid, revision.resource_version)
            if (known := self._read.get(key)) is not None:
                return known
            if index >= min(described, MOST_DESCRIBED):
                return revision
            async with places:
                try:
                    read = with_body(revision, await records.body(ref, revision))
                except RecordError as error:
                    read = msgspec.structs.replace(revision, unreadable=revision.unreadable or error.title)
            while len(self._read) >= _REMEMBERED:
                del self._read[next(iter(self._read))]
            self._read[key] = read
            return read

        lines = await asyncio.gather(*(told(index, revision) for index, revision in enumerate(found)))
        return with_leaving(lines, limit=HISTORY_LIMIT)

    async def body(self, ref: ReleaseRef, revision: int) -> ReleaseBody:
        return await self._fleet.session(ref.cluster).records.body(ref, revision)

    async def yaml(self, ref: ObjectRef) -> str:
        """The live object as YAML, without managedFields and with its secret values masked."""
        from acp_tui.insight.mask import mask_object
        from acp_tui.wire.manifest import dump

        document = await self._document(ref)
        document.get("metadata", {}).pop("managedFields", None)
        return dump(mask_object(document))

    async def describe(self, ref: ObjectRef) -> Description:
        """The object in words, with its conditions and the events about it, newest first."""
        from acp_tui.fleet.describe import describe

        document = await self._document(ref)
        uid = (document.get("metadata") or {}).get("uid") or ref.uid
        events = await self._events(ref, uid)
        return describe(ref, document, events, now=self._fleet.now(), listed=self._listed(ref))

    def _listed(self, ref: ObjectRef) -> Verdict | None:
        """An application is judged by its parts, which the object itself does not hold: its row knows the verdict."""
        rows = self._fleet.rows("applications", clusters=frozenset({ref.cluster}))
        row = next((row for row in rows if row.ref.key == ref.key), None)
        return Verdict(row.health, row.reason or "all its parts") if isinstance(row, ApplicationSummary) else None

    async def containers(self, ref: ObjectRef) -> tuple[str, ...]:
        """Containers with logs, in the order worth looking at: the failing one first, init containers last."""
        pod = await self._pod(ref)
        spec, status = pod.spec, pod.status
        if spec is None:
            return ()
        names = [each.name or "" for each in (*(spec.containers or ()), *(spec.init_containers or ()))]
        states = (*((status and status.container_statuses) or ()), *((status and status.init_container_statuses) or ()))
        failing = {
            each.name
            for each in states
            if each.state and (each.state.waiting or (each.state.terminated and each.state.terminated.exit_code))
        }
        return tuple(sorted(filter(None, names), key=lambda name: name not in failing))

    async def logs(
        self,
        ref: ObjectRef,
        *,
        container: str = "",
        follow: bool = False,
        previous: bool = False,
        tail: int | None = 500,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        """Cleaned lines of one container; of a workload the pod that is least well speaks for all."""
        pod = await self._pod(ref)
        session = self._fleet.session(ref.cluster)
        lines = stream_logs(
            session.transport,
            pod.metadata.namespace or ref.namespace,
            pod.metadata.name or ref.name,
            container=container or (await self.containers(ref) or ("",))[0],
            follow=follow,
            previous=previous,
            tail_lines=tail,
            timestamps=timestamps,
        )
        async for each in lines:
            yield each

    async def table(
        self, kind_word: str, *, clusters: frozenset[str] | None = None, namespace: str = ""
    ) -> MergedTable:
        """Any kind by any word kubectl takes, in the columns its servers print, clusters merged."""
        sessions = [self._fleet.session(name) for name in self._fleet.names if clusters is None or name in clusters]
        return await merged_table(kind_word, sessions, namespace=namespace)

    def rows_first(
        self, kind_word: str, *, clusters: frozenset[str] | None = None, namespace: str = ""
    ) -> AsyncGenerator[MergedTable]:
        """The same table while somebody looks: all rows as soon as they can be had, then again after each change.

        Close it (aclose) when nobody looks any more.
        """
        sessions = [self._fleet.session(name) for name in self._fleet.names if clusters is None or name in clusters]
        return LiveTable(kind_word, sessions, namespace=namespace, turn=self._fleet.turn).snapshots()

    def kind_of(self, ref: ObjectRef) -> Kind:
        """How the object's cluster addresses its kind; UsageError for groups of ours that are no objects."""
        return kind_of(self._fleet.session(ref.cluster), ref)

    def _trees(self, cluster: str) -> TreeReader:
        from acp_tui.fleet.trees import TreeReader

        return TreeReader(self._fleet.session(cluster), now=self._fleet.now())

    async def _document(self, ref: ObjectRef) -> dict[str, Any]:
        session = self._fleet.session(ref.cluster)
        answer = await session.transport.get(kind_of(session, ref).path(ref.namespace, ref.name))
        return decode_one(answer.body, dict)

    async def _events(self, ref: ObjectRef, uid: str) -> tuple[Event, ...]:
        """Events of one object; none where we may not see them, because the rest still helps."""
        session = self._fleet.session(ref.cluster)
        where = f"/api/v1/namespaces/{ref.namespace or 'default'}/events"
        selector = f"involvedObject.uid={uid}" if uid else f"involvedObject.name={ref.name}"
        try:
            answer = await session.transport.get(where, params={"fieldSelector": selector, "limit": 200})
        except ClusterError:
            return ()
        return tuple(decode_list(answer.body, Event).items)

    async def _pod(self, ref: ObjectRef) -> Pod:
        session = self._fleet.session(ref.cluster)
        if ref.kind == "Pod":
            answer = await session.transport.get(f"/api/v1/namespaces/{ref.namespace}/pods/{ref.name}")
            return decode_one(answer.body, Pod)
        uid = ref.uid
        if not uid:
            path = kind_of(session, ref).path(ref.namespace, ref.name)
            uid = decode_one((await session.transport.get(path, accept=METADATA)).body, Object).metadata.uid or ""
        pods = list(session.store.pods_of(ref.kind, uid))
        if not pods:
            raise UsageError(f"{ref} has no pods", tried="looked for pods it owns", advice="choose a pod")
        return max(pods, key=lambda pod: _interest(session.store.pods.verdict(pod).health))


def kind_of(session: Session, ref: ObjectRef) -> Kind:
    if session.kinds is None:
        raise ClusterError(
            f"{ref.cluster} does not answer, so {ref.kind} {ref.name} cannot be read",
            tried=session.store.problem or "it was not dialled yet",
            advice="what the tables show of it is the last that was seen",
        )
    kind = session.kinds.by_gk(ref.group, ref.kind)
    if kind is None:
        raise UsageError(
            f"{ref.kind} {ref.name} is no object of {ref.cluster}",
            tried=f"looked for {ref.kind} in group {ref.group or 'core'}",
            advice="open it as a tree and choose one of its objects",
        )
    return kind


def _interest(health: Health) -> int:
    return -1 if health is Health.UNKNOWN else health.severity
