"""Asks an API server what we may do, before we try."""

from __future__ import annotations

import asyncio
import time

import msgspec
from msgspec import Struct

from acp_tui.clients.errors import NotFound, Rejected
from acp_tui.clients.kube.transport import Transport
from acp_tui.model.errors import ClusterError
from acp_tui.model.refs import Clock, Kind
from acp_tui.wire.kubernetes import decode_one
from acp_tui.wire.text import one_line

REMEMBERED_SECONDS = 60.0
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Access(Struct, frozen=True):
    """`allowed` is None where the server did not answer; `reason` is the server's, or why there is no answer."""

    allowed: bool | None
    reason: str = ""


class _ReviewStatus(Struct, frozen=True, rename="camel"):
    allowed: bool | None = None
    reason: str | None = None
    evaluation_error: str | None = None


class _Review(Struct, frozen=True):
    status: _ReviewStatus | None = None


class _User(Struct, frozen=True):
    username: str | None = None
    groups: tuple[str, ...] | None = None


class _WhoStatus(Struct, frozen=True, rename="camel"):
    user_info: _User | None = None


class _Who(Struct, frozen=True):
    status: _WhoStatus | None = None


async def can(
    transport: Transport, verb: str, kind: Kind, namespace: str, *, name: str = "", subresource: str = ""
) -> Access:
    """One SelfSubjectAccessReview; an empty namespace asks for all of them. Never raises for a cluster's failure."""
    attributes = {
        "verb": verb,
        "group": kind.group,
        "version": kind.version,
        "resource": kind.plural,
        "namespace": namespace if kind.namespaced else "",
        "name": name,
        "subresource": subresource,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    try:
        answer = await transport.send("POST", _REVIEWS, body=msgspec.json.encode(review))
        status = decode_one(answer.body, _Review).status or _ReviewStatus()
    except ClusterError as error:
        return Access(allowed=None, reason=error.title)
    return Access(allowed=status.allowed, reason=one_line(status.reason or status.evaluation_error or "", limit=300))


async def who_am_i(transport: Transport) -> str:
    """The user name the server knows us by; empty on servers before 1.28, which do not tell."""
    review = b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
    try:
        answer = await transport.send("POST", _WHO, body=review)
    except (NotFound, Rejected):
        return ""
    status = decode_one(answer.body, _Who).status
    user = status.user_info if status else None
    return one_line((user.username if user else "") or "", limit=200)


class AccessCache:
    """Remembers answers of one cluster for a minute; questions asked at once are one request."""

    def __init__(self, transport: Transport, *, clock: Clock = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._locks: dict[tuple[str, ...], asyncio.Lock] = {}
        self._known: dict[tuple[str, ...], tuple[float, Access]] = {}

    async def can(self, verb: str, kind: Kind, namespace: str, *, name: str = "", subresource: str = "") -> Access:
        """As the function `can`; an answer that did not come is not remembered."""
        key = (verb, kind.group, kind.plural, namespace, name, subresource)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known and 0 <= self._clock() - known[0] < REMEMBERED_SECONDS:
                return known[1]
            found = await can(self._transport, verb, kind, namespace, name=name, subresource=subresource)
            if found.allowed is not None:
                self._known[key] = (self._clock(), found)
            return found

    def forget(self) -> None:
        """After a 403: what was remembered is not true any more."""
        self._known.clear()
