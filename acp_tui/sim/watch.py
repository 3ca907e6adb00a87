"""One open watch: replay, live events, bookmarks, and the 410 of a client that was outrun."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acp_tui.sim import representation
from acp_tui.sim.answers import ApiError, bad_request, gone, invalid
from acp_tui.sim.listing import selector_of
from acp_tui.sim.store import encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from acp_tui.sim.kinds import ResourceType
    from acp_tui.sim.representation import Form
    from acp_tui.sim.store import Store, Stored, StoreEvent

BOOKMARK_SECONDS = 60.0
_BACKLOG = 20_000


def _true(text: str | None) -> bool:
    return text is not None and text not in ("0", "false", "False")


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """The query of a watch, read once; times are in seconds, `since` is None for "from now, with replay"."""

    since: int | None
    timeout: float
    bookmarks: bool
    initial: bool


def read_options(query: Mapping[str, str], resource: ResourceType, *, streaming_lists: bool) -> WatchOptions:
    """Check the query as the server does; streaming lists are refused where the version has them off."""
    version = query.get("resourceVersion", "")
    initial = _true(query.get("sendInitialEvents"))
    if "sendInitialEvents" in query and not streaming_lists:
        cause = (
            "sendInitialEvents",
            "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
        )
        raise invalid(resource, "", [cause])
    if initial and query.get("resourceVersionMatch") != "NotOlderThan":
        cause = (
            "resourceVersionMatch",
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )
        raise invalid(resource, "", [cause])
    if version and not version.isdigit():
        raise bad_request(f"Invalid resource version: {version!r}")
    return WatchOptions(
        since=int(version) if version not in ("", "0") and not initial else None,
        timeout=float(query.get("timeoutSeconds") or 1800),
        bookmarks=_true(query.get("allowWatchBookmarks")),
        initial=initial,
    )


class Watch:
    """The lines of one watch as they come due; iterate, write, and close."""

    def __init__(
        self,
        store: Store,
        resource: ResourceType,
        *,
        namespace: str,
        query: Mapping[str, str],
        form: Form,
        options: WatchOptions,
        name: str = "",
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._form = form
        self._options = options
        self._selector = selector_of(resource, query, name)
        self._backlog: deque[StoreEvent] = deque()
        self._wake = asyncio.Event()
        self._leave: Callable[[], None] = store.watch(resource.key, self._receive)

    def close(self) -> None:
        self._leave()

    def _receive(self, event: StoreEvent) -> None:
        if self._namespace and event.new.namespace != self._namespace:
            return
        self._backlog.append(event)
        self._wake.set()

    async def chunks(self, *, silent: Callable[[], bool], expired: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Byte chunks of whole lines until the time is up; `silent` and `expired` are the fault knobs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._options.timeout
        try:
            first = self._replay(forget=expired())
        except ApiError as error:
            yield _line("ERROR", encode(error.status()))
            return
        if first:
            yield first
        next_bookmark = loop.time() + BOOKMARK_SECONDS
        while (left := end - loop.time()) > 0:
            wait = min(left, next_bookmark - loop.time()) if self._options.bookmarks else left
            try:
                async with asyncio.timeout(max(0.01, wait)):
                    await self._wake.wait()
            except TimeoutError:
                if self._options.bookmarks and loop.time() >= next_bookmark and not silent():
                    next_bookmark = loop.time() + BOOKMARK_SECONDS
                    yield self._bookmark(initial_end=False)
                continue
            if expired() or len(self._backlog) > _BACKLOG:
                yield _line("ERROR", encode(gone(self._options.since or 0, self._store.rv).status()))
                return
            self._wake.clear()
            events = [self._backlog.popleft() for _ in range(len(self._backlog))]
            chunk = b"".join(line for event in events if (line := self._event(event)))
            if chunk and not silent():
                yield chunk
        if self._options.bookmarks and not silent():
            yield self._bookmark(initial_end=False)

    def _replay(self, *, forget: bool) -> bytes:
        """What the client must see before anything new: the past since its version, or the present state."""
        since = self._options.since
        self._backlog.clear()
        if since is not None:
            if forget or since < self._store.floor(self._resource.key):
                raise gone(since, self._store.floor(self._resource.key))
            lines = [self._event(e) for e in self._store.since(self._resource.key, since) if self._here(e)]
            return b"".join(line for line in lines if line)
        present = self._store.all(self._resource.key, self._namespace)
        lines = [self._object_line("ADDED", s) for s in present if self._selector.matches(s)]
        if self._options.initial:
            lines.append(self._bookmark(initial_end=True))
        return b"".join(lines)

    def _here(self, event: StoreEvent) -> bool:
        return not self._namespace or event.new.namespace == self._namespace

    def _event(self, event: StoreEvent) -> bytes:
        """One event as this selection sees it: an object that stops matching is DELETED, and back."""
        was = event.old is not None and self._selector.matches(event.old)
        if event.type == "DELETED":
            return self._object_line("DELETED", event.new) if was else b""
        now = self._selector.matches(event.new)
        if now:
            return self._object_line("MODIFIED" if was else "ADDED", event.new)
        return self._object_line("DELETED", event.new) if was else b""

    def _object_line(self, kind: str, stored: Stored) -> bytes:
        return _line(kind, representation.one(stored, self._resource, self._form))

    def _bookmark(self, *, initial_end: bool) -> bytes:
        meta: dict[str, object] = {"resourceVersion": str(self._store.rv), "creationTimestamp": None}
        if initial_end:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        kind, version = self._resource.kind, self._resource.api_version(self._form.version)
        if self._form.kind == "partial":
            kind, version = "PartialObjectMetadata", "meta.k8s.io/v1"
        if self._form.kind == "table":
            rows: list[object] = []
            body: dict[str, object] = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
            return _line("BOOKMARK", encode({**body, "columnDefinitions": [], "rows": rows}))
        return _line("BOOKMARK", encode({"kind": kind, "apiVersion": version, "metadata": meta}))


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"
