"""Releases down, clusters across: which version is ahead, and which cells are odd ones out."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from acp_tui.model.cluster import ClusterSummary
from acp_tui.model.freshness import NEVER, Age, Freshness
from acp_tui.model.health import Tone
from acp_tui.model.release import PENDING, ReleaseRef, ReleaseSummary
from acp_tui.model.rollout import Drifted

HASH_LENGTH = 8
_NUMBER = re.compile(r"(\d+)")


class Standing(StrEnum):
    """How a cell stands beside the others of its row.

    UNREAD: the release is there, and its record was not read yet. ABSENT: neither the release nor others of its
    namespace are there, so nobody misses it.
    """

    SAME = "same"
    NEWEST = "newest"
    VALUES = "values"
    BEHIND = "behind"
    OTHER_CHART = "other chart"
    DRIFTED = "drifted"
    PENDING = "pending"
    STUCK = "stuck"
    FAILED = "failed"
    GONE = "uninstalled"
    MISSING = "missing"
    ABSENT = "absent"
    UNREAD = "unread"
    UNKNOWN = "unknown"


TONES = {
    Standing.SAME: Tone.OK,
    Standing.NEWEST: Tone.OK,
    Standing.VALUES: Tone.OK,
    Standing.BEHIND: Tone.WARN,
    Standing.OTHER_CHART: Tone.WARN,
    Standing.DRIFTED: Tone.WARN,
    Standing.PENDING: Tone.WARN,
    Standing.STUCK: Tone.FAIL,
    Standing.FAILED: Tone.FAIL,
    Standing.GONE: Tone.DIM,
    Standing.MISSING: Tone.WARN,
    Standing.ABSENT: Tone.DIM,
    Standing.UNREAD: Tone.UNKNOWN,
    Standing.UNKNOWN: Tone.UNKNOWN,
}
MISSED = 3
"""Rows up to this rank have an odd cell."""
_RANK = {
    Standing.STUCK: 0,
    Standing.FAILED: 0,
    Standing.PENDING: 1,
    Standing.OTHER_CHART: 2,
    Standing.BEHIND: 2,
    Standing.DRIFTED: 2,
    Standing.MISSING: MISSED,
    Standing.VALUES: MISSED,
    Standing.GONE: MISSED,
}
_CALM = 4
_ALONE = 5


class MatrixCell(Struct, frozen=True):
    """One release in one cluster; `row` is None where it is not there, or nobody knows.

    `drift` is what was found when somebody looked at its objects, at the revision that it has now.
    """

    cluster: str
    standing: Standing
    row: ReleaseSummary | None = None
    freshness: Freshness = NEVER
    production: bool = False
    drift: Drifted | None = None

    @property
    def version(self) -> str:
        return self.row.chart_version if self.row is not None else ""

    @property
    def tone(self) -> Tone:
        """What nobody vouches for now is neither green nor red."""
        tone = TONES[self.standing]
        if self.freshness.state in (Age.STALE, Age.CACHED):
            return tone if tone is Tone.UNKNOWN else Tone.STALE
        return Tone.UNKNOWN if self.freshness.state is Age.NEVER and tone is Tone.OK else tone


class MatrixRow(Struct, frozen=True):
    """One release by namespace and name; `newest` is the highest chart version that is known of it.

    `marked` is the cluster of the cell that somebody marked to compare with.
    """

    namespace: str
    name: str
    cells: tuple[MatrixCell, ...]
    newest: str = ""
    marked: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def rank(self) -> int:
        """0 for what is broken somewhere, up to what stands alike everywhere, and then what is in one cluster only."""
        worst = min((_RANK.get(cell.standing, _CALM) for cell in self.cells), default=_CALM)
        alone = sum(cell.row is not None for cell in self.cells) < 2
        return _ALONE if alone and worst >= MISSED else worst

    def cell(self, cluster: str) -> MatrixCell | None:
        return next((cell for cell in self.cells if cell.cluster == cluster), None)


Known = dict[tuple[str, str], tuple[tuple[object, ...], MatrixRow]]
"""Rows that were made, with what they were made from."""


def matrix(
    rows: Iterable[ReleaseSummary],
    clusters: Sequence[ClusterSummary],
    *,
    drifts: Mapping[ReleaseRef, Drifted] | None = None,
    whole: bool = False,
    known: Known | None = None,
) -> tuple[MatrixRow, ...]:
    """Rows by what needs somebody first; cells in the order of the clusters.

    A cluster that answers and has no release at all is left out, unless the `whole` fleet is asked for. With `known`
    a row of which nothing changed is the same object as last time, and costs next to nothing.
    """
    known = {} if known is None else known
    placed: dict[tuple[str, str], dict[str, ReleaseSummary]] = {}
    namespaces: dict[str, set[str]] = {}
    for row in rows:
        ref = row.ref
        namespaces.setdefault(ref.cluster, set()).add(ref.namespace)
        beside = placed.setdefault((ref.namespace, ref.name), {})
        other = beside.get(ref.cluster)
        if other is None or (row.updated_at or 0) > (other.updated_at or 0):
            beside[ref.cluster] = row
    shown = [_Place.of(each) for each in clusters if whole or each.name in namespaces or not _answers(each)]
    for place in known.keys() - placed.keys():
        del known[place]
    found = []
    for place, beside in placed.items():
        here = tuple(place[0] in namespaces.get(each.name, ()) for each in shown)
        looked = tuple((drifts or {}).get(row.ref) for row in beside.values())
        made_from = (*shown, *beside.values(), *looked, here)
        if place not in known or known[place][0] != made_from:
            known[place] = (made_from, _row(place, beside, shown, here, drifts or {}))
        found.append(known[place][1])
    return tuple(sorted(found, key=lambda row: (row.rank, row.namespace, row.name)))


class _Place(Struct, frozen=True):
    """What of a cluster decides its cells."""

    name: str
    production: bool
    freshness: Freshness
    answers: bool

    @classmethod
    def of(cls, cluster: ClusterSummary) -> _Place:
        return cls(cluster.name, cluster.production, cluster.freshness, _answers(cluster))


def _answers(cluster: ClusterSummary) -> bool:
    return bool(cluster.reachable) and cluster.freshness.state in (Age.LIVE, Age.POLLED)


def _row(
    place: tuple[str, str],
    beside: Mapping[str, ReleaseSummary],
    clusters: Sequence[_Place],
    here: Sequence[bool],
    drifts: Mapping[ReleaseRef, Drifted],
) -> MatrixRow:
    present = [row for row in beside.values() if row.chart_version and row.status != "uninstalled"]
    chart = _most(row.chart for row in present)
    versions = {row.chart_version for row in present if row.chart == chart}
    newest = max(versions, key=version_order, default="")
    usual = {version: _usual_values(present, chart, version) for version in versions}
    cells = []
    for cluster, crowded in zip(clusters, here, strict=True):
        row = beside.get(cluster.name)
        drift = drifts.get(row.ref) if row is not None else None
        if row is not None and drift is not None and drift.revision != row.revision:
            drift = None
        if row is None:
            standing = _without(cluster, here=crowded)
        else:
            standing = _standing(row, chart, newest, len(versions), usual.get(row.chart_version, ""), drift)
        freshness = row.freshness if row is not None else cluster.freshness
        cells.append(MatrixCell(cluster.name, standing, row, freshness, cluster.production, drift))
    return MatrixRow(*place, cells=tuple(cells), newest=newest)


def _without(cluster: _Place, *, here: bool) -> Standing:
    if cluster.freshness.state is Age.NEVER or (not cluster.answers and not here):
        return Standing.UNKNOWN
    return Standing.MISSING if here else Standing.ABSENT


def _standing(
    row: ReleaseSummary, chart: str, newest: str, versions: int, usual: str, drift: Drifted | None
) -> Standing:
    said = _said(row)
    if said is not None:
        return said
    if not row.chart_version:
        return Standing.UNREAD
    if row.chart != chart:
        return Standing.OTHER_CHART
    if drift is not None and drift.drifted:
        return Standing.DRIFTED
    if version_order(row.chart_version) != version_order(newest):
        return Standing.BEHIND
    if usual and row.values_hash and row.values_hash != usual:
        return Standing.VALUES
    return Standing.NEWEST if versions > 1 else Standing.SAME


def _said(row: ReleaseSummary) -> Standing | None:
    """What the status alone decides; None for a release that is deployed."""
    if row.stuck:
        return Standing.STUCK
    if row.status in PENDING:
        return Standing.PENDING
    return {"failed": Standing.FAILED, "uninstalled": Standing.GONE, "deployed": None}.get(row.status, Standing.UNKNOWN)


def _usual_values(rows: Sequence[ReleaseSummary], chart: str, version: str) -> str:
    """The values that more than half of the cells with this version have; empty where there are none."""
    hashes = [row.values_hash for row in rows if row.chart == chart and row.chart_version == version]
    known = Counter(each for each in hashes if each)
    most = known.most_common(1)
    return most[0][0] if most and most[0][1] * 2 > known.total() else ""


def _most(words: Iterable[str]) -> str:
    return max(sorted(Counter(words).items()), key=lambda pair: pair[1], default=("", 0))[0]


def version_order(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """A key under which versions compare as SemVer has it: numbers as numbers, a pre-release before its release.

    Build metadata counts for nothing; what is no SemVer compares by the numbers in it.
    """
    core, dash, pre = version.removeprefix("v").partition("+")[0].partition("-")
    numbers = tuple(int(number) for number in _NUMBER.findall(core))
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pre.split(".") if part)
    return (numbers + (0,) * (3 - len(numbers)), not dash, parts)


def values_hash(values: Mapping[str, Any]) -> str:
    """Eight hex digits over the user's values in canonical JSON: equal values have equal ones, whatever their order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def in_words(row: MatrixRow, cell: MatrixCell) -> tuple[str, ...]:
    """What the cell means beside the others of its row, a sentence each; ages and drift are not told here."""
    mine = cell.row
    match cell.standing:
        case Standing.UNKNOWN if mine is None:
            return (f"{cell.cluster} does not answer: nobody knows what it runs",)
        case Standing.MISSING:
            return (f"missing: {cell.cluster} runs other releases of namespace {row.namespace}, and not this one",)
        case Standing.ABSENT:
            return (f"not there, and nothing else of namespace {row.namespace} is",)
        case Standing.UNREAD:
            return ("its record is being read",)
    said: list[str] = []
    if mine is None:
        return ()
    charts = {each.row.chart for each in row.cells if each.row is not None and each.version == row.newest}
    if mine.chart_version and charts and mine.chart not in charts:
        said.append(f"another chart: {mine.chart} here, {', '.join(sorted(charts))} elsewhere")
    elif mine.chart_version and version_order(mine.chart_version) != version_order(row.newest):
        said.append(f"behind: the newest is {row.newest} ({_places(row, version=row.newest)})")
    elif len({each.version for each in row.cells if each.version}) > 1:
        said.append(f"the newest; behind it: {_behind(row)}")
    if mine.values_hash:
        said.append(_values_words(row, cell, mine.values_hash))
    return tuple(said)


