"""What the record of a Helm release says: its payload to values and back, for Helm's and Captain's form.

Helm keeps base64(gzip(JSON)) in one string (a Secret adds the base64 of every Secret); Captain keeps four such
strings. Decoded payloads (`decode_*`) are the stored data, byte for byte, because charts are rebuilt from them and
they are written back. `body` makes the value that is shown: its names, words, notes and descriptions are cleaned,
while manifests and values stay raw (a diff or an upgrade needs them exact) and are cleaned where they are displayed.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from acp_tui.model.errors import RecordError
from acp_tui.model.objects import Meta
from acp_tui.model.release import Hook, ReleaseBody, ReleaseRef, Revision, Store
from acp_tui.wire.kubernetes import timestamp
from acp_tui.wire.text import clean, one_line

MAX_BYTES = 64 * 1024 * 1024
"""The most a payload may inflate to; etcd keeps objects below 1.5 MiB, and gzip can make 1,000 bytes of one."""

NAME_PREFIX = "sh.helm.release.v1."
SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105
_GZIP = b"\x1f\x8b\x08"
_PARTS = {"chartData": "chart", "configData": "config", "manifestData": "manifest", "hooksData": "hooks"}


class _LastRun(Struct, frozen=True):
    phase: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class _Hook(Struct, frozen=True):
    name: str | None = None
    kind: str | None = None
    manifest: str | None = None
    events: list[str] | None = None
    weight: int | None = None
    delete_policies: list[str] | None = None
    last_run: _LastRun | None = None


class _ChartMetadata(Struct, frozen=True, rename="camel"):
    name: str | None = None
    version: str | None = None
    app_version: str | int | float | None = None


class _Chart(Struct, frozen=True):
    metadata: _ChartMetadata | None = None
    values: dict[str, Any] | None = None


class _Info(Struct, frozen=True):
    first_deployed: str | None = None
    last_deployed: str | None = None
    description: str | None = None
    status: str | None = None
    notes: str | None = None


class _Record(Struct, frozen=True):
    """The fields that are shown; templates and files of the chart are skipped without being decoded."""

    name: str | None = None
    version: int | None = None
    manifest: str | None = None
    config: dict[str, Any] | None = None
    chart: _Chart | None = None
    info: _Info | None = None
    hooks: list[_Hook] | None = None
    apply_method: str | None = None


def decode_record(data: str | bytes) -> dict[str, Any]:
    """The release in a ConfigMap's `data.release`, or in a Secret's after its own base64 was taken off.

    A payload without gzip's magic is read as plain JSON, as Helm does for very old records; JSON that nobody
    encoded is taken too. Raises RecordError.
    """
    release: dict[str, Any] = _json(_inflate(data), "release", dict[str, Any])
    return release


def encode_record(release: Mapping[str, Any]) -> str:
    """What Helm would store for a release: base64 of gzip -9 of its JSON; equal input gives equal text."""
    return _deflate(release)


def decode_secret(data: str | bytes) -> dict[str, Any]:
    """The release in a Secret's `data.release` as the API server gives it (base64 twice)."""
    return decode_record(_base64(data, "Secret data"))


def encode_secret(release: Mapping[str, Any]) -> str:
    """A Secret's `data.release` as the API server takes it (base64 twice)."""
    return base64.b64encode(_deflate(release).encode()).decode()


def encoded(release: Mapping[str, Any], store: Store) -> str:
    """What stands under the key `release` of a record of Helm's, in a Secret or a ConfigMap."""
    return encode_secret(release) if store is Store.SECRET else encode_record(release)


