"""Reads the protobuf bodies that clients built on client-go send for the few kinds they write typed.

Helm keeps its records through a typed client, kubectl asks about rights through one. Field numbers are
those of the public `generated.proto` files of Kubernetes; a kind not listed here is a 415.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.sim.answers import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acp_tui.sim.kinds import Obj

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Field number -> (name, type): str, int, bool, time, raw (JSON), map (of str), blobs (map of bytes), a
# message table, or any of these in a list for a repeated field.
Message = dict[int, "tuple[str, Any]"]

_OWNER: Message = {
    1: ("kind", "str"),
    3: ("name", "str"),
    4: ("uid", "str"),
    5: ("apiVersion", "str"),
    6: ("controller", "bool"),
    7: ("blockOwnerDeletion", "bool"),
}
_MANAGED: Message = {
    1: ("manager", "str"),
    2: ("operation", "str"),
    3: ("apiVersion", "str"),
    4: ("time", "time"),
    6: ("fieldsType", "str"),
    7: ("fieldsV1", "raw"),
    8: ("subresource", "str"),
}
_META: Message = {
    1: ("name", "str"),
    2: ("generateName", "str"),
    3: ("namespace", "str"),
    5: ("uid", "str"),
    6: ("resourceVersion", "str"),
    7: ("generation", "int"),
    8: ("creationTimestamp", "time"),
    9: ("deletionTimestamp", "time"),
    10: ("deletionGracePeriodSeconds", "int"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    13: ("ownerReferences", [_OWNER]),
    14: ("finalizers", ["str"]),
    17: ("managedFields", [_MANAGED]),
}
_RESOURCE_ATTRIBUTES: Message = {
    1: ("namespace", "str"),
    2: ("verb", "str"),
    3: ("group", "str"),
    4: ("version", "str"),
    5: ("resource", "str"),
    6: ("subresource", "str"),
    7: ("name", "str"),
}
_URL_ATTRIBUTES: Message = {1: ("path", "str"), 2: ("verb", "str")}
_REVIEW_SPEC: Message = {
    1: ("resourceAttributes", _RESOURCE_ATTRIBUTES),
    2: ("nonResourceAttributes", _URL_ATTRIBUTES),
    3: ("user", "str"),
    4: ("groups", ["str"]),
}
_PRECONDITIONS: Message = {1: ("uid", "str"), 2: ("resourceVersion", "str")}
_DELETE_OPTIONS: Message = {
    1: ("gracePeriodSeconds", "int"),
    2: ("preconditions", _PRECONDITIONS),
    3: ("orphanDependents", "bool"),
    4: ("propagationPolicy", "str"),
    5: ("dryRun", ["str"]),
}
_REVIEW: Message = {1: ("metadata", _META), 2: ("spec", _REVIEW_SPEC)}
_KINDS: dict[str, Message] = {
    "Secret": {
        1: ("metadata", _META),
        2: ("data", "blobs"),
        3: ("type", "str"),
        4: ("stringData", "map"),
        5: ("immutable", "bool"),
    },
    "ConfigMap": {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "blobs"), 4: ("immutable", "bool")},
    "Namespace": {
        1: ("metadata", _META),
        2: ("spec", {1: ("finalizers", ["str"])}),
        3: ("status", {1: ("phase", "str")}),
    },
    "ServiceAccount": {1: ("metadata", _META)},
    "DeleteOptions": _DELETE_OPTIONS,
    "Eviction": {1: ("metadata", _META), 2: ("deleteOptions", _DELETE_OPTIONS)},
    "Scale": {1: ("metadata", _META), 2: ("spec", {1: ("replicas", "int")})},
    "SelfSubjectAccessReview": _REVIEW,
    "SubjectAccessReview": _REVIEW,
    "LocalSubjectAccessReview": _REVIEW,
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "str")})},
    "SelfSubjectReview": {1: ("metadata", _META)},
}
_TYPE_META: Message = {1: ("apiVersion", "str"), 2: ("kind", "str")}
_ENVELOPE: Message = {1: ("typeMeta", _TYPE_META), 2: ("raw", "bytes")}


def decode(body: bytes) -> Obj:
    """The object in a Kubernetes protobuf envelope as the tree its JSON would be."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix 'k8s'")
    envelope = _message(body[len(_MAGIC) :], _ENVELOPE)
    names = envelope.get("typeMeta") or {}
    table = _KINDS.get(names.get("kind", ""))
    if table is None:
        raise ApiError(
            415,
            "UnsupportedMediaType",
            f"the simulated server reads {names.get('kind')} as application/json or application/yaml only",
        )
    return {**names, **_message(envelope.get("raw", b""), table)}


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type and value of every field of a message."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: Any
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire == _BYTES:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        else:
            raise bad_request(f"protobuf: unknown wire type {wire}")
        if at > end:
            raise bad_request("protobuf: unexpected end of the message")
        yield number, wire, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise bad_request("protobuf: unexpected end of the message")


def _message(data: bytes, table: Message) -> Obj:
    found: Obj = {}
    for number, _, value in _fields(data):
        if number not in table:
            continue
        name, kind = table[number]
        if isinstance(kind, list):
            found.setdefault(name, []).append(_value(value, kind[0]))
        elif kind in ("map", "blobs"):
            entry = _message(value, {1: ("key", "str"), 2: ("value", "str" if kind == "map" else "blob")})
            found.setdefault(name, {})[entry.get("key", "")] = entry.get("value", "")
        else:
            found[name] = _value(value, kind)
    # Go writes its zero values: an empty text says the same as none.
    return {k: v for k, v in found.items() if v not in ("", None) or k in ("key", "value")}


def _value(value: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return _message(value, kind)
    match kind:
        case "str":
            return value.decode("utf-8", "replace")
        case "blob":
            return base64.b64encode(value).decode()
        case "bool":
            return bool(value)
        case "int":
            return value - (1 << 64) if value >= 1 << 63 else value
        case "time":
            seconds = _message(value, {1: ("seconds", "int")}).get("seconds")
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
        case "raw":
            raw = _message(value, {1: ("raw", "bytes")}).get("raw")
            return msgspec.json.decode(raw) if raw else None
        case _:
            return value
