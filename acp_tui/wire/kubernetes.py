"""Decodes answers of a Kubernetes API server into projections, tolerant of null and of odd objects."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from acp_tui.model.errors import ClusterError
from acp_tui.wire.text import one_line

T = TypeVar("T")

_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Unreadable(ClusterError):
    """The answer is not the JSON an API server sends (HTML of a proxy, a cut-off body)."""

    slug = "unreadable"


class Status(Struct, frozen=True):
    """What an API server says about a request it did not carry out; `code` 0 means that it gave none.

    `retry_after` is `details.retryAfterSeconds`; `causes` are `field: message` of a rejected object.
    """

    code: int = 0
    reason: str = ""
    message: str = ""
    retry_after: float | None = None
    causes: tuple[str, ...] = ()


class Page(Struct, Generic[T], frozen=True):
    """One page of a list.

    `resource_version` is the list's own, the only one a watch may start from. `continue_token` is empty on the last
    page. `skipped` counts items without readable metadata.
    """

    items: list[T]
    resource_version: str = ""
    continue_token: str = ""
    remaining: int | None = None
    skipped: int = 0


class WatchEvent(Struct, Generic[T], frozen=True):
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.

    `object` is None for BOOKMARK and ERROR, and where not even its metadata can be read. `resource_version` is where
    a watch can resume. `initial_events_end` marks the bookmark that ends a streaming list.
    """

    type: str
    object: T | None = None
    resource_version: str = ""
    status: Status | None = None
    initial_events_end: bool = False


class ListMeta(Struct, frozen=True, rename="camel"):
    resource_version: str | None = None
    continue_: str | None = msgspec.field(default=None, name="continue")
    remaining_item_count: int | None = None


class _List(Struct, Generic[T], frozen=True):
    metadata: ListMeta | None = None
    items: list[T] | None = None


class _Envelope(Struct, frozen=True):
    type: str | None = None
    object: Raw = Raw(b"null")


class _Change(Struct, Generic[T], frozen=True):
    type: str
    object: T


class _Versioned(Struct, frozen=True, rename="camel"):
    resource_version: str | None = None
    annotations: dict[str, Any] | None = None


class _Bookmark(Struct, frozen=True):
    metadata: _Versioned | None = None


class _Cause(Struct, frozen=True):
    field: str | None = None
    message: str | None = None


class _Details(Struct, frozen=True, rename="camel"):
    retry_after_seconds: float | None = None
    causes: tuple[_Cause, ...] | None = None


class _Status(Struct, frozen=True):
    kind: str | None = None
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


@lru_cache(maxsize=256)
def _build_decoder(around: Any, type_: Any) -> msgspec.json.Decoder[Any]:
    """Found by both, because to write `around[type_]` alone costs as much as to decode a small answer."""
    return msgspec.json.Decoder(around[type_] if around else type_)


def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return _build_decoder(None, type_)


def _change_decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return _build_decoder(_Change, type_)


def _list_decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return _build_decoder(_List, type_)


