"""What quotas promise and what is left of them; exact, since quantities are decimal and binary at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from acp_tui.model.objects import ResourceQuota
from acp_tui.model.quantity import parse
from acp_tui.model.quota import QuotaUse

Quantities = Mapping[str, str | int | float | None]
_SYNONYM = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}


def uses_of(quota: ResourceQuota) -> tuple[QuotaUse, ...]:
    """Used and hard of each resource a quota limits; use is None until the quota controller has counted.

    The hard value is the one the controller enforces (status), which may lag behind the one asked for (spec).
    """
    status = quota.status
    hard = (status.hard if status else None) or (quota.spec.hard if quota.spec else None) or {}
    used = (status.used if status else None) or {}
    uses = []
    for resource, limit in hard.items():
        value = parse(limit)
        if value is not None:
            uses.append(QuotaUse(resource, parse(used.get(resource)), value))
    return tuple(uses)


def canonical(resource: str) -> str:
    """`cpu` and `requests.cpu` are one resource in a quota."""
    return _SYNONYM.get(resource, resource)


def headroom(quotas: Iterable[Iterable[QuotaUse]]) -> dict[str, Fraction | None]:
    """What still fits into a namespace by resource: the least over its quotas, since all of them apply.

    None where one of them has not been counted yet; what no quota limits is not in the answer.
    """
    left: dict[str, Fraction | None] = {}
    for uses in quotas:
        for use in uses:
            resource = canonical(use.resource)
            room = None if use.used is None else use.hard - use.used
            if resource not in left:
                left[resource] = room
                continue
            other = left[resource]
            left[resource] = None if room is None or other is None else min(other, room)
    return left


def project_total(cap: Quantities, namespaces: Iterable[Iterable[Iterable[QuotaUse]]]) -> tuple[QuotaUse, ...]:
    """A project's cap in one cluster against what its namespaces are promised.

    `namespaces` holds for each namespace its quotas. The cap bites on the sum of hard values, not on use; of several
    quotas of one namespace the least hard value is the one that counts.
    """
    promised: dict[str, Fraction] = {}
    for quotas in namespaces:
        for resource, hard in _effective_hard(quotas).items():
            promised[resource] = promised.get(resource, Fraction(0)) + hard
    uses = []
    for resource, limit in cap.items():
        value = parse(limit)
        if value is not None:
            uses.append(QuotaUse(resource, promised.get(canonical(resource), Fraction(0)), value))
    return tuple(uses)


def _effective_hard(quotas: Iterable[Iterable[QuotaUse]]) -> dict[str, Fraction]:
    least: dict[str, Fraction] = {}
    for uses in quotas:
        for use in uses:
            resource = canonical(use.resource)
            least[resource] = min(use.hard, least.get(resource, use.hard))
    return least
