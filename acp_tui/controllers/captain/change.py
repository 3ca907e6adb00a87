"""What an intent makes of a HelmRequest: its new spec and its new annotations, never anything else of it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from acp_tui.clients.acp.helmrequests import ADOPT, LAST_SPEC, NO_SYNC, RESYNC, HelmRequest, overlay
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.wire.manifest import values as parse_values

if TYPE_CHECKING:
    from acp_tui.model.release import ReleaseBody


class Change(Struct, frozen=True):
    """The object to be written; `chart_version` and `values` are what a record must show afterwards.

    `awaited` is false where Captain is not asked to do anything, `idle` true where it may find that all is done.
    Its repr holds no values.
    """

    body: dict[str, Any]
    chart_version: str = ""
    values: dict[str, Any] | None = None
    awaited: bool = True
    idle: bool = False

    def __repr__(self) -> str:
        return f"Change(to {self.chart_version})"

    @property
    def spec(self) -> dict[str, Any]:
        found = self.body.get("spec")
        return found if isinstance(found, dict) else {}


def change_of(request: HelmRequest, intent: Intent, target: ReleaseBody | None, *, now: float) -> Change:
    """`target` is the record a rollback goes back to, exactly as it was decoded.

    Version and values are the only fields of the spec that Captain lets anyone change. The old spec stays in the
    annotation `last-spec`, where `kubectl captain rollback` looks for it too.
    """
    spec = dict(request.spec)
    match intent.verb:
        case Verb.ROLLBACK if target is not None:
            spec |= {"version": target.chart_version, "values": target.values}
        case Verb.UPGRADE:
            spec |= {"version": intent.version or request.version, "values": values_after(request, intent)}
        case _:
            return _marked(request, intent.verb, now=now)
    metadata = dict(request.metadata)
    old = json.dumps(request.spec, sort_keys=True, separators=(",", ":"))
    notes: dict[str, Any] = {**(metadata.get("annotations") or {}), LAST_SPEC: old, RESYNC: _moment(now)}
    metadata["annotations"] = notes
    sources = bool(request.source_names)
    return Change(
        {**request.body, "metadata": metadata, "spec": spec},
        chart_version=str(spec["version"] or ""),
        values=None if sources else spec["values"],
    )


def values_after(request: HelmRequest, intent: Intent) -> dict[str, Any]:
    given = parse_values(intent.values, origin="the values") if intent.values.strip() else {}
    return overlay(request.values, given) if intent.values_mode is ValuesMode.REUSE else given


def _marked(request: HelmRequest, verb: Verb, *, now: float) -> Change:
    metadata = dict(request.metadata)
    notes: dict[str, Any] = dict(metadata.get("annotations") or {})
    match verb:
        case Verb.PAUSE:
            notes[NO_SYNC] = "true"
        case Verb.RESUME:
            notes.pop(NO_SYNC, None)
        case Verb.ADOPT:
            notes[ADOPT] = "true"
        case _:
            notes[RESYNC] = _moment(now)
    metadata["annotations"] = notes
    return Change({**request.body, "metadata": metadata}, awaited=verb is not Verb.PAUSE, idle=verb is Verb.RESUME)


def _moment(now: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
