"""How an object is named across clusters, and how a kind is addressed on an API server."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

Clock = Callable[[], float]
"""Seconds since the epoch; `time.time` in the program, a fixed value in tests."""


class Kind(Struct, frozen=True):
    """One resource type as discovery names it; `group` is empty for the core API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path of the collection, of one object, or of its subresource; no namespace means all of them."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


class ObjectRef(Struct, frozen=True, order=True, gc=False):
    """One object of one cluster; `uid` may be empty where only the name is known."""

    cluster: str
    group: str
    kind: str
    namespace: str
    name: str
    uid: str = ""

    @property
    def key(self) -> str:
        """Stable key of a row: the same object keeps it over updates."""
        return f"{self.cluster}/{self.group}/{self.kind}/{self.namespace}/{self.name}"

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name} ({self.cluster})"
