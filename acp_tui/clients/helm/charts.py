"""Where a chart comes from: a folder, an archive, a repository or an OCI registry, made ready for an engine."""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Struct

from acp_tui.clients.helm.repositories import Repository, find_repository
from acp_tui.model.errors import ChartError
from acp_tui.wire.text import clean, one_line

MAX_ARCHIVE = 64 * 1024 * 1024
MAX_INDEX = 128 * 1024 * 1024
_MAX_UNPACKED = 512 * 1024 * 1024
_MAX_CHART_YAML = 1024 * 1024
_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?")


class ChartSource(Struct, frozen=True):
    """What an engine gets: `reference` is a local path, or an `oci://` reference that the engine pulls itself."""

    reference: str
    name: str
    version: str = ""
    app_version: str = ""

    @property
    def remote(self) -> bool:
        return self.reference.startswith("oci://")


class ChartVersion(Struct, frozen=True):
    name: str
    version: str
    app_version: str = ""
    description: str = ""
    url: str = ""
    digest: str = ""


def check_values(text: str) -> None:
    """Raise ChartError naming line and column unless the text is YAML with a mapping (or nothing) at the top.

    Only the syntax is read: nothing is constructed, so that aliases cannot multiply.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = clean(error.problem or error.context or "not understood")
        raise ChartError("The values are not YAML", tried=f"{place}{problem}", advice="correct that line") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ChartError("The values are not YAML", tried=one_line(str(error), limit=300)) from error
    if node is None or isinstance(node, yaml.MappingNode):
        return
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null":
        return
    found = "list" if isinstance(node, yaml.SequenceNode) else "single value"
    raise ChartError(
        "The values are not a mapping",
        tried=f"line {node.start_mark.line + 1} starts a {found}",
        advice="values are `key: value` lines",
    )


async def resolve(
    chart: str,
    *,
    folder: Path,
    version: str = "",
    repository: str = "",
    env: Mapping[str, str] = os.environ,
) -> ChartSource:
    """Find a chart and make it local, downloading into `folder`; OCI references (TLS only) stay for the engine.

    The order is Helm's: a path that exists, `oci://`, a URL of an archive, a name in `repository` (a URL), then
    `repository/name` of Helm's own repositories.yaml. `version` is exact; empty takes the newest that is no
    pre-release. Raises ChartError.
    """
    if chart.startswith("oci://"):
        return ChartSource(reference=chart, name=chart.rstrip("/").rpartition("/")[2], version=version)
    if not repository and chart and (local := _existing(chart)) is not None:
        return _local(local)
    if repository.startswith("oci://"):
        return ChartSource(reference=f"{repository.rstrip('/')}/{chart}", name=chart, version=version)
    if chart.startswith(("https://", "http://")):
        return _local(await _download(Repository(name="", url=chart), chart, folder))
    where, name = _repository(chart, repository, env)
    found = _choose(await _index(where, name), name, version, where)
    return _local(await _download(where, found.url, folder, digest=found.digest))


def _existing(chart: str) -> Path | None:
    path = Path(chart).expanduser()
    return path if path.exists() else None


async def versions(
    chart: str, *, repository: str = "", env: Mapping[str, str] = os.environ
) -> tuple[ChartVersion, ...]:
    """The versions of a chart in a repository, newest first, pre-releases included. Raises ChartError."""
    where, name = _repository(chart, repository, env)
    return await _index(where, name)


def _repository(chart: str, repository: str, env: Mapping[str, str]) -> tuple[Repository, str]:
    if repository.startswith(("https://", "http://")):
        return Repository(name="", url=repository), chart
    if repository:
        return find_repository(repository, env), chart
    name, slash, rest = chart.partition("/")
    if not slash or not name or chart.startswith((".", "/", "~")) or not rest:
        raise ChartError(
            f"Chart {one_line(chart, limit=200)!r} is not found",
            tried=f"looked for {Path(chart).expanduser()}",
            advice="name a folder, a .tgz file, oci://…, a URL, repository/name, or a name with --repository URL",
        )
    return find_repository(name, env), rest


def _local(path: Path) -> ChartSource:
    data = _chart_yaml_of_folder(path) if path.is_dir() else _chart_yaml_of_archive(path)
    metadata = _metadata(data, path)
    return ChartSource(
        reference=str(path.resolve()),
        name=clean(str(metadata.get("name") or "")),
        version=clean(str(metadata.get("version") or "")),
        app_version=clean(str(metadata.get("appVersion") or "")),
    )


def _chart_yaml_of_folder(path: Path) -> bytes:
    file = path / "Chart.yaml"
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_CHART_YAML)
    except OSError as error:
        raise _no_chart(path, f"{file}: {error.strerror}") from error


def _chart_yaml_of_archive(path: Path) -> bytes:
    try:
        # Not as a stream: tarfile's own reader of those trips over the extra field that helm package writes.
        with tarfile.open(path, mode="r:gz") as archive:
            passed = 0
            for member in archive:
                passed += member.size
                if passed > _MAX_UNPACKED:
                    raise _no_chart(path, f"more than {_MAX_UNPACKED} bytes are packed in it")
                parts = member.name.removeprefix("./").split("/")
                if member.isfile() and len(parts) == 2 and parts[1] == "Chart.yaml":
                    stream = archive.extractfile(member)
                    return stream.read(_MAX_CHART_YAML) if stream else b""
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise _no_chart(path, one_line(str(error), limit=300)) from error
    raise _no_chart(path, "the archive holds no NAME/Chart.yaml")


def _metadata(data: bytes, path: Path) -> dict[str, Any]:
    import yaml

    try:
        metadata = yaml.load(data, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise _no_chart(path, f"Chart.yaml is not YAML: {one_line(str(error), limit=300)}") from error
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise _no_chart(path, "Chart.yaml names no chart")
    return metadata


def _no_chart(path: Path, why: str) -> ChartError:
    return ChartError(
        f"{path.name} is not a chart",
        tried=why,
        advice="a chart is a folder with a Chart.yaml, or the .tgz that helm package makes of it",
    )


class _Entry(Struct, frozen=True, rename="camel"):
    version: str | int | float | None = None
    app_version: str | int | float | None = None
    description: str | None = None
    urls: list[str] | None = None
    digest: str | None = None


async def _index(repository: Repository, name: str) -> tuple[ChartVersion, ...]:
    import asyncio

    import yaml

    url = f"{repository.url.rstrip('/')}/index.yaml"
    data = await repository.get(url, limit=MAX_INDEX)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        index = await asyncio.to_thread(yaml.load, data, Loader=loader)
        entries = (index.get("entries") or {}).get(name)
        decoded = [] if entries is None else msgspec.convert(entries, list[_Entry], strict=False)
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError) as error:
        raise ChartError(
            "The repository's index is not what Helm writes",
            tried=f"GET {repository.shown(url)}: {one_line(str(error), limit=300)}",
            advice="check the repository's URL: it is the folder that holds index.yaml",
        ) from error
    if entries is None:
        raise ChartError(
            f"Chart {one_line(name, limit=100)!r} is not in the repository",
            tried=f"GET {repository.shown(url)}",
            advice="check the chart's name",
        )
    made = [
        ChartVersion(
            name=name,
            version=clean(str(entry.version or "")),
            app_version=clean("" if entry.app_version is None else str(entry.app_version)),
            description=one_line(entry.description or "", limit=300),
            url=urljoin(f"{repository.url.rstrip('/')}/", (entry.urls or [""])[0]),
            digest=entry.digest or "",
        )
        for entry in decoded
    ]
    return tuple(sorted(made, key=lambda version: order_of(version.version), reverse=True))


def order_of(version: str) -> tuple[Any, ...]:
    """Sort key of SemVer 2 precedence; what is no version sorts lowest."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        return (-1, 0, 0, 0, ())
    numbers = tuple(int(part or 0) for part in match.group(1, 2, 3))
    pre = match.group(4)
    # A release is above its pre-releases; numbers among identifiers are below words.
    words = tuple((0, int(w), "") if w.isdecimal() else (1, 0, w) for w in pre.split(".")) if pre else ()
    return (*numbers, 0 if pre else 1, words)


