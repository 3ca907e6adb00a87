"""The HTTP face of one simulated cluster: faults, identity, discovery, and the way to each verb."""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from acp_tui.sim import discovery, representation, reviews
from acp_tui.sim.access import Attributes
from acp_tui.sim.admin import Admin
from acp_tui.sim.answers import ApiError, path_not_found
from acp_tui.sim.store import encode
from acp_tui.sim.streams import LogStream, WatchStream
from acp_tui.sim.target import resolve
from acp_tui.sim.verbs import Verbs

if TYPE_CHECKING:
    from acp_tui.sim.access import User
    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import KindTable, Obj
    from acp_tui.sim.target import Target

_GZIP_FROM = 1024
_THREAD_FROM = 256 * 1024
_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"
)
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
_log = logging.getLogger(__name__)


class ApiServer:
    """Answers the requests of one cluster."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._verbs = Verbs(cluster)
        self._admin = Admin(cluster)
        self._documents: dict[tuple[str, int], bytes] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every refusal becomes a Status object."""
        cluster = self._cluster
        cluster.stats.requests += 1
        try:
            request, assumed = _assumed(request)
            if request.path.startswith("/_sim/"):
                return await self._admin.handle(request)
            await cluster.populated()
            faulty = await self._misbehave(request)
            if faulty is not None:
                return faulty
            return await self._answer(request, assumed)
        except ApiError as error:
            return await self._refuse(request, error)
        except msgspec.DecodeError as error:
            return await self._refuse(
                request, ApiError(400, "BadRequest", f"the object provided is not valid JSON: {error}")
            )

    async def _refuse(self, request: web.BaseRequest, error: ApiError) -> web.StreamResponse:
        response = await self.send(request, encode(error.status()), code=error.code)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    async def _misbehave(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Do what the cluster's faults say; an answer here is instead of the real one."""
        faults, rng = self._cluster.faults, self._cluster.fault_rng
        if faults.down == "hang":
            await self._cluster.fault_lifted()
        if faults.down == "refuse":
            return _cut(request)
        if not faults.concerns(request.path):
            return None
        if pause := faults.delay(rng):
            await asyncio.sleep(pause)
        if faults.reset and rng.random() < faults.reset:
            return _cut(request)
        if faults.html and rng.random() < faults.html:
            return web.Response(body=_PAGE, status=502, content_type="text/html")
        if faults.too_many and rng.random() < faults.too_many:
            message = "too many requests, please try again later"
            raise ApiError(429, "TooManyRequests", message, retry_after=faults.retry_after)
        if faults.server_error and rng.random() < faults.server_error:
            raise ApiError(500, "InternalError", "Internal error occurred: etcdserver: request timed out")
        return None

    async def _answer(self, request: web.BaseRequest, assumed: str) -> web.StreamResponse:
        path = request.path
        authorization = request.headers.get("Authorization")
        if authorization is None and path.startswith(_PUBLIC):
            return await self._plain(request)
        user = self._cluster.authorizer.user_of(
            authorization,
            request.headers.get("Impersonate-User"),
            list(request.headers.getall("Impersonate-Group", [])),
            assumed=assumed,
        )
        depth = len([part for part in path.split("/") if part])
        if (path.startswith("/api/") and depth >= 3) or (path.startswith("/apis/") and depth >= 4):
            return await self._resource(request, user)
        self._cluster.authorizer.require(user, Attributes(verb="get", path=path))
        return await self._plain(request)

    # -- discovery and health --------------------------------------------------------------------

    async def _plain(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        if path.startswith(("/healthz", "/livez", "/readyz")):
            return web.Response(text=_health(path, verbose="verbose" in request.query))
        if path == "/openapi/v2":
            kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
            return web.Response(body=discovery.EMPTY_OPENAPI_V2, headers={"Content-Type": kind})
        aggregated = "g=apidiscovery.k8s.io;v=v2;" in request.headers.get("Accept", "").replace(" ", "")
        key = (f"{path}?{aggregated}", self._cluster.kinds.changes)
        body = self._documents.get(key)
        if body is None:
            document = self._document(path, aggregated=aggregated)
            if document is None:
                raise path_not_found()
            body = self._documents[key] = encode(document)
        kind = "application/json"
        if aggregated and path in ("/api", "/apis"):
            kind = discovery.AGGREGATED
        return await self.send(request, body, content_type=kind)

    def _document(self, path: str, *, aggregated: bool) -> Obj | None:
        kinds, parts = self._cluster.kinds, path.split("/")[1:]
        match parts:
            case ["version"]:
                return discovery.version(self._cluster.version)
            case ["api"] | ["apis"] if aggregated:
                return discovery.aggregated(kinds, core=parts == ["api"])
            case ["api"]:
                return discovery.api_versions()
            case ["apis"]:
                return discovery.group_list(kinds)
            case ["api", version]:
                return discovery.resource_list(kinds, "", version)
            case ["apis", group]:
                return discovery.group(kinds, group)
            case ["apis", group, version]:
                return discovery.resource_list(kinds, group, version)
            case ["openapi", "v3", *rest]:
                return _openapi(kinds, rest)
            case [""]:
                return {
                    "paths": [
                        "/api",
                        "/apis",
                        "/healthz",
                        "/livez",
                        "/openapi/v2",
                        "/openapi/v3",
                        "/readyz",
                        "/version",
                    ]
                }
            case _:
                return None

    # -- resources -------------------------------------------------------------------------------

    async def _resource(self, request: web.BaseRequest, user: User) -> web.StreamResponse:
        target = resolve(request.path, self._cluster.kinds)
        verb = _verb(request, target)
        self._require(user, verb, target)
        if target.resource.verbs == ("create",):
            body = reviews.answer(
                await self._verbs.body(request),
                target.resource,
                user=user,
                authorizer=self._cluster.authorizer,
                namespace=target.namespace,
            )
            return await self.send(request, encode(body), code=201)
        if verb not in target.resource.verbs:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if target.sub == "log":
            return await LogStream(self._cluster).serve(request, self._verbs.stored(target).obj())
        form = representation.negotiate(
            request.headers.get("Accept", ""), target.version, request.query.get("includeObject", "")
        )
        if verb == "watch":
            return await WatchStream(self._cluster).serve(request, target, form)
        code, body_bytes = await self._verbs.do(verb, request, target, form)
        if form.yaml:
            return await self.send(
                request, representation.yaml_of(body_bytes), code=code, content_type="application/yaml"
            )
        return await self.send(request, body_bytes, code=code)

    def _require(self, user: User, verb: str, target: Target) -> None:
        namespace = target.namespace
        if target.resource.key == ("", "namespaces"):
            namespace = target.name
        asked = Attributes(
            verb=verb,
            group=target.resource.group,
            resource=target.resource.plural,
            subresource=target.sub,
            namespace=namespace,
            name=target.name,
        )
        if target.resource.group in (
            "authorization.k8s.io",
            "authentication.k8s.io",
        ) and target.resource.kind.startswith("Self"):
            return
        self._cluster.authorizer.require(user, asked)

    # -- answers ---------------------------------------------------------------------------------

    async def send(
        self, request: web.BaseRequest, body: bytes, *, code: int = 200, content_type: str = "application/json"
    ) -> web.StreamResponse:
        """Send a whole body, compressed where the client takes gzip and it is worth it."""
        headers = {"Content-Type": content_type, "Cache-Control": "no-cache, private"}
        if len(body) > _GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(_gzip, body) if len(body) > _THREAD_FROM else _gzip(body)
        self._cluster.stats.bytes_sent += len(body)
        return web.Response(body=body, status=code, headers=headers)


def _openapi(kinds: KindTable, parts: list[str]) -> Obj | None:
    match parts:
        case []:
            return discovery.openapi_index(kinds)
        case ["api", version]:
            return discovery.openapi(kinds, "", version)
        case ["apis", group, version]:
            return discovery.openapi(kinds, group, version)
        case _:
            return None


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(body) + packer.flush()


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _assumed(request: web.BaseRequest) -> tuple[web.BaseRequest, str]:
    """Split off an `/as/<user>` in front of the path; see ClusterSpec.open_as."""
    if not request.path.startswith("/as/"):
        return request, ""
    _, _, user, rest = request.path.split("/", 3)
    url = request.rel_url.with_path(f"/{rest}").with_query(request.rel_url.query)
    return request.clone(rel_url=url), user


def _verb(request: web.BaseRequest, target: Target) -> str:
    """The API verb behind an HTTP method."""
    match request.method:
        case "GET" | "HEAD":
            if request.query.get("watch", "0") not in ("0", "false", "False", ""):
                return "watch"
            return "get" if target.name else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
        case _:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


_CHECKS = ("ping", "log", "etcd", "poststarthook/start-apiextensions-controllers", "poststarthook/rbac/bootstrap-roles")


def _health(path: str, *, verbose: bool) -> str:
    if not verbose:
        return "ok"
    name = path.strip("/").partition("/")[0]
    return "\n".join([*[f"[+]{check} ok" for check in _CHECKS], f"{name} check passed", ""])