def decode_list(data: bytes, type_: type[T]) -> Page[T]:
    """One page; an item that does not fit its projection is read leniently, and skipped only as the last resort.

    Raises Unreadable where the bytes are no Kubernetes list.
    """
    try:
        whole: _List[T] = _list_decoder(type_).decode(data)
    except msgspec.ValidationError:
        return _decode_items(data, type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(data, error) from error
    return _page(whole.metadata, whole.items or [], skipped=0)


def _decode_items(data: bytes, type_: type[T]) -> Page[T]:
    try:
        whole: _List[Raw] = _list_decoder(Raw).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(data, error) from error
    items = [item for raw in whole.items or [] if (item := _lenient(raw, type_)) is not None]
    return _page(whole.metadata, items, skipped=len(whole.items or []) - len(items))


def _page(meta: ListMeta | None, items: list[T], *, skipped: int) -> Page[T]:
    meta = meta or ListMeta()
    return Page(
        items=items,
        resource_version=meta.resource_version or "",
        continue_token=meta.continue_ or "",
        remaining=meta.remaining_item_count,
        skipped=skipped,
    )


def _lenient(raw: Raw | bytes, type_: type[T]) -> T | None:
    """The object as it stands, else without its nulls and with loose types, else its metadata alone, else None.

    Metadata alone leaves spec and status unset, which every rule reads as unknown: a wrong type never turns green.
    """
    try:
        fast: T = _decoder(type_).decode(raw)
    except msgspec.ValidationError:
        pass
    else:
        return fast
    document = _without_nulls(_decoder(Any).decode(raw))
    if not isinstance(document, dict):
        return None
    names = {key: document[key] for key in ("metadata", "kind", "apiVersion") if key in document}
    for candidate in (document, names):
        try:
            return msgspec.convert(candidate, type_, strict=False)
        except msgspec.ValidationError:
            continue
    return None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def decode_one(data: bytes, type_: type[T]) -> T:
    """One object, as leniently as in a list; raises Unreadable."""
    try:
        found = _lenient(data, type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(data, error) from error
    if found is None:
        raise _unreadable(data, None)
    return found


def decode_event(line: bytes, type_: type[T]) -> WatchEvent[T]:
    """One line of a watch; raises Unreadable for a fragment, HTML, or JSON that is no event."""
    try:
        change: _Change[T] = _change_decoder(type_).decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_any_event(line, type_)
    if change.type not in _CHANGES:
        return _decode_any_event(line, type_)
    return WatchEvent(change.type, change.object, _version_of(change.object))


def _decode_any_event(line: bytes, type_: type[T]) -> WatchEvent[T]:
    """Of an event that is no change, or of an object that does not fit its projection."""
    try:
        envelope: _Envelope = _decoder(_Envelope).decode(line)
        kind = envelope.type or ""
        if kind == "ERROR":
            return WatchEvent(type=kind, status=decode_status(bytes(envelope.object)))
        if kind == "BOOKMARK":
            return _bookmark(envelope.object)
        if kind in _CHANGES:
            found = _lenient(envelope.object, type_)
            version = _version_of(found) if found is not None else _version(envelope.object)
            return WatchEvent(type=kind, object=found, resource_version=version)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(line, error) from error
    raise _unreadable(line, None)


def _bookmark(raw: Raw) -> WatchEvent[Any]:
    meta = _decoder(_Bookmark).decode(raw).metadata or _Versioned()
    return WatchEvent(
        type="BOOKMARK",
        resource_version=meta.resource_version or "",
        initial_events_end=(meta.annotations or {}).get(_INITIAL_EVENTS_END) == "true",
    )


def _version_of(found: Any) -> str:
    return found.metadata.resource_version or ""


def _version(raw: Raw) -> str:
    try:
        meta = _decoder(_Bookmark).decode(raw).metadata
    except msgspec.ValidationError:
        return ""
    return (meta.resource_version or "") if meta else ""


def decode_status(data: bytes) -> Status:
    """The Status in an error body; one without code and reason where the body is none (HTML, plain text, nothing)."""
    try:
        found: _Status = _decoder(_Status).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status(message=_plain(data))
    details = found.details or _Details()
    causes = (": ".join(part for part in (cause.field, cause.message) if part) for cause in details.causes or ())
    return Status(
        code=found.code or 0,
        reason=one_line(found.reason or ""),
        message=one_line(found.message or ""),
        retry_after=details.retry_after_seconds,
        causes=tuple(one_line(cause) for cause in causes if cause),
    )


def _plain(data: bytes) -> str:
    """A short plain-text body as the message ("404 page not found"); markup tells a person nothing."""
    text = one_line(data[:2000].decode(errors="replace"), limit=200)
    return "" if text.startswith(("<", "{", "[")) else text


def _unreadable(data: bytes, error: Exception | None) -> Unreadable:
    start = one_line(data[:200].decode(errors="replace"), limit=60)
    if start.startswith("<"):
        return Unreadable(
            "The answer is a web page, not Kubernetes JSON",
            tried=f"it begins with {start}",
            advice="a proxy or login page stands in front of the server: check its address and log in again",
        )
    why = f" ({one_line(str(error), limit=120)})" if error else ""
    return Unreadable(
        f"The answer cannot be read as Kubernetes JSON{why}",
        tried=f"{len(data)} bytes",
        advice="a proxy may have cut it off: try again, and look at the server's address if it stays so",
    )


def timestamp(text: str | None) -> float | None:
    """Epoch seconds of an RFC 3339 time; None for no time, Go's zero time (year 1) and what is no time at all."""
    if not text or text.startswith("0001-"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