def decode_captain(spec: Mapping[str, Any], status: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A Captain Release in the shape of Helm's own record; `status` becomes `info`.

    Each of the four parts is base64(gzip(JSON)); a manifest that is not JSON is taken as it stands. Raises
    RecordError naming the part.
    """
    release: dict[str, Any] = {"name": spec.get("name"), "version": spec.get("version")}
    for part, field in _PARTS.items():
        release[field] = _captain_part(spec.get(part), part)
    told = status or {}
    release["info"] = {
        "first_deployed": told.get("first_deployed"),
        "last_deployed": told.get("last_deployed"),
        "deleted": told.get("deleted"),
        "description": told.get("Description", told.get("description")),
        "status": told.get("status"),
        "notes": told.get("notes"),
    }
    return release


def encode_captain(release: Mapping[str, Any]) -> dict[str, Any]:
    """The `spec` of the Captain Release that would hold this release."""
    spec: dict[str, Any] = {part: _deflate(release.get(field)) for part, field in _PARTS.items()}
    return {"name": release.get("name"), "version": release.get("version"), **spec}


def captain_status(release: Mapping[str, Any]) -> dict[str, Any]:
    """The `status` of the Captain Release that would hold this release (capital D in Description)."""
    info = release.get("info") or {}
    status = {key: info.get(key) or "" for key in ("first_deployed", "last_deployed", "deleted", "status")}
    status["Description"] = info.get("description") or ""
    if info.get("notes"):
        status["notes"] = info["notes"]
    return status


def body(release: Mapping[str, Any], ref: ReleaseRef, *, size: int = 0) -> ReleaseBody:
    """The shown form of a decoded payload; `size` is the length of what was stored. Raises RecordError."""
    try:
        record = msgspec.convert(dict(release), _Record)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _broken("release", f"is not what Helm writes: {error}") from error
    return _body(record, ref, size)


def decode_body(data: str | bytes, ref: ReleaseRef) -> ReleaseBody:
    """`decode_record` and `body` in one step that never builds the chart's templates and files."""
    return _body(_json(_inflate(data), "release", _Record), ref, len(data))


def revision_of(meta: Meta, cluster: str, store: Store) -> Revision | None:
    """A line of a history from the labels of its record alone; None for an object that is no release record.

    An object named like a record whose labels say otherwise becomes a line marked unreadable. `updated_at` is when
    the record was written; for a superseded one, whose `modifiedAt` is the moment it was superseded, when it was
    created.
    """
    labels = meta.labels or {}
    object_name = meta.name or ""
    named = object_name.startswith(NAME_PREFIX)
    if labels.get("owner") != "helm" and not named:
        return None
    name_part, _, number_part = object_name.removeprefix(NAME_PREFIX).rpartition(".v")
    number = _whole(labels.get("version")) or _whole(number_part)
    problems = [f"label {key} is missing" for key in ("name", "status", "version") if not labels.get(key)]
    if number is None:
        problems.append("no revision number in label or name")
    status = clean(labels.get("status") or "unknown")
    created = timestamp(meta.creation_timestamp)
    written = _whole(labels.get("modifiedAt")) or _whole(labels.get("createdAt"))
    updated = created if status == "superseded" and created is not None else written
    return Revision(
        ref=ReleaseRef(
            cluster=cluster,
            namespace=meta.namespace or "",
            name=clean(labels.get("name") or name_part or object_name),
            store=store,
        ),
        revision=number or 0,
        status=status,
        object_name=object_name,
        uid=meta.uid or "",
        resource_version=meta.resource_version or "",
        updated_at=created if updated is None else float(updated),
        unreadable=", ".join(problems),
    )


def _body(record: _Record, ref: ReleaseRef, size: int) -> ReleaseBody:
    chart = record.chart or _Chart()
    metadata = chart.metadata or _ChartMetadata()
    info = record.info or _Info()
    return ReleaseBody(
        ref=ref,
        revision=record.version or 0,
        status=clean(info.status or "unknown"),
        chart=clean(metadata.name or ""),
        chart_version=clean(metadata.version or ""),
        app_version=clean("" if metadata.app_version is None else str(metadata.app_version)),
        manifest=record.manifest or "",
        values=record.config or {},
        chart_values=chart.values or {},
        notes=clean(info.notes or "", multiline=True),
        hooks=tuple(_hook(hook) for hook in record.hooks or ()),
        description=one_line(info.description or ""),
        first_deployed_at=timestamp(info.first_deployed),
        last_deployed_at=timestamp(info.last_deployed),
        apply_method=clean(record.apply_method or ""),
        size=size,
    )


def _hook(hook: _Hook) -> Hook:
    run = hook.last_run or _LastRun()
    return Hook(
        name=clean(hook.name or ""),
        kind=clean(hook.kind or ""),
        events=tuple(clean(event) for event in hook.events or ()),
        weight=hook.weight or 0,
        delete_policies=tuple(clean(policy) for policy in hook.delete_policies or ()),
        last_phase=clean(run.phase or ""),
        last_started_at=timestamp(run.started_at),
        last_completed_at=timestamp(run.completed_at),
        manifest=hook.manifest or "",
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 12 else None


def _captain_part(stored: object, part: str) -> Any:
    if stored is None or stored == "":
        return None
    if not isinstance(stored, str):
        raise _broken(part, "is not text")
    raw = _inflate(stored, part)
    if part == "manifestData" and not raw.lstrip().startswith(b'"') and raw.strip() != b"null":
        return raw.decode("utf-8", "replace")
    return _json(raw, part, None)


def _deflate(value: Any) -> str:
    packed = gzip.compress(msgspec.json.encode(value), compresslevel=9, mtime=0)
    return base64.b64encode(packed).decode()


def _base64(data: str | bytes, what: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise _broken(what, f"is larger than {MAX_BYTES} bytes")
    try:
        return base64.b64decode(b"".join(_bytes(data, what).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _broken(what, f"is not base64 ({error})") from error


def _bytes(data: str | bytes, what: str) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.encode("ascii")
    except UnicodeEncodeError as error:
        raise _broken(what, "is not base64 (it holds characters outside ASCII)") from error


def _inflate(data: str | bytes, what: str = "release") -> bytes:
    if not data:
        raise _broken(what, "is empty")
    if data[:1] in ("{", b"{"):
        return data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    packed = _base64(data, what)
    if not packed.startswith(_GZIP):
        return packed
    stream = zlib.decompressobj(wbits=31)
    try:
        raw = stream.decompress(packed, MAX_BYTES)
    except zlib.error as error:
        raise _broken(what, f"is not gzip data ({error})") from error
    if stream.eof:
        return raw
    if len(raw) >= MAX_BYTES:
        raise _broken(what, f"inflates to more than {MAX_BYTES} bytes")
    raise _broken(what, "is cut off in the middle of its gzip data")


def _json(raw: bytes, what: str, type_: Any) -> Any:
    try:
        return msgspec.json.decode(raw) if type_ is None else msgspec.json.decode(raw, type=type_)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise _broken(what, f"is not what Helm writes ({clean(str(error))})") from error


def _broken(what: str, why: str) -> RecordError:
    return RecordError(
        f"The record's {what} {why}",
        tried="decode the release record (base64, gzip, JSON)",
        advice="other revisions are not affected; look at the stored object with kubectl get -o yaml",
    )
