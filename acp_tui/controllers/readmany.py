"""Reads many objects of one kind by one list instead of one request each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from acp_tui.model.errors import AcpTuiError
from acp_tui.model.refs import Kind, ObjectRef

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import KindTable

MANY = 10
"""From so many objects of one kind in one namespace on, one list costs less than reading each."""

PAGE = 500
"""One page is read and no more: what a crowded namespace holds beyond it is read one by one."""


class _Named(Struct, frozen=True):
    name: str = ""


class _Item(Struct, frozen=True):
    metadata: _Named = _Named()


class _Items(Struct, frozen=True):
    items: list[msgspec.Raw] | None = None


async def read_many(transport: Transport, kinds: KindTable, refs: Sequence[ObjectRef]) -> dict[str, bytes]:
    """The bytes of those that a list brought, by the key of the ref; the others are to be read one by one.

    Secrets are never listed: a namespace holds large ones that are nobody's business here. What goes wrong costs
    nothing but the saving.
    """
    groups: dict[tuple[Kind, str], list[ObjectRef]] = {}
    for ref in refs:
        kind = kinds.by_gk(ref.group, ref.kind)
        if kind is not None and ref.kind != "Secret":
            groups.setdefault((kind, ref.namespace), []).append(ref)
    many = [(kind, place, group) for (kind, place), group in groups.items() if len(group) >= MANY]
    found: dict[str, bytes] = {}
    for each in await asyncio.gather(*(_listed(transport, kind, place, group) for kind, place, group in many)):
        found.update(each)
    return found


async def _listed(transport: Transport, kind: Kind, place: str, refs: Sequence[ObjectRef]) -> dict[str, bytes]:
    wanted = {ref.name: ref.key for ref in refs}
    try:
        answer = await transport.get(kind.path(place), params={"limit": PAGE})
        items = msgspec.json.decode(answer.body, type=_Items).items or []
        named = ((msgspec.json.decode(item, type=_Item).metadata.name, item) for item in items)
        return {wanted[name]: bytes(item) for name, item in named if name in wanted}
    except (AcpTuiError, msgspec.DecodeError, UnicodeError):
        return {}
