"""Which charts the platform knows: Chart and ChartRepo objects of the global cluster, and a request's own source."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Struct, structs

from acp_tui.clients.errors import NotFound
from acp_tui.clients.helm.charts import MAX_ARCHIVE, order_of
from acp_tui.clients.helm.repositories import Repository
from acp_tui.model.errors import ChartError
from acp_tui.wire.text import clean, one_line

if TYPE_CHECKING:
    from acp_tui.clients.acp.helmrequests import HelmRequest
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.clients.kube.transport import Transport

SYSTEM = "cpaas-system"
_GROUP = "app.alauda.io"


class ChartPlace(Struct, frozen=True):
    """Where one version of a chart lies: an archive's URL, or an `oci://` reference that an engine pulls itself."""

    name: str
    version: str
    url: str
    repository: Repository

    @property
    def remote(self) -> bool:
        return self.url.startswith("oci://")

    async def bring(self, folder: Path) -> str:
        """What an engine takes as chart: the archive, downloaded into `folder`, or the reference. Raises ChartError."""
        if self.remote:
            return self.url
        data = await self.repository.get(self.url, limit=MAX_ARCHIVE)
        name = re.sub(r"[^\w.+-]", "_", urlsplit(self.url).path.rpartition("/")[2]).lstrip(".-") or "chart.tgz"
        path = folder / name
        path.write_bytes(data)
        return str(path)


class Catalog:
    """The charts of one platform; `transport` and `kinds` are those of its global cluster."""

    def __init__(self, transport: Transport, kinds: Kinds, *, namespace: str = SYSTEM) -> None:
        self._transport = transport
        self._kinds = kinds
        self._namespace = namespace

    async def find(self, request: HelmRequest) -> ChartPlace:
        """The chart a request asks for; no version means the newest that is no pre-release.

        Raises ChartError in Captain's words (`cannot find version 9.9.9 for chart web.demo`), ClusterError where the
        catalog cannot be read.
        """
        if (source := request.spec.get("source")) and isinstance(source, dict):
            place = _own_source(source, request.version)
            return await self._with_login(place, (source.get("http") or {}).get("secretRef"), request.namespace)
        repository, slash, chart = request.chart.partition("/")
        if not slash or not chart:
            raise ChartError(f"chart {request.chart!r} is not repository/name")
        entries = await self.entries(repository, chart)
        entry = _choose(entries, request.version)
        if entry is None:
            wanted = request.version or "(newest)"
            raise ChartError(f"cannot find version {wanted} for chart {chart}.{repository}")
        return self._place(chart, entry, await self._repository(repository))

    async def versions(self, chart: str) -> tuple[str, ...]:
        """Versions of `repository/chart`, newest first."""
        repository, _, name = chart.partition("/")
        entries = await self.entries(repository, name)
        return tuple(sorted((clean(str(each.get("version") or "")) for each in entries), key=order_of, reverse=True))

    async def entries(self, repository: str, chart: str) -> list[dict[str, Any]]:
        """The index entries of a chart. Raises ChartError for a chart the catalog does not have."""
        try:
            found = await self._get("Chart", f"{chart}.{repository}")
        except NotFound as error:
            raise ChartError(f"cannot find chart {chart}.{repository}", tried=error.tried) from error
        listed = (found.get("spec") or {}).get("versions") or []
        return [entry for entry in listed if isinstance(entry, dict)]

    async def _repository(self, name: str) -> Repository:
        try:
            found = await self._get("ChartRepo", name)
        except NotFound as error:
            raise ChartError(f"cannot find chart repository {name}", tried=error.tried) from error
        spec = found.get("spec") or {}
        username, password = await self._login(spec.get("secret") or {})
        return Repository(name=name, url=clean(str(spec.get("url") or "")), username=username, password=password)

    async def _login(self, secret: dict[str, Any]) -> tuple[str, str]:
        name = str(secret.get("name") or "")
        if not name:
            return "", ""
        place = str(secret.get("namespace") or self._namespace)
        answer = await self._transport.get(f"/api/v1/namespaces/{place}/secrets/{name}", raw=True)
        data = msgspec.json.decode(answer.body, type=dict[str, Any]).get("data") or {}
        return _text(data.get("username")), _text(data.get("password"))

    async def _with_login(self, place: ChartPlace, secret: object, namespace: str) -> ChartPlace:
        """A source's Secret lies beside the HelmRequest and has keys of its own; an engine logs itself in to OCI."""
        if not secret or place.remote:
            return place
        answer = await self._transport.get(f"/api/v1/namespaces/{namespace}/secrets/{secret}", raw=True)
        data = msgspec.json.decode(answer.body, type=dict[str, Any]).get("data") or {}
        login = {"username": _text(data.get("accessKeyId")), "password": _text(data.get("secretKey"))}
        return structs.replace(place, repository=structs.replace(place.repository, **login))

    async def _get(self, kind: str, name: str) -> dict[str, Any]:
        found = self._kinds.by_gk(_GROUP, kind)
        if found is None:
            raise ChartError(
                f"{self._transport.name} keeps no {kind} objects", advice="name the chart's place in spec.source"
            )
        answer = await self._transport.get(found.path(self._namespace, name))
        return msgspec.json.decode(answer.body, type=dict[str, Any])

    def _place(self, chart: str, entry: dict[str, Any], repository: Repository) -> ChartPlace:
        version = clean(str(entry.get("version") or ""))
        urls = [str(url) for url in entry.get("urls") or () if url]
        if repository.url.startswith("oci://") and not urls:
            url = f"{repository.url.rstrip('/')}/{chart}"
        else:
            # What chart museums serve, for entries that name no file.
            url = urljoin(f"{repository.url.rstrip('/')}/", urls[0] if urls else f"{chart}-{version}.tgz")
        return ChartPlace(name=chart, version=version, url=url, repository=repository)


def _own_source(source: dict[str, Any], version: str) -> ChartPlace:
    """`source.http` or `source.oci`; chart and version of the spec are ignored then."""
    http, oci = source.get("http") or {}, source.get("oci") or {}
    if url := str(http.get("url") or ""):
        name = re.sub(r"-\d.*$", "", urlsplit(url).path.rpartition("/")[2].removesuffix(".tgz"))
        return ChartPlace(name=clean(name), version="", url=url, repository=Repository(name="", url=url))
    if repo := str(oci.get("repo") or ""):
        reference = repo if repo.startswith("oci://") else f"oci://{repo}"
        reference, _, tag = reference.rpartition(":") if ":" in reference.rpartition("/")[2] else (reference, "", "")
        name = reference.rstrip("/").rpartition("/")[2]
        return ChartPlace(
            name=clean(name), version=tag or version, url=reference, repository=Repository(name="", url=reference)
        )
    raise ChartError("the source of the HelmRequest names neither http nor oci")


def _choose(entries: list[dict[str, Any]], version: str) -> dict[str, Any] | None:
    ordered = sorted(entries, key=lambda entry: order_of(str(entry.get("version") or "")), reverse=True)
    if version:
        wanted = version.removeprefix("v")
        return next((each for each in ordered if str(each.get("version") or "").removeprefix("v") == wanted), None)
    released = (each for each in ordered if order_of(str(each.get("version") or ""))[3:4] == (1,))
    return next(released, ordered[0] if ordered else None)


def _text(data: object) -> str:
    try:
        return base64.b64decode(str(data or "")).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ChartError(
            "The login of the chart repository is not text", tried=one_line(type(error).__name__)
        ) from error
