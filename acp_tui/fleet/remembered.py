"""The rows as they were last true, kept on disk between runs: metadata and verdicts, never a value or a Secret."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from acp_tui.config.private import is_private, write_private
from acp_tui.fleet.watchplan import APPLICATIONS, CLUSTERS, RELEASES
from acp_tui.model.application import ApplicationSummary
from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.release import ReleaseSummary

FORMAT = 1
ROWS = 2000
"""Of each view of a cluster; what does not fit is simply not remembered."""
BYTES = 16 * 2**20
SAVE_SECONDS = 60.0

Rows = dict[str, tuple[Any, ...]]


class _Cluster(Struct, frozen=True):
    server: str
    clusters: tuple[ClusterSummary, ...] = ()
    applications: tuple[ApplicationSummary, ...] = ()
    releases: tuple[ReleaseSummary, ...] = ()


class _File(Struct, frozen=True):
    format: int
    clusters: dict[str, _Cluster]


class Remembered:
    """One private file. Whatever is wrong with it costs the memory and nothing else.

    Rows come back as CACHED, with the moment at which their cluster last vouched for them, and only for the server
    they came from: a context may point elsewhere today. Reasons of releases, and of clusters, which may be those of
    a release, are left out: they quote the record, which is a Secret.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, _Cluster] = {}

    def load(self) -> None:
        """Reads the file, unless somebody else could have written it."""
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            with self._path.open("rb") as file:
                state = os.fstat(file.fileno())
                if not is_private(state) or state.st_size > BYTES:
                    return
                found = msgspec.json.decode(file.read(), type=_File)
            if found.format == FORMAT:
                self._known = found.clusters

    def rows(self, cluster: str, server: str) -> Rows:
        """What is remembered of a cluster, by view; nothing where it is not known, or another server now."""
        known = self._known.get(cluster)
        if known is None or known.server != server:
            return {}
        rows = {CLUSTERS: known.clusters, APPLICATIONS: known.applications, RELEASES: known.releases}
        return {view: tuple(map(_aged, found)) for view, found in rows.items()}

    def save(self, live: Mapping[str, tuple[str, Mapping[str, Sequence[Any]]]]) -> None:
        """Writes server and rows of the clusters that are known today over what was known before of them."""
        for name, (server, rows) in live.items():
            self._known[name] = _Cluster(
                server,
                tuple(map(_unquoted, rows[CLUSTERS])),
                tuple(rows[APPLICATIONS][:ROWS]),
                tuple(map(_unquoted, rows[RELEASES][:ROWS])),
            )
        data = msgspec.json.encode(_File(FORMAT, self._known))
        if len(data) > BYTES:
            return
        with suppress(OSError):
            write_private(self._path, data)


def _unquoted(row: Any) -> Any:
    return msgspec.structs.replace(row, reason="")


def _aged(row: Any) -> Any:
    return msgspec.structs.replace(
        row, freshness=Freshness(Age.CACHED, row.freshness.confirmed_at, "as it was when the console was last open")
    )
