"""Which releases of the fleet are kept by something above Helm, gathered from all clusters."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from acp_tui.fleet.store import Store
from acp_tui.insight.owners import Claim, claims_of_app_release, claims_of_request, owner_of_release
from acp_tui.model.objects import HelmRequest, Meta
from acp_tui.model.release import Owner, ReleaseRef


class _Kept(Struct):
    owners: dict[Claim, Owner] = field(default_factory=dict)
    requests: dict[Owner, HelmRequest] = field(default_factory=dict)


class Claims:
    """Owners by claim, per platform: two platforms may both have a cluster named east."""

    def __init__(self, stores: Iterable[Store] = ()) -> None:
        self._by_platform: dict[str, _Kept] = {}
        self._seen_from: dict[str, _Kept] = {}
        for store in stores:
            kept = self._by_platform.setdefault(store.platform, _Kept())
            for request in store.requests:
                for claim, owner in claims_of_request(request, cluster=store.names[0]):
                    kept.owners[claim] = owner
                    kept.requests[owner] = request
            for release in store.app_releases:
                kept.owners.update(claims_of_app_release(release, cluster=store.names[0]))

    def owner(self, store: Store, ref: ReleaseRef, objects: Iterable[Meta] = ()) -> Owner:
        """Who keeps a release of the store's cluster."""
        return owner_of_release(ref, clusters=store.names, claims=self._visible(store).owners, objects=objects)

    def request(self, store: Store, owner: Owner) -> HelmRequest | None:
        """The HelmRequest an owner stands for, None where it is another kind of owner or not ours to see."""
        return self._visible(store).requests.get(owner)

    def _visible(self, store: Store) -> _Kept:
        """What counts for a cluster: its own platform's, and that of clusters whose platform is not known."""
        own = store.platform
        if own not in self._seen_from:
            merged = _Kept()
            for platform, kept in self._by_platform.items():
                if not (platform and own) or platform == own:
                    merged.owners |= kept.owners
                    merged.requests |= kept.requests
            self._seen_from[own] = merged
        return self._seen_from[own]