def _choose(found: tuple[ChartVersion, ...], name: str, version: str, repository: Repository) -> ChartVersion:
    if version:
        match = next((one for one in found if one.version.removeprefix("v") == version.removeprefix("v")), None)
    else:
        match = next((one for one in found if order_of(one.version)[3:4] == (1,)), None)
    if match is not None and match.url:
        return match
    known = ", ".join(one.version for one in found[:8])
    raise ChartError(
        f"Version {one_line(version, limit=60) or '(newest)'} of chart {name} is not in the repository",
        tried=f"read the index of {repository.shown(repository.url)}",
        advice=f"it has {known or 'no versions'}{' …' if len(found) > 8 else ''}",
    )


async def _download(repository: Repository, url: str, folder: Path, *, digest: str = "") -> Path:
    data = await repository.get(url, limit=MAX_ARCHIVE)
    wanted = digest.removeprefix("sha256:").lower()
    if wanted and hashlib.sha256(data).hexdigest() != wanted:
        raise ChartError(
            "The chart archive is not the one its repository's index describes",
            tried=f"GET {repository.shown(url)}, SHA-256 compared",
            advice="the archive was replaced or damaged: ask the repository's owner",
        )
    name = re.sub(r"[^\w.+-]", "_", urlsplit(url).path.rpartition("/")[2]).lstrip(".-") or "chart.tgz"
    path = folder / name
    path.write_bytes(data)
    return path
