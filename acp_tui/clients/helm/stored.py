"""The chart inside a release record, written out again as a chart folder."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from acp_tui.model.errors import ChartError
from acp_tui.wire.text import one_line


def stored_chart(release: Mapping[str, Any], folder: Path) -> Path:
    """Write the chart of a decoded record below `folder` and return its folder.

    Chart.yaml and values.yaml are written as JSON, which is YAML that every parser reads alike; comments were lost
    when Helm stored it. Helm stores no subcharts: a chart that has some is refused with a ChartError, as is a
    record whose chart has no name or files that would leave the folder.
    """
    chart = release.get("chart")
    metadata = chart.get("metadata") if isinstance(chart, dict) else None
    if not isinstance(chart, dict) or not isinstance(metadata, dict) or not metadata.get("name"):
        raise _unusable("the record holds no chart")
    _refuse_subcharts(release, metadata)
    root = folder / "stored-chart"
    root.mkdir(mode=0o700)
    _write(root, "Chart.yaml", _json(metadata))
    _write(root, "values.yaml", _json(chart.get("values") or {}))
    if chart.get("lock"):
        _write(root, "Chart.lock", _json(chart["lock"]))
    if chart.get("schema"):
        _write(root, "values.schema.json", _bytes(chart["schema"], "values.schema.json"))
    for file in (*(chart.get("templates") or ()), *(chart.get("files") or ())):
        name = file.get("name") if isinstance(file, dict) else None
        if not isinstance(name, str):
            raise _unusable("a file of the chart has no name")
        _write(root, name, _bytes(file.get("data") or "", name))
    return root


def _refuse_subcharts(release: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Dependencies that were switched off are gone from stored metadata; undeclared ones show in the manifest."""
    declared = [d.get("name", "?") for d in metadata.get("dependencies") or () if isinstance(d, dict)]
    rendered = f"# Source: {metadata['name']}/charts/" in str(release.get("manifest") or "")
    if declared or rendered:
        names = ", ".join(str(name) for name in declared) or "found in the manifest"
        raise _unusable(f"it has subcharts ({one_line(names, limit=200)}), which Helm does not store with a release")


def _write(root: Path, name: str, data: bytes) -> None:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name or not relative.parts:
        raise _unusable(f"a file is named {one_line(name, limit=100)!r}")
    path = root.joinpath(*relative.parts)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _unusable(f"{one_line(name, limit=100)!r} cannot be written: {error.strerror}") from error


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, indent=1).encode()


def _bytes(data: object, name: str) -> bytes:
    try:
        return base64.b64decode(data if isinstance(data, str) else "!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unusable(f"{one_line(name, limit=100)!r} is not base64") from error


def _unusable(why: str) -> ChartError:
    return ChartError(
        "The chart of the last revision cannot be used again", tried=why, advice="name the chart to upgrade to"
    )
