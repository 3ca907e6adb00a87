"""One cluster of the fleet: dials it, learns what it serves, follows it and feels its pulse; nobody waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from acp_tui.clients.errors import ApiError, Forbidden, NotFound, ServerFailed, TooManyRequests, Unauthorized
from acp_tui.clients.helm.records import Records
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.discovery import Kinds, discover, version
from acp_tui.clients.kube.transport import Transport
from acp_tui.fleet.follow import follow
from acp_tui.fleet.store import Store, Told
from acp_tui.fleet.watchplan import ALL_VIEWS, PLAN, Watch
from acp_tui.insight.phrases import line
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError, ClusterError, RecordError
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.platform import ConfigData
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef
from acp_tui.wire.kubernetes import Status, decode_one

PROBE_SECONDS = 15.0
PROBE_AGAIN_SECONDS = 3.0
PROBE_TIMEOUT = 5.0
DISCOVER_SECONDS = 300.0
SILENT_AFTER = 5.0
"""Seconds a watch may be broken before what it showed counts as stale: a closed stream is normal."""
BODIES_PER_CLUSTER = 20

_GLOBAL_INFO = "/api/v1/namespaces/kube-public/configmaps/global-info"
_ANSWERED = (Unauthorized, Forbidden, NotFound, ServerFailed, TooManyRequests)
Connect = Callable[[Context], Transport]


class Session:
    """A cluster while the console is open; `store` is what is known of it, `kinds` what it serves (None before).

    `settled` is set once every watched kind has had an answer, or the cluster could not be reached at all; `error`
    is what kept the cluster from answering, None while it does. `views` limit what is followed to what they show.
    """

    def __init__(
        self,
        context: Context,
        *,
        connect: Connect,
        clock: Clock,
        changed: Callable[[frozenset[str]], None],
        views: frozenset[str] = ALL_VIEWS,
    ) -> None:
        self.context = context
        self.kinds: Kinds | None = None
        self.error: AcpTuiError | None = None
        self._views = views
        self.settled = asyncio.Event()
        self.store = Store(context.name, clock=clock, changed=changed)
        self.store.production = context.production
        self.store.server = context.server
        self._connect = connect
        self._clock = clock
        self._transport: Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._unread: asyncio.Queue[tuple[ReleaseRef, int]] = asyncio.Queue()
        self._asked: set[tuple[ReleaseRef, int]] = set()
        self._failures = 0
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
    def started(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Begins to dial; a second call does nothing."""
        if self._task is not None:
            return
        if self.context.problem:
            self.store.problem = self.context.problem
            self.store.reachable = None
            self.settled.set()
            self._touch_all()
        self._task = asyncio.create_task(self._live(), name=f"session {self.name}")
        self._task.add_done_callback(self._ended)

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
        body = await self.records.body(ref, revision)
        self.store.told[(ref, revision)] = Told(body.chart, body.chart_version, body.app_version, body.description)
        self.store.touch("releases", "applications", "clusters")

    async def _live(self) -> None:
        if self.context.problem:
            return
        attempt = 0
        while not await self._dial():
            attempt += 1
            await asyncio.sleep(min(30.0, 2.0**attempt) * random.uniform(0.5, 1.0))  # noqa: S311
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe_for_ever())
            group.create_task(self._read_bodies_for_ever())
            await self._follow_what_is_served(group)

    async def _dial(self) -> bool:
        """Learns what the cluster is; False, with the reason kept, where it does not tell.

        The probe comes first, because its short time-out tells a cluster that is down from one that is slow.
        """
        if not await self.feel_pulse():
            self.settled.set()
            return False
        try:
            self.kinds = await discover(self.transport)
            self.store.version = await version(self.transport)
            self._identify(await self._global_info())
        except ClusterError as error:
            self._no_answer(error)
            self.settled.set()
            return False
        self._touch_all()
        return True

    async def _follow_what_is_served(self, group: asyncio.TaskGroup) -> None:
        """Follows the plan's kinds, and later those that appear when somebody installs them."""
        followed: set[str] = set()
        while True:
            fresh = [watch for watch in PLAN if watch.id not in followed and self._served(watch)]
            waits = []
            for watch in fresh:
                followed.add(watch.id)
                answered = asyncio.Event()
                waits.append(group.create_task(self._first_answer(answered)))
                group.create_task(self._follow(watch, answered))
            if waits:
                await asyncio.wait(waits)
            self._refresh()
            self.settled.set()
            await asyncio.sleep(DISCOVER_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311
            try:
                self.kinds = await discover(self.transport)
            except ClusterError:
                continue

    async def _first_answer(self, answered: asyncio.Event) -> None:
        """What is there is live at once; slow kinds do not keep the quick ones waiting."""
        await answered.wait()
        self._refresh()

    def _served(self, watch: Watch) -> bool:
        wanted = bool(watch.feeds & self._views)
        return wanted and self.kinds is not None and self.kinds.has(watch.group, watch.kind)

    async def _follow(self, watch: Watch, answered: asyncio.Event) -> None:
        kind = self.kinds.by_gk(watch.group, watch.kind) if self.kinds else None
        if kind is not None:
            shelf = self.store.shelves[watch.id]
            await follow(self.transport, kind, shelf, namespace=self.context.namespace or "default", answered=answered)

    async def _probe_for_ever(self) -> None:
        while True:
            pause = PROBE_AGAIN_SECONDS if self._failures else PROBE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311
            await self.feel_pulse()
            self.store.pods.recheck()

    async def feel_pulse(self) -> bool:
        """One /readyz. A server that refuses or fails it has answered; only silence makes a cluster unreachable."""
        started = asyncio.get_running_loop().time()
        self.store.unready = ""
        try:
            await self.transport.get("/readyz", timeout=PROBE_TIMEOUT)
        except ClusterError as error:
            if not _is_answer(error):
                self._no_answer(error)
                return False
            if isinstance(error, ServerFailed):
                self.store.unready = line(f"not ready: {error.title}")
        self.store.latency_ms = (asyncio.get_running_loop().time() - started) * 1000
        self._answered()
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
            answer = await self.transport.get(_GLOBAL_INFO, timeout=PROBE_TIMEOUT)
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

    def _answered(self) -> None:
        self._failures, self.error = 0, None
        self.store.reachable, self.store.problem = True, ""
        self._refresh(answered=True)
        self.store.touch("clusters")

    def _no_answer(self, error: AcpTuiError) -> None:
        """Once may be chance; a second silence, or never having had an answer, is down."""
        self._failures += 1
        self.error = error
        store = self.store
        if _is_answer(error):
            store.reachable = True
        elif self._failures > 1 or store.freshness.confirmed_at is None:
            store.reachable = False
        store.problem = line(error.title.removeprefix(f"{self.name}: "))
        state = Age.NEVER if store.freshness.confirmed_at is None else Age.STALE
        self._show(Freshness(state, store.freshness.confirmed_at, store.problem))

    def _refresh(self, *, answered: bool = False) -> None:
        """LIVE while the server answers and no watch is broken for longer than a reconnect takes."""
        store, at = self.store, self._clock()
        broken = [
            shelf
            for shelf in store.shelves.values()
            if shelf.synced and shelf.error is not None and at - (shelf.confirmed_at or 0.0) > SILENT_AFTER
        ]
        if broken:
            since = min(shelf.confirmed_at or 0.0 for shelf in broken) or None
            self._show(Freshness(Age.STALE, since, line(f"{broken[0].watch.id}: {broken[0].error}")))
        elif any(shelf.synced for shelf in store.shelves.values()) and (
            answered or store.freshness.state is not Age.LIVE
        ):
            self._show(Freshness(Age.LIVE, at))

    def _show(self, freshness: Freshness) -> None:
        if freshness != self.store.freshness:
            self.store.freshness = freshness
            self._touch_all()

    def _touch_all(self) -> None:
        self.store.touch("clusters", "applications", "releases", "quotas")

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A session that breaks must not leave its last picture standing as if it were live."""
        self.settled.set()
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.store.problem = line(f"its session broke: {error!r}")
        self._show(Freshness(Age.STALE, self.store.freshness.confirmed_at, self.store.problem))


def _is_answer(error: AcpTuiError) -> bool:
    """True where the API server itself said no; the error page of a proxy in front of it is not its word."""
    return isinstance(error, _ANSWERED) and error.answer != Status()
