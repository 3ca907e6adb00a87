"""Which releases of the fleet are kept by something above Helm, gathered from all clusters."""

from __future__ import annotations

from collections.abc import Iterable

from acp_tui.fleet.store import Store
from acp_tui.insight.owners import Claim, claim_of_request, claims_of_app_release, owner_of_release
from acp_tui.model.objects import Meta
from acp_tui.model.release import Owner, ReleaseRef


class Claims:
    """Owners by claim, per platform: two platforms may both have a cluster named east."""

    def __init__(self, stores: Iterable[Store] = ()) -> None:
        self._by_platform: dict[str, dict[Claim, Owner]] = {}
        self._seen_from: dict[str, dict[Claim, Owner]] = {}
        for store in stores:
            claims = self._by_platform.setdefault(store.platform, {})
            for request in store.requests:
                claim, owner = claim_of_request(request, cluster=store.names[0])
                claims[claim] = owner
            for release in store.app_releases:
                claims.update(claims_of_app_release(release, cluster=store.names[0]))

    def owner(self, store: Store, ref: ReleaseRef, objects: Iterable[Meta] = ()) -> Owner:
        """Who keeps a release; where a platform's address is not known, its claims count for all clusters."""
        if store.platform not in self._seen_from:
            self._seen_from[store.platform] = self._visible(store.platform)
        return owner_of_release(ref, clusters=store.names, claims=self._seen_from[store.platform], objects=objects)

    def _visible(self, own: str) -> dict[Claim, Owner]:
        claims: dict[Claim, Owner] = {}
        for platform, found in self._by_platform.items():
            if not (platform and own) or platform == own:
                claims |= found
        return claims
