"""Runs the hooks of a chart in their order and waits for each, as Helm does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.clients.errors import Conflict, NotFound
from acp_tui.clients.kube.apply import create
from acp_tui.controlplane.report import MANAGER, stamp
from acp_tui.controlplane.trouble import CaptainError, words
from acp_tui.model.errors import ClusterError

if TYPE_CHECKING:
    from acp_tui.controlplane.member import Member
    from acp_tui.controlplane.objects import Objects
    from acp_tui.insight.manifest import Part
    from acp_tui.model.refs import Clock
    from acp_tui.model.release import Hook

_BEFORE = "before-hook-creation"


class Hooks:
    """The hooks of one release; `stored` entries are those of its record, which take what each did."""

    def __init__(self, member: Member, objects: Objects, *, timeout: float, poll: float, clock: Clock) -> None:
        self._member = member
        self._objects = objects
        self._timeout = timeout
        self._poll = poll
        self._clock = clock

    async def run(self, event: str, stored: Iterable[dict[str, Any]]) -> None:
        """Those of one event by weight, then name. Raises CaptainError at the first that fails."""
        wanted = [hook for hook in stored if event in (hook.get("events") or ())]
        ordered = sorted(wanted, key=lambda hook: (hook.get("weight") or 0, str(hook.get("name"))))
        for hook in ordered:
            policies = hook.get("delete_policies") or [_BEFORE]
            found = await self._objects.parts(str(hook.get("manifest") or ""))
            run = {"started_at": stamp(self._clock(), precise=True), "phase": "Running"}
            hook["last_run"] = run
            try:
                for part in found:
                    await self._one(event, part, policies)
            except CaptainError:
                hook["last_run"] = {**run, "completed_at": stamp(self._clock(), precise=True), "phase": "Failed"}
                await self._clean(found, policies, "hook-failed")
                raise
            hook["last_run"] = {**run, "completed_at": stamp(self._clock(), precise=True), "phase": "Succeeded"}
        for hook in ordered:
            policies = hook.get("delete_policies") or [_BEFORE]
            await self._clean(await self._objects.parts(str(hook.get("manifest") or "")), policies, "hook-succeeded")

    async def _one(self, event: str, part: Part, policies: Sequence[str]) -> None:
        if _BEFORE in policies:
            await self._objects.delete(part, timeout=self._timeout, poll=self._poll)
        kinds = await self._member.kinds()
        kind = kinds.by_api_version(str(part.body["apiVersion"]), part.ref.kind)
        if kind is None:
            raise CaptainError(f"{event} hooks failed: {part.ref.kind} is not served")
        try:
            body = msgspec.json.encode(part.body)
            await create(self._member.transport, kind.path(part.ref.namespace), body, field_manager=MANAGER)
        except Conflict as error:
            raise CaptainError(f"warning: Hook {event} {part.ref.name} failed: {words(error)}") from error
        except ClusterError as error:
            raise CaptainError(f"{event} hooks failed: {words(error)}") from error
        await self._wait(event, part)

    async def _wait(self, event: str, part: Part) -> None:
        """Jobs until complete, pods until succeeded; everything else is done when it is there."""
        if part.ref.kind not in ("Job", "Pod"):
            return
        ends = time.monotonic() + self._timeout
        while time.monotonic() < ends:
            try:
                status = (await self._objects.read(part)).get("status") or {}
            except NotFound as error:
                raise CaptainError(f"{event} hooks failed: {part.ref.kind} {part.ref.name} was deleted") from error
            if _done(part.ref.kind, status):
                return
            await asyncio.sleep(self._poll)
        raise CaptainError(f"{event} hooks failed: timed out waiting for the condition")

    async def _clean(self, found: Iterable[Part], policies: Sequence[str], policy: str) -> None:
        if policy not in policies:
            return
        for part in found:
            await self._objects.delete(part, timeout=self._timeout, poll=self._poll)


def stored_hooks(hooks: Iterable[Hook]) -> list[dict[str, Any]] | None:
    """Hooks as a record keeps them; none at all is null."""
    made = [
        {
            "name": hook.name,
            "kind": hook.kind,
            "manifest": hook.manifest,
            "events": list(hook.events),
            "weight": hook.weight,
            "delete_policies": list(hook.delete_policies),
        }
        for hook in hooks
    ]
    return made or None


def _done(kind: str, status: dict[str, Any]) -> bool:
    """Raises CaptainError for what failed: `job failed: DeadlineExceeded`."""
    if kind == "Pod":
        if status.get("phase") == "Failed":
            raise CaptainError(f"pod failed: {status.get('reason') or status.get('message') or 'Failed'}")
        return status.get("phase") == "Succeeded"
    for condition in status.get("conditions") or ():
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Failed":
            raise CaptainError(f"job failed: {condition.get('reason') or 'Failed'}")
        if condition.get("type") == "Complete":
            return True
    return False
