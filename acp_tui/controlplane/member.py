"""One cluster that Captain works on: how it is reached, what it is called, what it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.clients.kube.discovery import Kinds, discover
from acp_tui.clients.kube.http import HttpTransport

if TYPE_CHECKING:
    from acp_tui.clients.kube.context import Context
    from acp_tui.clients.kube.transport import Transport


class Member:
    """`names` are what HelmRequests may call it: the platform's name, those of the kubeconfig, and `also`."""

    def __init__(self, context: Context, *, transport: Transport | None = None, also: tuple[str, ...] = ()) -> None:
        self.context = context
        self.transport = transport or HttpTransport(context)
        platform = context.acp.cluster if context.acp else ""
        told = (*also, platform, context.cluster_name, context.name)
        self.names = tuple(dict.fromkeys(name for name in told if name))
        self.status_path: bool | None = None
        self._kinds: Kinds | None = None

    def __repr__(self) -> str:
        return f"Member({self.names[0]})"

    async def kinds(self, *, again: bool = False) -> Kinds:
        """What it serves; asked once, and `again` where a kind is missing. Raises ClusterError."""
        if self._kinds is None or again:
            self._kinds = await discover(self.transport)
        return self._kinds
