"""Listens to the pods of hooks while Helm runs: a delete policy takes pod and log away as soon as the hook is over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from acp_tui.clients.kube.reflector import Reflector
from acp_tui.clients.kube.streams import logs
from acp_tui.controllers.observe import container_statuses, ended_words
from acp_tui.controllers.redact import Redactor, hush
from acp_tui.model.errors import AcpTuiError, ClusterError
from acp_tui.model.kept import Words
from acp_tui.model.objects import ContainerStatus, Pod
from acp_tui.model.refs import Clock, ObjectRef

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport

LINES = 200
"""Last lines kept of one container."""
CHARACTERS = 64 * 1024
"""The most of one container's words."""

_READY_SECONDS = 5.0
_LAST_SECONDS = 2.0
"""How long the end of a log is waited for once Helm is over."""


class Listener:
    """Follows every container of the hooks' pods that appear while the context lasts; older pods are left alone.

    It watches, because a poll would miss a pod that lives for a second. Nothing that goes wrong here is an error: what
    was not heard is not there.
    """

    def __init__(
        self, transport: Transport, hooks: Sequence[ObjectRef], *, redact: Callable[[], Redactor], clock: Clock
    ) -> None:
        self._transport = transport
        self._redact = redact
        self._clock = clock
        self._tracks = tuple(_Track(self, transport, *each) for each in _selections(hooks))
        self._followers: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._lines: dict[tuple[str, str], deque[str]] = {}
        self._states: dict[tuple[str, str], tuple[Pod, str]] = {}

    @property
    def words(self) -> tuple[Words, ...]:
        """What each container said and how it ended, in the order their pods came."""
        redact, now = self._redact(), self._clock()
        return tuple(
            Words(pod.metadata.name or "", name, _why(pod), now, redact(state), self._said(uid, name, redact))
            for (uid, name), (pod, state) in self._states.items()
        )

    async def __aenter__(self) -> Listener:
        await asyncio.gather(*(track.begin() for track in self._tracks))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._followers and error is None:
            await asyncio.wait(self._followers.values(), timeout=_LAST_SECONDS)
        tasks = [*self._followers.values(), *(track.task for track in self._tracks if track.task)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def seen(self, pod: Pod) -> None:
        """A pod of a hook as it is now; containers that run, or ran, are followed once."""
        uid = pod.metadata.uid or ""
        for status in container_statuses(pod):
            key = (uid, status.name or "")
            self._states[key] = (pod, _ended(status))
            if not status.state or not (status.state.running or status.state.terminated):
                continue
            known = self._followers.get(key)
            if known is None or (known.done() and not self._lines.get(key)):
                self._followers[key] = asyncio.ensure_future(self._follow(pod, key))

    async def _follow(self, pod: Pod, key: tuple[str, str]) -> None:
        said = self._lines.setdefault(key, deque(maxlen=LINES))
        said.clear()
        lines = logs(
            self._transport, pod.metadata.namespace or "", pod.metadata.name or "", container=key[1], follow=True,
            tail_lines=LINES,
        )  # fmt: skip
        try:
            async for line in lines:
                said.append(line)
        except AcpTuiError:
            return

    def _said(self, uid: str, container: str, redact: Redactor) -> tuple[str, ...]:
        return bounded(hush(redact(line)) for line in self._lines.get((uid, container), ()))


class _Track:
    """One watch; pods that the first list has are from before."""

    def __init__(self, listener: Listener, transport: Transport, namespace: str, labels: str, fields: str) -> None:
        self._listener = listener
        self._old: frozenset[str] = frozenset()
        self._listed = asyncio.Event()
        self._reflector = Reflector(
            transport, f"/api/v1/namespaces/{namespace}/pods", Pod, sink=self, label_selector=labels,
            field_selector=fields, from_cache=False,
        )  # fmt: skip
        self.task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Returns when the watch is about to stand, or after a few seconds without it."""
        self.task = asyncio.ensure_future(self._reflector.run())
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._listed.wait()
        except TimeoutError:
            self._listed.set()

    def arrived(self, items: Sequence[Pod]) -> None:
        return

    def replaced(self, items: Sequence[Pod]) -> None:
        if self._listed.is_set():
            for item in items:
                self.applied(item)
            return
        self._old = frozenset(item.metadata.uid or "" for item in items)
        self._listed.set()

    def applied(self, item: Pod) -> None:
        if item.metadata.uid not in self._old:
            self._listener.seen(item)

    def deleted(self, item: Pod) -> None:
        self.applied(item)

    def live(self, at: float) -> None:
        return

    def failed(self, error: ClusterError, at: float) -> None:
        self._listed.set()


def bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """The last lines that fit into the bounds."""
    kept: deque[str] = deque()
    room = CHARACTERS
    for line in reversed(tuple(lines)[-LINES:]):
        room -= len(line) + 1
        if room < 0:
            break
        kept.appendleft(line)
    return tuple(kept)


def _selections(hooks: Sequence[ObjectRef]) -> Iterator[tuple[str, str, str]]:
    """Namespace, label selector and field selector: one for all Jobs of a namespace, one for each Pod."""
    for namespace in dict.fromkeys(hook.namespace for hook in hooks):
        jobs = sorted({hook.name for hook in hooks if hook.kind == "Job" and hook.namespace == namespace})
        if jobs:
            yield namespace, f"job-name in ({','.join(jobs)})", ""
    for hook in hooks:
        if hook.kind == "Pod" and not hook.group:
            yield hook.namespace, "", f"metadata.name={hook.name}"


def _why(pod: Pod) -> str:
    job = (pod.metadata.labels or {}).get("job-name")
    return f"hook {job or pod.metadata.name}"


def _ended(status: ContainerStatus) -> str:
    """How it ended, or what it waits for; empty while it runs."""
    state = status.state
    if state is not None and state.terminated is not None:
        return ended_words(state.terminated)
    return (state.waiting.reason or "") if state is not None and state.waiting else ""
