"""The forms one object or list can leave in: plain, metadata only, or a printed table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from acp_tui.sim.answers import ApiError
from acp_tui.sim.store import encode
from acp_tui.sim.tables import table

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.store import Stored

_PARTIAL = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'


@dataclass(frozen=True, slots=True)
class Form:
    """What the client asked for: `kind` is plain, partial or table."""

    kind: str
    version: str
    include: str = "Metadata"
    yaml: bool = False


def negotiate(accept: str, version: str, include: str) -> Form:
    """The first form of an Accept header that this server speaks; 406 where there is none."""
    for entry in (accept or "*/*").split(","):
        media, *parameters = [part.strip() for part in entry.split(";")]
        options = dict(p.split("=", 1) for p in parameters if "=" in p)
        if media not in ("application/json", "application/*", "*/*", "application/yaml"):
            continue
        wanted = options.get("as", "")
        if wanted == "Table" and options.get("v") == "v1":
            return Form("table", version, include or "Metadata")
        if wanted.startswith("PartialObjectMetadata") and options.get("v") == "v1":
            return Form("partial", version)
        if not wanted and "stream" not in options:
            return Form("plain", version, yaml=media == "application/yaml")
    raise ApiError(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml, "
        "application/json;as=Table;v=v1;g=meta.k8s.io",
    )


def in_version(stored: Stored, resource: ResourceType, version: str) -> bytes:
    """The object's bytes under the served version that was asked for."""
    if version == resource.versions[0]:
        return stored.raw
    obj = stored.obj()
    obj["apiVersion"] = resource.api_version(version)
    return encode(obj)


def one(stored: Stored, resource: ResourceType, form: Form) -> bytes:
    """A single object as the body of an answer or the object of a watch event."""
    if form.kind == "partial":
        return _PARTIAL + stored.metadata() + b"}"
    if form.kind == "table":
        meta = {"resourceVersion": str(stored.rv)}
        return encode(table(resource, [stored], include=form.include, list_meta=meta))
    return in_version(stored, resource, form.version)


def many(stored: list[Stored], resource: ResourceType, form: Form, meta: Obj) -> bytes:
    """A list as the body of an answer."""
    if form.kind == "table":
        return encode(table(resource, stored, include=form.include, list_meta=meta))
    head = encode(meta)
    if form.kind == "partial":
        start = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":' + head
        return start + b',"items":[' + b",".join(_PARTIAL + s.metadata() + b"}" for s in stored) + b"]}"
    version = resource.api_version(form.version)
    start = encode({"kind": f"{resource.kind}List", "apiVersion": version})[:-1] + b',"metadata":' + head
    items = [in_version(s, resource, form.version) for s in stored]
    if resource.builtin:
        # Items of built-in lists carry no type of their own, as the real server leaves it out.
        prefix = encode({"apiVersion": version, "kind": resource.kind})[:-1] + b","
        items = [b"{" + raw[len(prefix) :] if raw.startswith(prefix) else raw for raw in items]
    return start + b',"items":[' + b",".join(items) + b"]}"


def yaml_of(body: bytes) -> bytes:
    import yaml

    text: str = yaml.dump(msgspec.json.decode(body), Dumper=yaml.CSafeDumper, sort_keys=True)
    return text.encode()
