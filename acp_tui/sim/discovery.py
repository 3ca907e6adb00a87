"""What a cluster says it serves: versions, group lists (plain and aggregated) and a permissive OpenAPI."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acp_tui.sim.kinds import KindTable, Obj, ResourceType

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# An OpenAPI v2 document in protobuf that says nothing but its version (field 1, "2.0"). Clients then fall
# back to the types they are built with.
EMPTY_OPENAPI_V2 = b"\x0a\x032.0"
_PROTOCOLS = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")


def version(git_version: str) -> Obj:
    major, minor, *_ = git_version.lstrip("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": git_version,
        "gitCommit": f"{zlib.crc32(git_version.encode()):08x}" * 5,
        "gitTreeState": "clean",
        "buildDate": "2026-01-15T09:00:00Z",
        "goVersion": "go1.24.6",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _groups(kinds: KindTable) -> dict[str, list[str]]:
    """Groups with their versions, the preferred (storage) version of the group first."""
    groups: dict[str, list[str]] = {}
    for resource in kinds:
        versions = groups.setdefault(resource.group, [])
        versions.extend(v for v in resource.versions if v not in versions)
    return {group: sorted(versions, key=_maturity) for group, versions in groups.items()}


def _maturity(version: str) -> tuple[int, int]:
    """Kubernetes' order: GA before beta before alpha, newer first."""
    stage = 2 if "alpha" in version else 1 if "beta" in version else 0
    digits = "".join(c for c in version.partition("alpha")[0].partition("beta")[0] if c.isdigit())
    return (stage, -int(digits or 0))


def _of(kinds: KindTable, group: str, version: str) -> list[ResourceType]:
    return [r for r in kinds if r.group == group and version in r.versions]


def api_versions() -> Obj:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(kinds: KindTable) -> Obj:
    found = [_group(name, versions) for name, versions in _groups(kinds).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(kinds: KindTable, name: str) -> Obj | None:
    versions = _groups(kinds).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _group(name: str, versions: list[str]) -> Obj:
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _subkind(resource: ResourceType, sub: str) -> tuple[str, str, str]:
    if sub == "scale":
        return ("autoscaling", "v1", "Scale")
    if sub == "eviction":
        return ("policy", "v1", "Eviction")
    return (resource.group, resource.versions[0], resource.kind)


_SUB_VERBS = {"log": ["get"], "eviction": ["create"], "finalize": ["update"]}


def resource_list(kinds: KindTable, group_name: str, version: str) -> Obj | None:
    found = _of(kinds, group_name, version)
    if not found:
        return None
    listed: list[Obj] = []
    for resource in found:
        entry: Obj = {
            "name": resource.plural,
            "singularName": resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short:
            entry["shortNames"] = list(resource.short)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        listed.append(entry)
        for sub in resource.subresources:
            sub_group, sub_version, kind = _subkind(resource, sub)
            listed.append(
                {
                    "name": f"{resource.plural}/{sub}",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "group": sub_group,
                    "version": sub_version,
                    "kind": kind,
                    "verbs": _SUB_VERBS.get(sub, ["get", "patch", "update"]),
                }
            )
    name = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": listed}


def aggregated(kinds: KindTable, *, core: bool) -> Obj:
    """Everything under /api (core) or /apis in one document."""
    items: list[Obj] = []
    for name, versions in _groups(kinds).items():
        if (name == "") != core:
            continue
        items.append(
            {
                "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
                "versions": [
                    {
                        "version": v,
                        "resources": [_aggregated_resource(r, v) for r in _of(kinds, name, v)],
                        "freshness": "Current",
                    }
                    for v in versions
                ],
            }
        )
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(resource: ResourceType, version: str) -> Obj:
    entry: Obj = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
    }
    if resource.short:
        entry["shortNames"] = list(resource.short)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    subs = []
    for sub in resource.subresources:
        group_name, sub_version, kind = _subkind(resource, sub)
        subs.append(
            {
                "subresource": sub,
                "responseKind": {"group": group_name, "version": sub_version, "kind": kind},
                "verbs": _SUB_VERBS.get(sub, ["get", "patch", "update"]),
            }
        )
    if subs:
        entry["subresources"] = subs
    return entry


def _prefix(group_name: str, version: str) -> str:
    return f"apis/{group_name}/{version}" if group_name else f"api/{version}"


def openapi_index(kinds: KindTable) -> Obj:
    paths = {
        _prefix(name, v): {"serverRelativeURL": f"/openapi/v3/{_prefix(name, v)}?hash={kinds.changes:08X}"}
        for name, versions in _groups(kinds).items()
        for v in versions
    }
    return {"paths": paths}


def openapi(kinds: KindTable, group_name: str, version: str) -> Obj | None:
    """A v3 document of one group version: every kind an open object, its PATCH with the write parameters.

    The parameters are what clients look for before they leave field validation and dry runs to the server.
    """
    found = _of(kinds, group_name, version)
    if not found:
        return None
    paths: Obj = {}
    schemas: Obj = {}
    for resource in found:
        gvk = {"group": group_name, "version": version, "kind": resource.kind}
        name = f"sim.{group_name or 'core'}.{version}.{resource.kind}"
        schemas[name] = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-group-version-kind": [gvk],
        }
        space = "namespaces/{namespace}/" if resource.namespaced else ""
        path = f"/{_prefix(group_name, version)}/{space}{resource.plural}/{{name}}"
        paths[path] = {"patch": _patch_operation(gvk, name)}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _patch_operation(gvk: dict[str, str], schema: str) -> Obj:
    def parameter(name: str) -> Obj:
        return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}

    content: dict[str, Any] = {protocol: {"schema": {"type": "object"}} for protocol in _PROTOCOLS}
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
        "parameters": [parameter(n) for n in ("dryRun", "fieldManager", "fieldValidation", "force")],
        "requestBody": {"content": content, "required": True},
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
    }
