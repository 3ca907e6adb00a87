"""The loop of Captain: follows the HelmRequests of every cluster and has each looked at when it must be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from acp_tui.clients.acp.helmrequests import GROUP, KIND
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.controlplane.duty import Duty, Key
from acp_tui.controlplane.settings import Settings
from acp_tui.controlplane.spechash import fingerprint, spec_hash
from acp_tui.model.errors import AcpTuiError, ClusterError
from acp_tui.model.objects import Meta

if TYPE_CHECKING:
    from acp_tui.controlplane.member import Member
    from acp_tui.controlplane.sync import FindEngine
    from acp_tui.model.refs import Clock

_LOG = logging.getLogger(__name__)
_DIAL_AGAIN = 10.0


class Seen(Struct, frozen=True):
    """As much of a HelmRequest as decides whether it is looked at."""

    metadata: Meta = Meta()
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class Captain:
    """Reconciles the HelmRequests of all members until it is cancelled; `main` is the global cluster among them.

    In the global cluster every change of spec or annotations leads to a sync, in others a change of the spec alone.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        main: Member,
        engine: FindEngine,
        settings: Settings | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._members = {member.context.name: member for member in members}
        self._main = main
        self._settings = settings or Settings()
        self._duty = Duty(self._members, main=main, engine=engine, settings=self._settings, clock=clock)
        self._queue: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._busy: set[Key] = set()
        self._seen: dict[Key, str] = {}
        self._pauses: dict[Key, float] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for member in self._members.values():
                    group.create_task(self._follow(member))
                for _ in range(self._settings.workers):
                    group.create_task(self._work())
        finally:
            for timer in self._timers.values():
                timer.cancel()
            await asyncio.gather(*(member.transport.close() for member in self._members.values()))

    def want(self, key: Key) -> None:
        """Has a HelmRequest looked at soon; one that is in work already is looked at once more afterwards."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key not in self._waiting:
            self._waiting.add(key)
            self._queue.put_nowait(key)

    async def _follow(self, member: Member) -> None:
        """Follows the HelmRequests of a cluster once it serves them, which is asked now and then."""
        while True:
            try:
                kind = (await member.kinds(again=True)).by_gk(GROUP, KIND)
            except ClusterError as error:
                _LOG.info("%s: %s", member.names[0], error.title)
                kind = None
            if kind is not None:
                break
            await asyncio.sleep(_DIAL_AGAIN)
        await Reflector(member.transport, kind.path(), Seen, sink=_Sink(self, member)).run()

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            self._waiting.discard(key)
            if key in self._busy:
                self._later(key, self._settings.poll)
                continue
            self._busy.add(key)
            try:
                again = await self._duty.look(key)
            except AcpTuiError as error:
                _LOG.warning("%s/%s of %s: %s", key.namespace, key.name, key.cluster, error.title)
                again = True
            finally:
                self._busy.discard(key)
            if again:
                pause = self._pauses.get(key, self._settings.first_retry)
                self._pauses[key] = min(pause * 2, self._settings.last_retry)
                self._later(key, pause)
            else:
                self._pauses.pop(key, None)

    def _later(self, key: Key, pause: float) -> None:
        if old := self._timers.pop(key, None):
            old.cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(pause, self.want, key)

    def noticed(self, member: Member, item: Seen) -> None:
        """A HelmRequest as it is now; where nothing that counts has changed it is left to its retries."""
        meta = item.metadata
        key = Key(member.context.name, meta.namespace or "", meta.name or "")
        body = {"metadata": {"annotations": meta.annotations or {}}, "spec": item.spec}
        hash = spec_hash(body) if member is self._main else fingerprint(item.spec)
        if meta.deletion_timestamp:
            hash = f"{hash} going"
        if self._seen.get(key) == hash:
            return
        self._seen[key] = hash
        self._pauses.pop(key, None)
        self.want(key)

    def forget(self, member: Member, meta: Meta) -> None:
        key = Key(member.context.name, meta.namespace or "", meta.name or "")
        self._seen.pop(key, None)
        self._pauses.pop(key, None)
        if timer := self._timers.pop(key, None):
            timer.cancel()


class _Sink:
    """Hands what the reflector reads of one cluster to the loop."""

    def __init__(self, captain: Captain, member: Member) -> None:
        self._captain = captain
        self._member = member

    def arrived(self, items: Sequence[Seen]) -> None:
        self.replaced(items)

    def replaced(self, items: Sequence[Seen]) -> None:
        for item in items:
            self._captain.noticed(self._member, item)

    def applied(self, item: Seen) -> None:
        self._captain.noticed(self._member, item)

    def deleted(self, item: Seen) -> None:
        self._captain.forget(self._member, item.metadata)

    def live(self, at: float) -> None:
        return

    def failed(self, error: ClusterError, at: float) -> None:
        _LOG.info("%s: %s", self._member.names[0], error.title)
