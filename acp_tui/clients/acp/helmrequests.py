"""A HelmRequest as it is stored: what it asks for, where, with which values, and what Captain says to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.clients.errors import NotFound
from acp_tui.model.errors import ChartError, ClusterError
from acp_tui.wire.kubernetes import Unreadable
from acp_tui.wire.manifest import values as parse_values
from acp_tui.wire.text import clean, one_line

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport

GROUP = "app.alauda.io"
KIND = "HelmRequest"
FINALIZER = "captain.cpaas.io"
FINALIZERS = frozenset({FINALIZER, "captain.alauda.io"})
NO_SYNC = "captain-no-sync"
KEEP_RESOURCES = "captain-keep-resources"
ADOPT = "captain-force-adopt-resources"
RESYNC = "kubectl-captain.resync"
LAST_SPEC = "last-spec"
VALUES_KEY = "values.yaml"


class HelmRequest(Struct, frozen=True):
    """`body` is the object byte for byte as decoded JSON, because it is written back; its repr holds no values."""

    body: dict[str, Any]

    def __repr__(self) -> str:
        return f"HelmRequest({self.namespace}/{self.name})"

    @property
    def metadata(self) -> dict[str, Any]:
        return _mapping(self.body.get("metadata"))

    @property
    def spec(self) -> dict[str, Any]:
        return _mapping(self.body.get("spec"))

    @property
    def status(self) -> dict[str, Any]:
        return _mapping(self.body.get("status"))

    @property
    def annotations(self) -> dict[str, str]:
        return {str(key): str(value) for key, value in _mapping(self.metadata.get("annotations")).items()}

    @property
    def name(self) -> str:
        return clean(str(self.metadata.get("name") or ""))

    @property
    def namespace(self) -> str:
        return clean(str(self.metadata.get("namespace") or ""))

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid") or "")

    @property
    def resource_version(self) -> str:
        return str(self.metadata.get("resourceVersion") or "")

    @property
    def deleting(self) -> bool:
        return bool(self.metadata.get("deletionTimestamp"))

    @property
    def held(self) -> bool:
        """Captain's finalizer is on it, under its present or its older name."""
        return bool(FINALIZERS & set(self.metadata.get("finalizers") or ()))

    @property
    def paused(self) -> bool:
        """The annotation is there; what it says does not count."""
        return NO_SYNC in self.annotations

    @property
    def keeps_resources(self) -> bool:
        return KEEP_RESOURCES in self.annotations

    @property
    def adopts(self) -> bool:
        return self.annotations.get(ADOPT, "").lower() == "true"

    @property
    def chart(self) -> str:
        """`repository/chart`; empty where `source` names another place."""
        return clean(str(self.spec.get("chart") or ""))

    @property
    def version(self) -> str:
        return clean(str(self.spec.get("version") or ""))

    @property
    def values(self) -> dict[str, Any]:
        return _mapping(self.spec.get("values"))

    @property
    def release_name(self) -> str:
        return clean(str(self.spec.get("releaseName") or "")) or self.name

    @property
    def release_namespace(self) -> str:
        return clean(str(self.spec.get("namespace") or "")) or self.namespace

    @property
    def cluster(self) -> str:
        """Empty for the cluster the object lives in."""
        return clean(str(self.spec.get("clusterName") or ""))

    @property
    def dependencies(self) -> tuple[str, ...]:
        return tuple(str(each) for each in self.spec.get("dependencies") or ())

    @property
    def phase(self) -> str:
        return clean(str(self.status.get("phase") or ""))

    @property
    def reason(self) -> str:
        return one_line(str(self.status.get("reason") or ""), limit=500)

    @property
    def last_spec_hash(self) -> str:
        return str(self.status.get("lastSpecHash") or "")

    @property
    def source_names(self) -> tuple[str, ...]:
        """`ConfigMap base (values.yaml)` for each entry of valuesFrom."""
        return tuple(f"{kind} {name} ({key})" for kind, name, key, _ in _references(self.spec.get("valuesFrom")))


async def read_request(transport: Transport, path: str) -> HelmRequest:
    """One HelmRequest, not cleaned, because its values are written back. Raises clients.errors and Unreadable."""
    answer = await transport.get(path, raw=True)
    try:
        return HelmRequest(msgspec.json.decode(answer.body, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Unreadable(f"{transport.name}: the HelmRequest is no JSON object", tried=f"GET {path}") from error


async def values_of(transport: Transport, request: HelmRequest) -> dict[str, Any]:
    """What Captain hands to Helm: valuesFrom in order, then `values` over them.

    Sources are read from the namespace of the same name in the cluster of `transport`, which is the one Captain runs
    in. Raises ClusterError for a source that cannot be read and is not optional, ChartError for one that is no YAML.
    """
    merged: dict[str, Any] = {}
    for kind, name, key, optional in _references(request.spec.get("valuesFrom")):
        text = await _source(transport, request.namespace, kind, name, key, optional=optional)
        merged = overlay(merged, parse_values(text, origin=f"{kind} {name}, key {key}"))
    return overlay(merged, request.values)


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Maps are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = overlay(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return merged


async def _source(transport: Transport, namespace: str, kind: str, name: str, key: str, *, optional: bool) -> str:
    plural = "secrets" if kind == "Secret" else "configmaps"
    try:
        answer = await transport.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}", raw=True)
    except NotFound:
        if optional:
            return ""
        raise
    found = msgspec.json.decode(answer.body, type=dict[str, Any])
    text = _mapping(found.get("data")).get(key)
    if text is None:
        if optional:
            return ""
        raise ClusterError(f"{kind} {name} has no key {key}", tried=f"valuesFrom in namespace {namespace}")
    if kind != "Secret":
        return str(text)
    import base64
    import binascii

    try:
        return base64.b64decode(str(text)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ChartError(f"Secret {name}, key {key}, is not UTF-8 text") from error


def _references(listed: object) -> Iterable[tuple[str, str, str, bool]]:
    for entry in listed if isinstance(listed, list) else ():
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = _mapping(_mapping(entry).get(field))
            if reference:
                name, key = str(reference.get("name") or ""), str(reference.get("key") or VALUES_KEY)
                yield kind, clean(name), clean(key), reference.get("optional") is True


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
