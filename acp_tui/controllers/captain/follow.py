"""Follows what Captain makes of a changed HelmRequest: hash, phase, reason, events and records, never conditions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from acp_tui.clients.acp.helmrequests import HelmRequest
from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.lister import list_all
from acp_tui.model.errors import AcpTuiError, RecordError
from acp_tui.model.objects import Event
from acp_tui.wire.manifest import merge_values
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.controllers.captain.change import Change
    from acp_tui.controllers.captain.seat import Seat
    from acp_tui.model.refs import Clock
    from acp_tui.model.release import ReleaseRef

SURE_FAILURES = 2
"""A first failure may still be the last try of the spec before; the second one is of ours."""

_GRACE_SECONDS = 10.0
_IDLE_SECONDS = 3.0
_POLL, _SLOWEST = 0.5, 2.0


class Before(Struct, frozen=True):
    """How a HelmRequest stood before it was changed."""

    hash: str
    phase: str


class Answer(Struct, frozen=True):
    """What Captain did; `failures` is what it said of tries before that."""

    ok: bool
    said: str = ""
    failures: tuple[str, ...] = ()
    stopped: bool = False


class Followed:
    """One HelmRequest after a change; `hear` gets each new word of Captain's, `note` the state in short."""

    def __init__(
        self,
        seat: Seat,
        ref: ReleaseRef,
        records: ReleaseStore,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        stop: asyncio.Event,
    ) -> None:
        self._seat = seat
        self._ref = ref
        self._records = records
        self._clock = clock
        self._sleep = sleep
        self._stop = stop
        self._known: dict[str, int] = {}
        self._failures: list[str] = []
        self._successes = 0

    async def before(self) -> Before:
        """Called before the change: events of then are no answer to it."""
        self._known = {each.metadata.uid or "": each.count or 1 for each in await self._events()}
        return Before(self._seat.request.last_spec_hash, self._seat.request.phase)

    async def sync(
        self,
        before: Before,
        change: Change,
        *,
        timeout: float,
        hear: Callable[[str], None],
        note: Callable[[str], None],
    ) -> Answer:
        """Until the change is synced, refused for sure, stopped, or `timeout` seconds are over."""
        ends, pause = self._clock() + timeout, _POLL
        failed_at: float | None = None
        while True:
            request = (await self._seat.again()).request
            await self._listen(hear)
            note(_short(request))
            quiet = change.idle and self._clock() - ends + timeout >= _IDLE_SECONDS and not self._failures
            if await self._is_synced(before, request, change, quiet=quiet):
                return Answer(ok=True)
            failing = request.phase == "Failed" and bool(self._failures)
            failed_at = (failed_at or self._clock()) if failing else None
            sure = len(self._failures) >= SURE_FAILURES
            if failed_at is not None and (sure or self._clock() - failed_at >= _GRACE_SECONDS):
                return self._answer(request.reason or self._failures[-1])
            if self._stop.is_set():
                return self._stopped()
            if self._clock() >= ends:
                return self._answer(_silent(request, before, timeout))
            await self._sleep(pause)
            pause = min(pause * 1.3, _SLOWEST)

    async def deletion(self, *, timeout: float, hear: Callable[[str], None], note: Callable[[str], None]) -> Answer:
        """Until the HelmRequest is gone, Captain failed twice to take it away, or the time is over."""
        ends, pause = self._clock() + timeout, _POLL
        while True:
            await self._listen(hear)
            try:
                request = (await self._seat.again()).request
            except NotFound:
                return Answer(ok=True, failures=tuple(dict.fromkeys(self._failures)))
            if request.uid != self._seat.request.uid:
                return Answer(ok=True)
            note(f"{len(self._failures)} failed tries" if self._failures else "Captain uninstalls")
            if len(self._failures) >= SURE_FAILURES or (self._clock() >= ends and self._failures):
                return self._answer(self._failures[-1])
            if self._stop.is_set():
                return self._stopped()
            if self._clock() >= ends:
                held = ", ".join(map(str, request.metadata.get("finalizers") or ())) or "nothing"
                return self._answer(
                    f"it is still there after {timeout:.0f} s, held by {held}, and Captain says nothing"
                )
            await self._sleep(pause)
            pause = min(pause * 1.3, _SLOWEST)

    async def _is_synced(self, before: Before, request: HelmRequest, change: Change, *, quiet: bool) -> bool:
        """Captain says so of something new, and the newest record is what was asked for."""
        if request.phase != "Synced":
            return False
        old = request.last_spec_hash == before.hash and before.phase == "Synced"
        if old and not self._successes and not quiet:
            return False
        history = await self._records.history(self._ref)
        if not history or history[0].status != "deployed":
            return False
        try:
            body = await self._records.body(self._ref, history[0])
        except RecordError:
            return False
        version = change.chart_version
        if version and body.chart_version.removeprefix("v") != version.removeprefix("v"):
            return False
        return change.values is None or merge_values({}, body.values) == merge_values({}, change.values)

    async def _listen(self, hear: Callable[[str], None]) -> None:
        for event in await self._events():
            uid, count = event.metadata.uid or "", event.count or 1
            new = count - self._known.get(uid, 0)
            if new <= 0:
                continue
            self._known[uid] = count
            said = one_line(event.message or "", limit=500)
            hear(f"Captain: {event.reason}: {said}")
            if (event.reason or "").startswith("Failed"):
                self._failures += [said] * new
            elif event.reason == "Synced" and "success" in said:
                self._successes += 1

    async def _events(self) -> Sequence[Event]:
        request = self._seat.request
        try:
            page = await list_all(
                self._seat.cluster.transport,
                f"/api/v1/namespaces/{request.namespace}/events",
                Event,
                field_selector=f"involvedObject.uid={request.uid}",
            )
        except AcpTuiError:
            return ()
        return page.items

    def _answer(self, said: str) -> Answer:
        return Answer(ok=False, said=said, failures=tuple(dict.fromkeys(self._failures)))

    def _stopped(self) -> Answer:
        said = "only the following ended: Captain goes on with what the HelmRequest says"
        return Answer(ok=False, said=said, stopped=True)


def _short(request: HelmRequest) -> str:
    words = f"phase {request.phase or 'not set'}"
    return f"{words}: {one_line(request.reason, limit=120)}" if request.reason else words


def _silent(request: HelmRequest, before: Before, timeout: float) -> str:
    same = "lastSpecHash unchanged" if request.last_spec_hash == before.hash else "lastSpecHash new"
    return f"Captain did not sync it within {timeout:.0f} s ({_short(request)}, {same}): is Captain running?"
