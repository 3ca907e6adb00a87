"""One kind of one cluster in memory: what is there, who owns it, and how fresh it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

from acp_tui.clients.kube.reflector import Described
from acp_tui.fleet.sharing import Sharing
from acp_tui.fleet.watchplan import Watch
from acp_tui.insight.health.nodes import health_of_node, is_ready
from acp_tui.insight.health.pods import OK, health_of_pod
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Meta, Node, Pod
from acp_tui.model.refs import Clock

T = TypeVar("T", bound=Described)
_PROBLEMS = frozenset({Health.DEGRADED, Health.MISSING, Health.UNKNOWN})


def key_of(meta: Meta) -> str:
    return f"{meta.namespace or ''}/{meta.name or ''}"


def controller_of(meta: Meta) -> str:
    """Uid of the controlling owner, of any owner where none controls, empty for none."""
    owners = meta.owner_references
    if not owners:
        return ""
    if len(owners) == 1:
        return owners[0].uid or ""
    return next((owner.uid for owner in owners if owner.controller and owner.uid), "") or next(
        (owner.uid for owner in owners if owner.uid), ""
    )


class Shelf(Generic[T]):
    """The objects of one kind by `namespace/name`; a reflector's sink.

    What was once there stays when the cluster stops answering; `error` then says why it may be old. `refused` means
    that we have no right to it, `namespaces` that it holds these alone because we may not see more.
    """

    def __init__(self, watch: Watch, *, changed: Callable[[Watch], None]) -> None:
        self.watch = watch
        self.items: dict[str, T] = {}
        self.by_owner: dict[str, dict[str, T]] = {}
        self.synced = False
        self.confirmed_at: float | None = None
        self.error: Exception | None = None
        self.refused = False
        self.namespaces: tuple[str, ...] = ()
        self.changes = 0
        self._tell = changed

    def __iter__(self) -> Iterator[T]:
        return iter(self.items.values())

    def __len__(self) -> int:
        return len(self.items)

    @property
    def known(self) -> bool:
        """True where a count of these objects means something."""
        return self.synced and not self.refused

    def owned_by(self, uid: str | None) -> Iterable[T]:
        return self.by_owner.get(uid, {}).values() if uid else ()

    def arrived(self, items: Sequence[T]) -> None:
        """Some of what is there; nothing can be said yet of what is not among them."""
        if self._file(items) and self.synced:
            self._changed()

    def replaced(self, items: Sequence[T]) -> None:
        news = not self.synced
        # After a list that came in pages there is nothing left to do, and comparing tells so at once.
        if list(self.items.values()) != items:
            fresh = {key_of(item.metadata): item for item in items}
            for key in self.items.keys() - fresh.keys():
                self._drop(key)
                news = True
            news |= self._file([item for key, item in fresh.items() if self.items.get(key) is not item])
        self.synced, self.refused = True, False
        if news:
            self._changed()

    def applied(self, item: T) -> None:
        if self._file((item,)):
            self._changed()

    def deleted(self, item: T) -> None:
        key = key_of(item.metadata)
        if key in self.items:
            self._drop(key)
            self._changed()

    def live(self, at: float) -> None:
        self.confirmed_at = at
        if self.error is not None:
            self.error = None
            self._changed()

    def failed(self, error: Exception, at: float) -> None:
        if str(error) != str(self.error):
            self.error = error
            self._changed()

    def refuse(self) -> None:
        """Nothing of what was there may be shown as current: the right to see it is gone."""
        self.refused, self.error = True, None
        for key in tuple(self.items):
            self._drop(key)
        self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self._tell(self.watch)

    def _file(self, items: Sequence[T]) -> bool:
        """Whether any of them is new or another than before."""
        news: list[str] = []
        kept, by_owner = self.items, self.by_owner
        for item in items:
            meta = item.metadata
            key, owner = key_of(meta), controller_of(meta)
            old = kept.get(key)
            if old is not None:
                if old.metadata.resource_version == meta.resource_version and old == item:
                    continue
                if controller_of(old.metadata) != owner:
                    self._drop(key)
            kept[key] = item
            siblings = by_owner.get(owner)
            if siblings is None:
                siblings = by_owner[owner] = {}
            siblings[key] = item
            news.append(key)
        self._filed(news)
        return bool(news)

    def _filed(self, keys: Sequence[str]) -> None:
        """What is under these keys is new or another than before."""

    def _drop(self, key: str) -> None:
        item = self.items.pop(key)
        owner = controller_of(item.metadata)
        siblings = self.by_owner[owner]
        del siblings[key]
        if not siblings:
            del self.by_owner[owner]


Judge = Callable[[T], Verdict]


class Judged(Shelf[T]):
    """Objects of which those that are not well are known, with the verdict on each, judged when they change.

    `rule` is how they are judged as of now.
    """

    def __init__(self, watch: Watch, *, changed: Callable[[Watch], None], rule: Callable[[], Judge[T]]) -> None:
        super().__init__(watch, changed=changed)
        self.unwell: dict[str, Verdict] = {}
        self._rule = rule

    def _filed(self, keys: Sequence[str]) -> None:
        judge = self._rule()
        for key in keys:
            verdict = judge(self.items[key])
            if verdict.health is not Health.HEALTHY:
                self.unwell[key] = verdict
            elif key in self.unwell:
                del self.unwell[key]

    def _drop(self, key: str) -> None:
        super()._drop(key)
        self.unwell.pop(key, None)


class NodeShelf(Judged[Node]):
    """Nodes; one under pressure or cordoned is not well, and yet ready."""

    def __init__(self, watch: Watch, *, changed: Callable[[Watch], None]) -> None:
        super().__init__(watch, changed=changed, rule=lambda: health_of_node)

    @property
    def ready(self) -> int:
        return len(self) - sum(1 for key in self.unwell if not is_ready(self.items[key]))


class PodShelf(Judged[Pod]):
    """Pods, slim; those that are not well are judged again as time goes by."""

    def __init__(self, watch: Watch, *, changed: Callable[[Watch], None], clock: Clock) -> None:
        super().__init__(watch, changed=changed, rule=lambda: _rule_at(clock()))
        self._troubled: frozenset[str] | None = None
        self._sharing = Sharing()

    @property
    def problems(self) -> int:
        return sum(1 for verdict in self.unwell.values() if verdict.health in _PROBLEMS)

    @property
    def troubled(self) -> frozenset[str]:
        """Uids of the owners of pods that are not well: most workloads need no look at their pods."""
        if self._troubled is None:
            self._troubled = frozenset(controller_of(self.items[key].metadata) for key in self.unwell)
        return self._troubled

    def verdict(self, pod: Pod) -> Verdict:
        return self.unwell.get(key_of(pod.metadata), OK)

    def recheck(self) -> None:
        """Rules with patience in them (not ready for five minutes) need a look at the clock."""
        judge = self._rule()
        news = {key: verdict for key, old in self.unwell.items() if (verdict := judge(self.items[key])) != old}
        for key, verdict in news.items():
            self.unwell[key] = verdict
            if verdict.health is Health.HEALTHY:
                del self.unwell[key]
        if news:
            self._troubled = None
            self._changed()

    def _file(self, items: Sequence[Pod]) -> bool:
        for item in items:
            self._sharing.pod(item)
        return super()._file(items)

    def _filed(self, keys: Sequence[str]) -> None:
        unwell = self.unwell.keys()
        told = not unwell.isdisjoint(keys)
        super()._filed(keys)
        if told or not unwell.isdisjoint(keys):
            self._troubled = None

    def _drop(self, key: str) -> None:
        super()._drop(key)
        self._troubled = None


def _rule_at(now: float) -> Judge[Pod]:
    return partial(health_of_pod, now=now)
