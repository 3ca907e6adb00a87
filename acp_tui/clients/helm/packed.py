"""A chart archive or folder in the form a release record carries it: what `stored` writes out again."""

from __future__ import annotations

import base64
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from acp_tui.model.errors import ChartError
from acp_tui.wire.manifest import values as parse_values

_MOST_BYTES = 64 * 1024 * 1024
_OWN = frozenset({"Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json"})


class Packed(Struct, frozen=True):
    """`record` is the chart as Helm stores it; `definitions` are the manifests of crds/, in order."""

    record: dict[str, Any]
    definitions: tuple[str, ...] = ()


def packed_chart(path: Path) -> Packed:
    """Reads a chart; subcharts (charts/) are left out, as Helm leaves them out. Raises ChartError."""
    files = dict(_folder(path) if path.is_dir() else _archive(path))
    if "Chart.yaml" not in files:
        raise ChartError(f"{path.name} is not a chart", tried="it has no Chart.yaml")
    metadata = _yaml(files["Chart.yaml"], "Chart.yaml")
    for key in ("version", "appVersion"):
        if key in metadata:
            metadata[key] = str(metadata[key])
    lock = files.get("Chart.lock")
    schema = files.get("values.schema.json")
    record = {
        "metadata": metadata,
        "lock": _yaml(lock, "Chart.lock") if lock else None,
        "templates": _entries(files, lambda name: name.startswith("templates/")),
        "values": _yaml(files.get("values.yaml", b""), "values.yaml"),
        "schema": base64.b64encode(schema).decode() if schema else None,
        "files": _entries(
            files, lambda name: name not in _OWN and not name.startswith(("templates/", "charts/"))
        ) or None,
    }  # fmt: skip
    crds = sorted(name for name in files if name.startswith("crds/") and name.endswith((".yaml", ".yml")))
    return Packed(record, tuple(files[name].decode("utf-8", "replace") for name in crds))


def _entries(files: dict[str, bytes], wanted: Any) -> list[dict[str, str]]:
    return [
        {"name": name, "data": base64.b64encode(data).decode()} for name, data in sorted(files.items()) if wanted(name)
    ]


def _yaml(data: bytes, name: str) -> dict[str, Any]:
    return parse_values(data.decode("utf-8", "replace"), origin=name)


def _folder(path: Path) -> Iterable[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), file.read_bytes()


def _archive(path: Path) -> Iterable[tuple[str, bytes]]:
    total = 0
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                inside = PurePosixPath(member.name).parts[1:]
                if not member.isfile() or not inside:
                    continue
                total += member.size
                if total > _MOST_BYTES:
                    raise ChartError(f"{path.name} unpacks to more than {_MOST_BYTES} bytes")
                stream = archive.extractfile(member)
                if stream is not None:
                    yield "/".join(inside), stream.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ChartError(f"{path.name} is not a chart archive", tried=str(error)) from error
