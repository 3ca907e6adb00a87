"""Which application each object of one cluster belongs to, and what stands on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acp_tui.fleet.store import Store
from acp_tui.insight.grouping import Group, group_of
from acp_tui.model.objects import ApplicationObject, Meta, Pod

_FOUND_BY_KIND = frozenset({"Node", "ReplicaSet", "Job", "StatefulSet", "DaemonSet"})


class Stranger(NamedTuple):
    """An owner of pods of a kind no rule knows (an operator's own), as far as its pods tell of it."""

    kind: str
    api_version: str
    meta: Meta
    pods: tuple[Pod, ...]


class Grouping:
    """Rows and trees ask the same one, so that a tree never shows what its row did not count.

    `releases` are namespace and name of every release.
    """

    def __init__(self, store: Store, releases: Iterable[tuple[str, str]]) -> None:
        self._applications: dict[str, list[ApplicationObject]] = {}
        for found in store.applications:
            self._applications.setdefault(found.metadata.namespace or "", []).append(found)
        self._releases: dict[str, list[str]] = {}
        for namespace, name in releases:
            self._releases.setdefault(namespace, []).append(name)

    def of(self, kind: str, meta: Meta) -> Group:
        namespace = meta.namespace or ""
        return group_of(
            kind,
            meta,
            applications=self._applications.get(namespace, ()),
            releases=self._releases.get(namespace, ()),
        )


def strangers(store: Store) -> Iterator[Stranger]:
    """Owners that pods name and no watched kind holds; nodes are none, they own their static pods."""
    shelves = [shelf for shelf in store.shelves.values() if shelf.watch.group in ("apps", "batch")]
    known = {item.metadata.uid for shelf in shelves for item in shelf}
    for uid, pods in store.pods.by_owner.items():
        if not uid or uid in known:
            continue
        first = next(iter(pods.values())).metadata
        owner = next((each for each in first.owner_references or () if each.uid == uid), None)
        if owner is None or not owner.kind or owner.kind in _FOUND_BY_KIND:
            continue
        meta = Meta(
            name=owner.name,
            namespace=first.namespace,
            uid=uid,
            labels=first.labels,
            annotations=first.annotations,
            creation_timestamp=first.creation_timestamp,
        )
        yield Stranger(owner.kind, owner.api_version or "", meta, tuple(pods.values()))
