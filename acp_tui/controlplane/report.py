"""What Captain tells of its work: the status of a HelmRequest and its events."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.clients.acp.helmrequests import GROUP, KIND, HelmRequest
from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.apply import create, patch

if TYPE_CHECKING:
    from acp_tui.controlplane.member import Member
    from acp_tui.model.refs import Clock

MANAGER = "captain"
_REMEMBERED = 1000
_LONGEST = 1024
"""Characters of an event's message that API servers accept."""


class Reporter:
    """Writes into the cluster a HelmRequest lives in; the same event again only counts up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, str], tuple[str, int]] = {}

    async def event(
        self, member: Member, request: HelmRequest, reason: str, message: str, *, component: str = MANAGER
    ) -> None:
        """`reason` is Synced, FailedSync, SuccessfulDelete or FailedDelete; the failed ones are warnings."""
        message = message[:_LONGEST]
        collection = f"/api/v1/namespaces/{request.namespace}/events"
        key = (request.uid, reason, message)
        now = stamp(self._clock())
        name, count = self._known.get(key, ("", 0))
        if name:
            again = {"count": count + 1, "lastTimestamp": now}
            try:
                await patch(member.transport, f"{collection}/{name}", msgspec.json.encode(again), field_manager=MANAGER)
            except NotFound:
                count = 0
            else:
                self._known[key] = (name, count + 1)
                return
        name = f"{request.name}.{secrets.token_hex(8)}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": request.namespace},
            "involvedObject": {
                "apiVersion": f"{GROUP}/v1",
                "kind": KIND,
                "name": request.name,
                "namespace": request.namespace,
                "uid": request.uid,
                "resourceVersion": request.resource_version,
            },
            "type": "Warning" if reason.startswith("Failed") else "Normal",
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        await create(member.transport, collection, msgspec.json.encode(event), field_manager=MANAGER)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (name, 1)

    async def status(self, member: Member, path: str, fields: dict[str, Any]) -> None:
        """Sets fields of the status; None takes one away. A definition without status subresource is served too."""
        body = msgspec.json.encode({"status": fields})
        if member.status_path is not False:
            try:
                await patch(member.transport, f"{path}/status", body, field_manager=MANAGER)
            except NotFound:
                await member.transport.get(path)
                member.status_path = False
            else:
                return
        await patch(member.transport, path, body, field_manager=MANAGER)

    def conditions(self, request: HelmRequest, told: Sequence[tuple[str, bool, str, str]]) -> list[dict[str, Any]]:
        """The request's conditions with these (type, status, reason, message) in their place."""
        now = stamp(self._clock())
        made = {
            type: {
                "type": type,
                "status": str(good),
                "reason": reason,
                "message": message[:_LONGEST],
                "lastTransitionTime": now,
            }
            for type, good, reason, message in told
        }
        old = [each for each in request.status.get("conditions") or () if isinstance(each, dict)]
        kept = [made.pop(str(each.get("type")), each) for each in old]
        return [*kept, *made.values()]


def stamp(moment: float, *, precise: bool = False) -> str:
    text = datetime.fromtimestamp(moment, UTC)
    return text.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if precise else "%Y-%m-%dT%H:%M:%SZ")
