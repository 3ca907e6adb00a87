"""Takes one release out of one cluster because its HelmRequest is being deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.clients.errors import ConnectFailed
from acp_tui.controlplane.hooks import Hooks
from acp_tui.controlplane.objects import Objects
from acp_tui.controlplane.records import ReleaseRecords
from acp_tui.model.release import ReleaseRef, Store

if TYPE_CHECKING:
    from acp_tui.clients.acp.helmrequests import HelmRequest
    from acp_tui.controlplane.member import Member
    from acp_tui.controlplane.settings import Settings
    from acp_tui.model.refs import Clock


async def remove(member: Member, request: HelmRequest, *, settings: Settings, clock: Clock) -> None:
    """Hooks, objects, records; a release that is not there is well, and so is a cluster that refuses connections.

    With `captain-keep-resources` only the records go. Raises AcpTuiError for everything else that goes wrong.
    """
    try:
        await _remove(member, request, settings, clock)
    except ConnectFailed:
        return


async def _remove(member: Member, request: HelmRequest, settings: Settings, clock: Clock) -> None:
    ref = ReleaseRef(member.context.name, request.release_namespace, request.release_name, Store.CAPTAIN)
    records = ReleaseRecords(member.transport, ref, clock=clock)
    past = await records.all()
    if past.deployed is not None and not request.keeps_resources:
        objects = Objects(member, ref)
        hooks = Hooks(member, objects, timeout=settings.removal_timeout, poll=settings.poll, clock=clock)
        stored = past.deployed.get("hooks") or ()
        await hooks.run("pre-delete", stored)
        for part in reversed(await objects.parts(past.manifest)):
            if not part.kept:
                await objects.delete(part, timeout=0, poll=settings.poll)
        await hooks.run("post-delete", stored)
    await records.remove()
