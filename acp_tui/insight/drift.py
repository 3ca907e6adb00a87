"""Fields somebody changed live: what was stored, what is there, who set it when, and whether the act sets it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acp_tui.insight.diff import Change, drift, is_secret, same_value, shown, value_at
from acp_tui.insight.fields import setter_of
from acp_tui.insight.mask import MASK
from acp_tui.model.plan import Drift

MOST = 20
"""Drifted fields told of one object; beyond that it is another object, and the diff says so."""


def drifts(
    stored: Mapping[str, Any], live: Mapping[str, Any], target: Mapping[str, Any], result: Mapping[str, Any] | None
) -> tuple[Drift, ...]:
    """`result` is the object as the server says it will be; None where it did not say: nothing is known to stay."""
    hidden = live.get("kind") == "Secret"
    return tuple(_drift(change, live, target, result, hidden=hidden) for change in drift(stored, live)[:MOST])


def _drift(
    change: Change,
    live: Mapping[str, Any],
    target: Mapping[str, Any],
    result: Mapping[str, Any] | None,
    *,
    hidden: bool,
) -> Drift:
    wanted = value_at(target, change.path)
    secret = hidden or is_secret(change)
    setter = setter_of(live, change.path)
    stays = result is not None and not same_value(wanted, value_at(result, change.path))

    def said(value: Any) -> str:
        return MASK if secret and value is not None else shown(value)

    return Drift(
        field=change.where,
        stored=said(change.before),
        live=said(change.after),
        target=said(wanted),
        manager=setter.manager,
        at=setter.at,
        stays=stays,
    )
