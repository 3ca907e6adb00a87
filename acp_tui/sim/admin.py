"""The levers of a running box: `/_sim/faults`, `/_sim/stats`, `/_sim/compact`; for administrators on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from acp_tui.sim.answers import ApiError, path_not_found
from acp_tui.sim.faults import Faults
from acp_tui.sim.museum import PREFIX, archive
from acp_tui.sim.store import encode

if TYPE_CHECKING:
    from acp_tui.sim.cluster import SimCluster


class Admin:
    """Answers the paths that no Kubernetes has."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """GET, PUT (replace), PATCH (change some) and DELETE (clear) of faults; GET stats and charts; POST compact."""
        if request.path.startswith(PREFIX) and request.method in ("GET", "HEAD"):
            return archive(request.path)
        user = self._cluster.authorizer.user_of(request.headers.get("Authorization"), None, [])
        if not user.is_admin or request.remote not in ("127.0.0.1", "::1", None):
            raise ApiError(403, "Forbidden", "only an administrator on this machine may do this")
        match (request.method, request.path):
            case (_, "/_sim/faults"):
                return await self._faults(request)
            case ("GET", "/_sim/stats"):
                return _json(encode(self._cluster.stats))
            case ("POST", "/_sim/compact"):
                self._cluster.store.compact()
                return _json(b"{}")
            case _:
                raise path_not_found()

    async def _faults(self, request: web.BaseRequest) -> web.StreamResponse:
        cluster = self._cluster
        if request.method == "DELETE":
            cluster.set_faults(Faults())
        elif request.method in ("PUT", "PATCH"):
            asked = msgspec.json.decode(await request.read(), type=dict[str, object])
            present = msgspec.to_builtins(cluster.faults) if request.method == "PATCH" else {}
            try:
                cluster.set_faults(msgspec.convert({**present, **asked}, Faults))
            except msgspec.ValidationError as error:
                raise ApiError(422, "Invalid", f"no such faults: {error}") from error
        elif request.method != "GET":
            raise ApiError(405, "MethodNotAllowed", "faults take GET, PUT, PATCH and DELETE")
        return _json(encode(cluster.faults))


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
