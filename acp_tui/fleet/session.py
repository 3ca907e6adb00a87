"""One cluster of the fleet: dials it, learns what it serves, follows it and feels its pulse; nobody waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial

from acp_tui.clients.errors import ApiError, Forbidden
from acp_tui.clients.helm.records import Records
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.discovery import Kinds, discover, version
from acp_tui.clients.kube.lister import FREE, Turn, list_all
from acp_tui.clients.kube.transport import METADATA_LIST, Transport
from acp_tui.fleet.follow import Way, follow
from acp_tui.fleet.pulse import BEAT_TIMEOUT, Pulse
from acp_tui.fleet.store import Store, Told
from acp_tui.fleet.watchplan import ALL_VIEWS, PLAN, Watch, built_in
from acp_tui.insight.phrases import line
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError, ClusterError, RecordError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.objects import Object
from acp_tui.model.platform import ConfigData
from acp_tui.model.refs import Clock, Kind
from acp_tui.model.release import ReleaseRef
from acp_tui.wire.kubernetes import decode_one

DISCOVER_SECONDS = 300.0
POLL_SECONDS = 150.0
"""Between two lists of a kind of a cluster that nobody looks at: with its pulse less than 0.2 requests a second."""
LISTS_AT_ONCE = 4
LISTS_BEHIND = 2
"""The same of a cluster that is only polled: each further one costs a connection."""
NAMESPACES_TRIED = 40
NAMESPACES_READ = 10
"""Where we may not read all namespaces, so many are tried, and of those that we may read so many are followed."""
BODIES_PER_CLUSTER = 20

_GLOBAL_INFO = "/api/v1/namespaces/kube-public/configmaps/global-info"
Connect = Callable[[Context], Transport]


class Session:
    """A cluster while the console is open; `store` is what is known of it, `kinds` what it serves (None before).

    `settled` is set once every watched kind has had an answer, or the cluster could not be reached at all, `learned`
    once `kinds` are known. `views` limit what is followed to what they show. A cluster is watched while somebody looks
    at it (`attend`), else polled. `turn` is what a fleet shares for decoding (lister.Turn), `calm` is set once watches
    may be opened.
    """

    def __init__(
        self,
        context: Context,
        *,
        connect: Connect,
        clock: Clock,
        changed: Callable[[frozenset[str]], None],
        views: frozenset[str] = ALL_VIEWS,
        turn: Turn = FREE,
        calm: asyncio.Event,
    ) -> None:
        self.context = context
        self.kinds: Kinds | None = None
        self._views = views
        self.settled = asyncio.Event()
        self.learned = asyncio.Event()
        self.store = Store(context.name, clock=clock, changed=changed)
        self.store.production = context.production
        self.store.server = context.server
        self._connect = connect
        self._transport: Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._unread: asyncio.Queue[tuple[ReleaseRef, int]] = asyncio.Queue()
        self._asked: set[tuple[ReleaseRef, int]] = set()
        self._turn = turn
        self._calm = calm
        self._room = asyncio.Semaphore(LISTS_AT_ONCE)
        self._room_behind = asyncio.Semaphore(LISTS_BEHIND)
        self._replan = asyncio.Event()
        self._told: dict[str, str | None] | None = None
        self._readable: asyncio.Task[tuple[str, ...]] | None = None
        self.pulse = Pulse(self.store, transport=lambda: self.transport, clock=clock)
        self._identify(None)

    @property
    def name(self) -> str:
        return self.context.name

    @property
    def transport(self) -> Transport:
        """The connection; made at first use. Raises ClusterError for a context that cannot be used."""
        if self.context.problem:
            raise ClusterError(
                f"{self.name}: {self.context.problem}", tried="read its kubeconfig entry", advice="mend the entry"
            )
        if self._transport is None:
            self._transport = self._connect(self.context)
        return self._transport

    @property
    def records(self) -> Records:
        return Records(self.transport)

    @property
    def error(self) -> AcpTuiError | None:
        """What keeps the cluster from answering, None while it does."""
        return self.pulse.error

    @property
    def started(self) -> bool:
        return self._task is not None

    def start(self, *, after: float = 0.0) -> None:
        """Begins to dial, after so many seconds; a second call does nothing."""
        if self._task is not None:
            return
        self.store.dialled = True
        if self.context.problem:
            self.store.problem = self.context.problem
            self.store.reachable = None
            self.settled.set()
            self._touch_all()
        self._task = asyncio.create_task(self._live(after), name=f"session {self.name}")
        self._task.add_done_callback(self._ended)

    def attend(self, watched: bool) -> None:
        """Whether its kinds are watched, because somebody looks, or listed now and then."""
        if self.pulse.behind == watched:
            self.pulse.behind = not watched
            self._replan.set()
            if self.started:
                self.pulse.uneasy()

    async def feel_pulse(self) -> bool:
        """One /readyz; False where the cluster does not answer, or does not know who we are."""
        return await self.pulse.beat()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._transport is not None:
            await self._transport.close()

    def read_bodies(self, wanted: tuple[tuple[ReleaseRef, int], ...]) -> None:
        """Asks for newest revisions whose record alone says what went wrong; each is read once, only so many in all."""
        for each in wanted:
            if each not in self._asked and len(self._asked) < BODIES_PER_CLUSTER:
                self._asked.add(each)
                self._unread.put_nowait(each)

    async def read_body(self, ref: ReleaseRef, revision: int) -> None:
        """Reads one newest revision, so that its row can name chart and description."""
        if (ref, revision) in self.store.told:
            return
        from acp_tui.insight.matrix import values_hash

        body = await self.records.body(ref, revision)
        self.store.told[(ref, revision)] = Told(
            body.chart, body.chart_version, body.app_version, body.description, values_hash(body.values)
        )
        self.store.touch("releases", "applications", "clusters")

    async def _live(self, after: float) -> None:
        if self.context.problem:
            return
        await asyncio.sleep(after)
        attempt = 0
        # The pulse comes first, because its short time-out tells a cluster that is down from one that is slow.
        while not await self.pulse.beat():
            self.settled.set()
            attempt += 1
            await asyncio.sleep(min(30.0, 2.0**attempt) * random.uniform(0.5, 1.0))  # noqa: S311
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pulse.beat_for_ever())
            group.create_task(self._read_bodies_for_ever())
            group.create_task(self._learn_for_ever())
            await self._read_for_ever()

    async def _learn_for_ever(self) -> None:
        """What the cluster is and serves, and every five minutes what was installed since."""
        while True:
            known = self.kinds
            # In the background one request waits for the other: a connection costs more than a round trip there.
            together = not self.pulse.behind
            try:
                async with self._way().room:
                    kinds = await discover(self.transport, together=together)
                    if known is None and together:
                        told = await asyncio.gather(version(self.transport), self._global_info())
                        self.store.version, self._told = told
                    elif known is None:
                        self.store.version = await version(self.transport)
                        self._told = await self._global_info()
            except ClusterError as error:
                if known is None:
                    self.pulse.failed(error)
                    self.settled.set()
                await self.pulse.naps.sleep(10.0)
                continue
            self.kinds = kinds
            self.learned.set()
            self._identify(self._told)
            if known is None:
                self._touch_all()
            self._replan.set()
            await asyncio.sleep(DISCOVER_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311

    async def _read_for_ever(self) -> None:
        """Reads the kinds of the plan, later those that appear, and all of them anew when it matters more or less."""
        while True:
            behind = self.pulse.behind
            reading: set[str] = set()
            unheard: set[str] = set()
            async with asyncio.TaskGroup() as group:
                tasks: list[asyncio.Task[None]] = []
                while behind == self.pulse.behind:
                    self._replan.clear()
                    for watch in PLAN:
                        kind = self._kind(watch) if watch.id not in reading else None
                        if kind is not None:
                            reading.add(watch.id)
                            unheard.add(watch.id)
                            heard = partial(self._heard, watch.id, unheard)
                            shelf = self.store.shelves[watch.id]
                            tasks.append(group.create_task(follow(self._way(), kind, shelf, answered=heard)))
                    self._settle(unheard)
                    await self._replan.wait()
                for task in tasks:
                    task.cancel()

    def _kind(self, watch: Watch) -> Kind | None:
        """How the watch's kind is addressed; None while it is not known to be served, or nobody needs it."""
        if not watch.feeds & self._views:
            return None
        return self.kinds.by_gk(watch.group, watch.kind) if self.kinds is not None else built_in(watch)

    def _way(self) -> Way:
        return Way(
            transport=self.transport,
            room=self._room_behind if self.pulse.behind else self._room,
            turn=self._turn,
            calm=self._calm.wait,
            sleep=self.pulse.naps.sleep,
            namespaces=self.readable,
            uneasy=self.pulse.uneasy,
            every=POLL_SECONDS if self.pulse.behind else 0.0,
        )

    def _heard(self, id: str, unheard: set[str]) -> None:
        """What is there is live at once; slow kinds do not keep the quick ones waiting."""
        if id in unheard:
            unheard.discard(id)
            if self.store.freshness.state not in (Age.LIVE, Age.POLLED):
                self.pulse.refresh()
            self._settle(unheard)

    def _settle(self, unheard: set[str]) -> None:
        if self.kinds is not None and not unheard:
            self.pulse.refresh()
            self.settled.set()

    async def readable(self) -> tuple[str, ...]:
        """Namespaces we may read, the context's own first, for users who may not read all; found once."""
        if self._readable is None:
            self._readable = asyncio.create_task(self._find_readable(), name=f"namespaces {self.name}")
        return await asyncio.shield(self._readable)

    async def _find_readable(self) -> tuple[str, ...]:
        own = self.context.namespace or "default"
        try:
            page = await list_all(self.transport, "/api/v1/namespaces", Object, metadata_only=True)
        except ClusterError:
            return (own,)
        listed = [own, *(item.metadata.name for item in page.items if item.metadata.name)]
        tried = list(dict.fromkeys(listed))[:NAMESPACES_TRIED]
        room = asyncio.Semaphore(LISTS_AT_ONCE)
        allowed = await asyncio.gather(*(self._may_read(room, name) for name in tried))
        found = [name for name, may in zip(tried, allowed, strict=True) if may]
        return tuple(found[:NAMESPACES_READ]) or (own,)

    async def _may_read(self, room: asyncio.Semaphore, namespace: str) -> bool:
        """Asked by reading the least there is, because a review is a write and would load the client for writes."""
        async with room:
            try:
                await self.transport.get(
                    f"/api/v1/namespaces/{namespace}/pods", params={"limit": 1}, accept=METADATA_LIST
                )
            except Forbidden:
                return False
            except ClusterError:
                return True
        return True

    async def _read_bodies_for_ever(self) -> None:
        while True:
            ref, revision = await self._unread.get()
            try:
                await self.read_body(ref, revision)
            except (ClusterError, RecordError):
                continue

    async def _global_info(self) -> dict[str, str | None] | None:
        """ACP's note about the cluster, which every authenticated user may read; None where there is none."""
        try:
            answer = await self.transport.get(_GLOBAL_INFO, timeout=BEAT_TIMEOUT)
        except ApiError:
            return None
        return decode_one(answer.body, ConfigData).data or {}

    def _identify(self, info: dict[str, str | None] | None) -> None:
        """Role and names: the kubeconfig's ACP note first, then what the cluster says of itself."""
        acp, store = self.context.acp, self.store
        told = (info or {}).get("clusterName") or ""
        names = (acp.cluster if acp else "", told, self.context.cluster_name, self.name)
        store.names = tuple(dict.fromkeys(name for name in names if name))
        store.platform = ((acp.platform_url if acp else "") or (info or {}).get("platformURL") or "").rstrip("/")
        kinds = self.kinds
        has_projects = kinds is not None and (
            kinds.has("auth.alauda.io", "Project") or kinds.has("clusterregistry.k8s.io", "Cluster")
        )
        if acp is not None:
            store.role = Role.GLOBAL if acp.is_global else Role.WORKLOAD
        elif told == "global" or has_projects:
            store.role = Role.GLOBAL
        elif info is not None or (kinds is not None and kinds.has("app.alauda.io", "HelmRequest")):
            store.role = Role.WORKLOAD

    def _touch_all(self) -> None:
        self.store.touch("clusters", "applications", "releases", "quotas")

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A session that breaks must not leave its last picture standing as if it were live."""
        self.settled.set()
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.store.problem = line(f"its session broke: {error!r}")
        self.pulse.show(Freshness(Age.STALE, self.store.freshness.confirmed_at, self.store.problem))
