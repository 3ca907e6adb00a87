"""One kind of one cluster in memory: what is there, who owns it, and how fresh it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from acp_tui.fleet.sharing import Sharing
from acp_tui.fleet.watchplan import Watch
from acp_tui.insight.health.pods import health_of_pod
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Meta, Pod
from acp_tui.model.refs import Clock

T = TypeVar("T")
_PROBLEMS = frozenset({Health.DEGRADED, Health.MISSING, Health.UNKNOWN})


def key_of(meta: Meta) -> str:
    return f"{meta.namespace or ''}/{meta.name or ''}"


def controller_of(meta: Meta) -> str:
    """Uid of the controlling owner, of any owner where none controls, empty for none."""
    owners = meta.owner_references or ()
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

    def arrived(self, items: Iterable[T]) -> None:
        """Some of what is there; nothing can be said yet of what is not among them."""
        news = False
        for item in items:
            news |= self._put(key_of(_meta(item)), item)
        if news and self.synced:
            self._changed()

    def replaced(self, items: Iterable[T]) -> None:
        fresh = {key_of(_meta(item)): item for item in items}
        news = not self.synced
        for key in self.items.keys() - fresh.keys():
            self._drop(key)
            news = True
        for key, item in fresh.items():
            if self.items.get(key) is not item:
                news |= self._put(key, item)
        self.synced, self.refused = True, False
        if news:
            self._changed()

    def applied(self, item: T) -> None:
        if self._put(key_of(_meta(item)), item):
            self._changed()

    def deleted(self, item: T) -> None:
        key = key_of(_meta(item))
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

    def _put(self, key: str, item: T) -> bool:
        old = self.items.get(key)
        if old is not None:
            if _meta(old).resource_version == _meta(item).resource_version and old == item:
                return False
            self._drop(key)
        self.items[key] = item
        self.by_owner.setdefault(controller_of(_meta(item)), {})[key] = item
        return True

    def _drop(self, key: str) -> None:
        item = self.items.pop(key)
        owner = controller_of(_meta(item))
        siblings = self.by_owner[owner]
        del siblings[key]
        if not siblings:
            del self.by_owner[owner]


class PodShelf(Shelf[Pod]):
    """Pods with the verdict on each, judged when they change and, while not well, again as time goes by."""

    def __init__(self, watch: Watch, *, changed: Callable[[Watch], None], clock: Clock) -> None:
        super().__init__(watch, changed=changed)
        self.verdicts: dict[str, Verdict] = {}
        self.unwell: set[str] = set()
        self._troubled: frozenset[str] | None = None
        self._sharing = Sharing()
        self._clock = clock

    @property
    def problems(self) -> int:
        return sum(1 for key in self.unwell if self.verdicts[key].health in _PROBLEMS)

    @property
    def troubled(self) -> frozenset[str]:
        """Uids of the owners of pods that are not well: most workloads need no look at their pods."""
        if self._troubled is None:
            self._troubled = frozenset(controller_of(self.items[key].metadata) for key in self.unwell)
        return self._troubled

    def verdict(self, pod: Pod) -> Verdict:
        return self.verdicts[key_of(pod.metadata)]

    def recheck(self) -> None:
        """Rules with patience in them (not ready for five minutes) need a look at the clock."""
        before = {key: self.verdicts[key] for key in self.unwell}
        for key in before:
            self._judge(key, self.items[key])
        if any(self.verdicts[key] != verdict for key, verdict in before.items()):
            self._changed()

    def _put(self, key: str, item: Pod) -> bool:
        self._sharing.pod(item)
        if not super()._put(key, item):
            return False
        self._judge(key, item)
        return True

    def _drop(self, key: str) -> None:
        super()._drop(key)
        self.verdicts.pop(key, None)
        self.unwell.discard(key)
        self._troubled = None

    def _judge(self, key: str, pod: Pod) -> None:
        verdict = health_of_pod(pod, now=self._clock())
        self.verdicts[key] = verdict
        self._troubled = None
        (self.unwell.discard if verdict.health is Health.HEALTHY else self.unwell.add)(key)


def _meta(item: Any) -> Meta:
    meta: Meta = item.metadata
    return meta
