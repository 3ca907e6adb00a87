"""Catches what failed revisions say before Captain deletes them, which it does at its next try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from acp_tui.clients.helm.records import PLACES
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.model.errors import ClusterError, RecordError
from acp_tui.model.objects import Meta
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision, Store
from acp_tui.wire.helm import body, decode_captain, revision_of
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport

_READY_SECONDS = 5.0


class Kept(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class Attempts:
    """Watches the records of one release as long as the context lasts; `told` are failed ones made meanwhile.

    A poll would miss them: a failed revision may live for less than a second.
    """

    def __init__(
        self,
        transport: Transport,
        ref: ReleaseRef,
        *,
        hear: Callable[[str], None],
        keep: Callable[[Revision, ReleaseBody], None] | None = None,
    ) -> None:
        self._ref = ref
        self._hear = hear
        self._keep = keep
        self._keeping: set[asyncio.Task[None]] = set()
        self._old: set[str] = set()
        self._found: dict[str, str] = {}
        self._listed = asyncio.Event()
        self._reflector = Reflector(
            transport,
            PLACES[Store.CAPTAIN].path(ref.namespace),
            Kept,
            sink=self,
            label_selector=f"owner=helm,name={ref.name}",
            from_cache=False,
        )
        self._watch: asyncio.Task[None] | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """`revision 3 (web 1.1.0) failed: …`, each text once, in the order they were made."""
        return tuple(dict.fromkeys(self._found.values()))

    async def __aenter__(self) -> Attempts:
        self._watch = asyncio.ensure_future(self._reflector.run())
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._listed.wait()
        except TimeoutError:
            self._listed.set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, *self._keeping, return_exceptions=True)

    def arrived(self, items: Sequence[Kept]) -> None:
        return

    def replaced(self, items: Sequence[Kept]) -> None:
        if self._listed.is_set():
            for item in items:
                self.applied(item)
            return
        self._old = {item.metadata.uid or "" for item in items}
        self._listed.set()

    def applied(self, item: Kept) -> None:
        uid = item.metadata.uid or ""
        failed = (item.metadata.labels or {}).get("status") == "failed"
        if not failed or uid in self._old or uid in self._found:
            return
        said = self._found[uid] = self._told(item)
        self._hear(said)

    def deleted(self, item: Kept) -> None:
        return

    def live(self, at: float) -> None:
        return

    def failed(self, error: ClusterError, at: float) -> None:
        return

    def _told(self, item: Kept) -> str:
        """What a failed revision says; its copy is made in a thread, because masking a manifest takes its time."""
        number = (item.metadata.labels or {}).get("version") or "?"
        try:
            parts = [text for text in item.spec.values() if isinstance(text, str)]
            record = body(decode_captain(item.spec, item.status), self._ref, size=sum(map(len, parts)))
        except RecordError as error:
            return f"revision {number} failed, and its record cannot be read: {error.title}"
        revision = revision_of(item.metadata, self._ref.cluster, Store.CAPTAIN)
        if self._keep is not None and revision is not None:
            task = asyncio.ensure_future(asyncio.to_thread(self._keep, revision, record))
            self._keeping.add(task)
        chart = f"{record.chart} {record.chart_version}".strip()
        return f"revision {number} ({chart}) failed: {one_line(record.description, limit=400)}"
