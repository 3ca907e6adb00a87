"""An intent in the words a Helm engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acp_tui.clients.helm.engine import EngineRequest
from acp_tui.model.plan import Intent, ValuesMode, Verb

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import Access


def engine_request(
    intent: Intent, *, context: Access, stored: Mapping[str, Any] | None = None, hooks: int | None = None
) -> EngineRequest:
    """`stored` is the record of the newest revision: an upgrade without a chart takes the chart inside it."""
    return EngineRequest(
        verb=intent.verb,
        release=intent.release,
        context=context,
        chart=intent.chart,
        version=intent.version,
        repository=intent.repository,
        stored=stored if intent.verb is Verb.UPGRADE and not intent.chart else None,
        values=intent.values,
        reuse_values=intent.values_mode is ValuesMode.REUSE,
        revision=intent.revision,
        timeout=intent.timeout_seconds,
        hooks=hooks,
        no_hooks=intent.no_hooks,
        take_over=intent.take_over,
        create_namespace=intent.create_namespace,
        keep_history=intent.keep_history,
    )
