"""The rows of one cluster, made again only where something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acp_tui.fleet.claims import Claims
from acp_tui.fleet.session import Session
from acp_tui.fleet.store import Store
from acp_tui.fleet.summaries.applications import application_rows
from acp_tui.fleet.summaries.clusters import cluster_row
from acp_tui.fleet.summaries.quotas import project_rows, quota_rows
from acp_tui.fleet.summaries.releases import release_rows, unexplained
from acp_tui.fleet.watchplan import APPLICATIONS, CLUSTERS, PLAN, QUOTAS, RELEASES
from acp_tui.model.objects import Project
from acp_tui.model.refs import Clock

VIEWS = (RELEASES, APPLICATIONS, QUOTAS, CLUSTERS)
"""In the order they need each other."""
_NEEDED = tuple(watch.id for watch in PLAN if not watch.optional)


class Shared:
    """What rows of one cluster take from others: who keeps which release, and what projects are promised."""

    def __init__(self) -> None:
        self.claims = Claims()
        self.projects: tuple[tuple[str, Project], ...] = ()
        self._stamp: Any = None

    def refresh(self, stores: Sequence[Store]) -> bool:
        """Gathers anew if any cluster's part changed; True if so."""
        stamp = [
            (store.platform, store.names, store.requests.changes, store.app_releases.changes, store.projects.changes)
            for store in stores
        ]
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self.claims = Claims(stores)
        self.projects = tuple((store.platform, project) for store in stores for project in store.projects)
        return True


class Picture:
    """A session and its rows by view; `dirty` are the views whose rows may be out of date.

    `before` are rows of an earlier run, shown until the cluster has told as much itself.
    """

    def __init__(
        self, session: Session, shared: Shared, clock: Clock, *, before: Mapping[str, tuple[Any, ...]] | None = None
    ) -> None:
        self.session = session
        self.dirty: frozenset[str] = frozenset(VIEWS)
        self._shared = shared
        self._clock = clock
        self._rows: dict[str, tuple[Any, ...]] = dict.fromkeys(VIEWS, ())
        self._changed: set[str] = set()
        self._made = False
        self._before = dict(before or {})

    def rows(self, view: str, *, fresh: bool = True) -> tuple[Any, ...]:
        """`fresh` makes those first that may be out of date; so does the first call, before there is much to make."""
        fresh = fresh or not self._made
        self._made = True
        while fresh and self.renew_next():
            pass
        return self._rows[view]

    def take_changes(self) -> set[str]:
        """Views whose rows became different since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def renew_next(self) -> bool:
        """Makes one view again that may be out of date; False where none is."""
        view = next((each for each in VIEWS if each in self.dirty), None)
        if view is None:
            return False
        self.dirty = self.dirty - {view}
        rows = self._or_remembered(view, self._make(view))
        if rows != self._rows[view]:
            self._rows[view] = rows
            self._changed.add(view)
        return True

    @property
    def caught_up(self) -> bool:
        """Whether everything that rows are made of was read, or is not ours to read."""
        return all(self.session.store.shelves[id].synced or self.session.store.shelves[id].refused for id in _NEEDED)

    def _or_remembered(self, view: str, rows: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._before:
            return rows
        if self.caught_up:
            self._before = {}
            self.dirty = frozenset(VIEWS) - {view}
            return rows
        if view == CLUSTERS and (self.session.store.reachable is False or self.session.store.problem):
            return rows
        return self._before.get(view) or rows

    def _make(self, view: str) -> tuple[Any, ...]:
        store, now = self.session.store, self._clock()
        match view:
            case "releases":
                rows = release_rows(store, self._shared.claims, now)
                self.session.read_bodies(tuple(unexplained(store, rows)))
                return rows
            case "applications":
                return application_rows(store, self._rows[RELEASES], now)
            case "quotas":
                rows_of_quotas = quota_rows(store)
                projects = [
                    project
                    for platform, project in self._shared.projects
                    if not (platform and store.platform) or platform == store.platform
                ]
                return (*project_rows(projects, store, rows_of_quotas), *rows_of_quotas)
        quotas = tuple(row for row in self._rows[QUOTAS] if row.namespace)
        return (cluster_row(store, self._rows[APPLICATIONS], self._rows[RELEASES], quotas),)
