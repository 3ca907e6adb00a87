"""Serves the scenery's charts as a chart repository does: every version of them, without credentials."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from importlib import resources
from typing import TYPE_CHECKING

from aiohttp import web

from acp_tui.sim.answers import path_not_found

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PREFIX = "/_sim/charts/"
_ARCHIVE = re.compile(r"([a-z]+)-(\d+\.\d+\.\d+)\.tgz")


def archive(path: str) -> web.Response:
    """`/_sim/charts/web-1.2.3.tgz`: the chart that ships with the package, under that version; else 404."""
    found = _ARCHIVE.fullmatch(path.removeprefix(PREFIX))
    folder = resources.files("acp_tui.sim") / "charts" / found[1] if found else None
    if found is None or folder is None or not folder.is_dir():
        raise path_not_found()
    return web.Response(body=pack(folder, name=found[1], version=found[2]), content_type="application/gzip")


def pack(folder: Traversable, *, name: str, version: str) -> bytes:
    """The same bytes for the same version, as digests want it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, text in _files(folder):
            dated = re.sub(r"(?m)^version: .*$", f"version: {version}", text) if path == "Chart.yaml" else text
            data = dated.encode()
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _files(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            found += _files(entry, f"{prefix}{entry.name}/")
        else:
            found.append((f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")))
    return found
