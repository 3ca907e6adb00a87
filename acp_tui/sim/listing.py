"""Lists: selection, pages with continue tokens, and the versions a client may ask for."""

from __future__ import annotations

import base64
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from acp_tui.sim import selectors
from acp_tui.sim.answers import ApiError, bad_request
from acp_tui.sim.store import encode, indexed_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.store import Store, Stored

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class _Token(msgspec.Struct):
    rv: int
    after: tuple[str, str]


def selector_of(resource: ResourceType, query: Mapping[str, str], name: str = "") -> selectors.Selector:
    """The selection a request states; field labels the kind does not index are a 400."""
    selector = selectors.parse(query.get("labelSelector", ""), query.get("fieldSelector", ""))
    known = {"metadata.name", "metadata.namespace", *indexed_fields(resource.plural, {})}
    for requirement in selector.fields:
        involved = resource.plural == "events" and requirement.key.startswith("involvedObject.")
        if requirement.key not in known and not involved:
            raise bad_request(
                f'"{requirement.key}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
    if name:
        only = selectors.Requirement("metadata.name", "in", frozenset({name}))
        selector = selectors.Selector(selector.labels, (*selector.fields, only))
    return selector


def page(
    store: Store, resource: ResourceType, namespace: str, query: Mapping[str, str], *, expired: bool = False
) -> tuple[list[Stored], Obj]:
    """The objects of one page and the list's metadata; an outdated token is a 410."""
    selector = selector_of(resource, query)
    version = query.get("resourceVersion", "")
    limit = 0 if version == "0" else int(query.get("limit") or 0)  # the watch cache ignores limits
    if version.isdigit() and int(version) > store.rv + 1000:
        raise ApiError(504, "Timeout", f"Too large resource version: {version}, current: {store.rv}", retry_after=1)
    token = _token(query.get("continue", ""))
    listed_at = token.rv if token and token.rv > 0 else store.rv
    if token and token.rv > 0 and (expired or token.rv < store.floor(resource.key)):
        fresh = _text(_Token(0, token.after))
        error = ApiError(410, "Expired", EXPIRED)
        error.details = {"continue": fresh}
        raise error
    rest = store.all(resource.key, namespace)
    if token:
        rest = (s for s in rest if (s.namespace, s.name) > token.after)
    if selector.labels or selector.fields:
        rest = (s for s in rest if selector.matches(s))
    if not limit:
        return list(rest), {"resourceVersion": str(listed_at)}
    found = list(islice(rest, limit))
    remaining = sum(1 for _ in rest)
    meta: Obj = {"resourceVersion": str(listed_at)}
    if remaining:
        meta["continue"] = _text(_Token(listed_at, (found[-1].namespace, found[-1].name)))
        if not (selector.labels or selector.fields):
            meta["remainingItemCount"] = remaining
    return found, meta


def _text(token: _Token) -> str:
    return base64.urlsafe_b64encode(encode(token)).decode().rstrip("=")


def _token(text: str) -> _Token | None:
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Token)
    except ValueError as error:
        raise bad_request("continue key is not valid") from error