def rollout_order(row: MatrixRow, source: str) -> tuple[MatrixCell, ...]:
    """The other cells in the order a version is taken to them: production last, else as the fleet has them."""
    others = [cell for cell in row.cells if cell.cluster != source]
    return tuple(sorted(others, key=lambda cell: cell.production))


def target_of(row: MatrixRow, cluster: str) -> ReleaseRef:
    """The release there, or what it would be called."""
    cell = row.cell(cluster)
    if cell is not None and cell.row is not None:
        return cell.row.ref
    return ReleaseRef(cluster, row.namespace, row.name)


def _places(row: MatrixRow, *, version: str) -> str:
    return ", ".join(cell.cluster for cell in row.cells if version_order(cell.version) == version_order(version))


def _behind(row: MatrixRow) -> str:
    newest = version_order(row.newest)
    return ", ".join(
        f"{cell.cluster} {cell.version}" for cell in row.cells if cell.version and version_order(cell.version) != newest
    )


def _values_words(row: MatrixRow, cell: MatrixCell, mine: str) -> str:
    others = [each for each in row.cells if each.cluster != cell.cluster and each.row and each.row.values_hash]
    same = [each.cluster for each in others if each.row and each.row.values_hash == mine]
    differ = [each.cluster for each in others if each.cluster not in same]
    parts = [f"as in {', '.join(same)}"] if same else []
    parts += [f"other than in {', '.join(differ)}"] if differ else []
    return f"values {mine}" + (f": {'; '.join(parts)}" if parts else "")
