"""Any kind, of many clusters, in the columns its servers print."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from acp_tui.clients.kube.lister import list_table
from acp_tui.fleet.session import Session
from acp_tui.model.errors import ClusterError, UsageError
from acp_tui.model.refs import Kind, ObjectRef
from acp_tui.wire.table import Table, TableColumn

TIMEOUT = 20.0


class ObjectRow(Struct, frozen=True, gc=False):
    """`cells` in the order of the table's columns."""

    ref: ObjectRef
    cells: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.ref.key


class MergedTable(Struct, frozen=True):
    """Rows of all clusters under the union of their columns; `problems` are clusters that are not in it, and why.

    The first column is the name, then the cluster, then the namespace where the kind has one; a row may be shorter than
    the columns. `clusters` are those that rows are of. `live` rows are kept up to date by watches; rows that are not
    live are as old as their answer.
    """

    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[ObjectRow, ...]
    problems: tuple[str, ...] = ()
    live: bool = False
    clusters: tuple[str, ...] = ()


async def merged_table(word: str, sessions: Sequence[Session], *, namespace: str = "") -> MergedTable:
    """Asks all clusters at once; one that does not answer in time is left out and named.

    Raises UsageError where no cluster that answered knows the word.
    """
    served: list[tuple[Session, Kind]] = []
    problems: list[str] = []
    for session in sessions:
        kind = session.kinds.find(word) if session.kinds else None
        if session.kinds is None:
            problems.append(f"{session.name}: {session.store.problem or 'not dialled'}")
        elif kind is not None:
            served.append((session, kind))
    if not served:
        raise nobody_serves(word, sessions)
    answers = await asyncio.gather(*(_ask(session, kind, namespace) for session, kind in served))
    tables = []
    for (session, kind), answer in zip(served, answers, strict=True):
        if isinstance(answer, str):
            problems.append(f"{session.name}: {answer}")
        else:
            tables.append((session.name, kind, answer))
    return _merge(served[0][1], tables, problems)


def nobody_serves(word: str, sessions: Sequence[Session]) -> UsageError:
    asked = ", ".join(session.name for session in sessions if session.kinds)
    return UsageError(
        f"No cluster serves {word}",
        tried=f"asked {asked or 'no cluster that answers'}",
        advice="use a kind, plural or short name as kubectl api-resources lists them",
    )


async def _ask(session: Session, kind: Kind, namespace: str) -> Table | str:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await list_table(session.transport, kind, namespace=namespace if kind.namespaced else "")
    except TimeoutError:
        return f"no answer within {TIMEOUT:.0f} s"
    except ClusterError as error:
        return error.title


def _merge(kind: Kind, tables: Sequence[tuple[str, Kind, Table]], problems: list[str]) -> MergedTable:
    union: dict[str, TableColumn] = {}
    for _, _, table in tables:
        for column in table.columns:
            union.setdefault(column.name, column)
    name = union.pop("Name", TableColumn("Name"))
    places = [TableColumn("Cluster"), *([TableColumn("Namespace")] if kind.namespaced else [])]
    union.pop("Namespace", None)
    rows = [row for cluster, own, table in tables for row in _rows(cluster, own, table, list(union))]
    return MergedTable(
        title=kind.plural,
        columns=(name, *places, *union.values()),
        rows=tuple(sorted(rows, key=lambda row: row.ref)),
        problems=tuple(problems),
        clusters=tuple(cluster for cluster, _, table in tables if table.rows),
    )


def _rows(cluster: str, kind: Kind, table: Table, columns: list[str]) -> list[ObjectRow]:
    place = {column.name: index for index, column in enumerate(table.columns)}
    rows = []
    for row in table.rows:
        meta = row.meta
        name = meta.name or (row.cells[place["Name"]] if "Name" in place else "")
        ref = ObjectRef(cluster, kind.group, kind.kind, meta.namespace or "", name, meta.uid or "")
        cells = [row.cells[place[column]] if column in place else "" for column in columns]
        where = [cluster, *([ref.namespace] if kind.namespaced else [])]
        rows.append(ObjectRow(ref, (name, *where, *cells)))
    return rows
