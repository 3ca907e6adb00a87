"""Follows what containers print."""

from __future__ import annotations

from collections.abc import AsyncIterator

from acp_tui.clients.kube.transport import Transport
from acp_tui.wire.text import clean

LINE_LIMIT = 16 * 1024
"""Characters of one log line that are passed on; a container may print megabytes without a newline."""

_FIRST_BYTE_SECONDS = 60.0


async def logs(
    transport: Transport,
    namespace: str,
    pod: str,
    *,
    container: str = "",
    follow: bool = False,
    previous: bool = False,
    tail_lines: int | None = None,
    timestamps: bool = False,
) -> AsyncIterator[str]:
    """Cleaned lines, oldest first; with `follow` until the container ends or the caller stops.

    A pod with several containers needs `container`, else the server says which there are (Rejected). With
    `timestamps` each line begins with the kubelet's RFC 3339 time. A followed log may be silent for days, so only
    one that is read once has an idle time-out.
    """
    params: dict[str, str | int | bool] = {}
    if container:
        params["container"] = container
    if tail_lines is not None:
        params["tailLines"] = tail_lines
    flags = {"follow": follow, "previous": previous, "timestamps": timestamps}
    params.update({name: True for name, wanted in flags.items() if wanted})
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
    idle = None if follow else _FIRST_BYTE_SECONDS
    async with transport.stream(path, params=params, accept="*/*", idle_timeout=idle, raw=True) as lines:
        async for line in lines:
            text = clean(line.decode(errors="replace").removesuffix("\r"), multiline=True)
            yield text if len(text) <= LINE_LIMIT else text[:LINE_LIMIT] + "…"
