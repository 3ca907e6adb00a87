"""What a request path addresses: a resource, an object, a subresource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acp_tui.sim.answers import path_not_found

if TYPE_CHECKING:
    from acp_tui.sim.kinds import KindTable, ResourceType


@dataclass(frozen=True, slots=True)
class Target:
    """A path under /api or /apis, resolved against the kinds the cluster serves."""

    resource: ResourceType
    version: str
    namespace: str = ""
    name: str = ""
    sub: str = ""
    rest: str = ""  # what follows a proxy subresource


def resolve(path: str, kinds: KindTable) -> Target:
    """Read a resource path; 404 where no such resource is served."""
    parts = [part for part in path.split("/") if part]
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    else:
        group, version, rest = parts[1], parts[2], parts[3:]
    if rest[:1] == ["watch"]:  # the old prefix form of a watch is not served
        raise path_not_found()
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    if not rest:
        raise path_not_found()
    resource = kinds.find(group, rest[0])
    if resource is None or version not in resource.versions or (namespace and not resource.namespaced):
        raise path_not_found()
    sub = rest[2] if len(rest) > 2 else ""
    if sub and sub not in resource.subresources:
        raise path_not_found()
    return Target(resource, version, namespace, rest[1] if len(rest) > 1 else "", sub, "/".join(rest[3:]))
