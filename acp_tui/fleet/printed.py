"""The printed rows of one kind of one cluster, by namespace and name."""

from __future__ import annotations

from acp_tui.fleet.session import Session
from acp_tui.fleet.tables import ObjectRow
from acp_tui.model.refs import Kind, ObjectRef
from acp_tui.wire.table import Share, TableColumn, TableRow

Key = tuple[str, str]


class Printed:
    """Rows stay in the order they came in, and a row that says the same stays the same object.

    `union` are the columns of all clusters of the table, by name: servers of different versions print different ones.
    It only grows, so that a row made before a column was known is that much shorter. `problem` is why rows may be old
    or missing, `live` that a watch keeps them.
    """

    def __init__(self, session: Session, kind: Kind, *, union: dict[str, TableColumn], share: Share) -> None:
        self.session = session
        self.kind = kind
        self.columns: tuple[TableColumn, ...] = ()
        self.rows: dict[Key, ObjectRow] = {}
        self.problem = ""
        self.live = False
        self._shelf = session.store.shelf_of(kind)
        self._union = union
        self._share = share
        self._name = 0
        self._others: tuple[int, ...] = ()

    def head(self, columns: tuple[TableColumn, ...]) -> None:
        """Takes the columns of an answer; those of one kind are all alike."""
        if columns == self.columns:
            return
        self.columns = columns
        places = {each.name: at for at, each in enumerate(columns)}
        self._name = places.pop("Name", 0)
        places.pop("Namespace", None)
        for at in places.values():
            self._union.setdefault(columns[at].name, columns[at])
        self._others = tuple(places.get(name, len(columns)) for name in self._union)

    def put(self, row: TableRow, namespace: str = "") -> Key:
        """`namespace` is where it was asked for; metadata, where the row has any, knows better."""
        meta, cluster, kind = row.meta, self.session.name, self.kind
        name = meta.name or (row.cells[self._name] if row.cells else "")
        space = meta.namespace or namespace
        space = self._share(space, space)
        known = self.rows.get((space, name))
        uid = meta.uid or self._uid(space, name, known)
        if known is not None and known.ref.uid == uid:
            ref = known.ref
        else:
            ref = ObjectRef(cluster, kind.group, kind.kind, space, name, uid)
        places = (cluster, space) if kind.namespaced else (cluster,)
        printed = (*row.cells, "")
        made = ObjectRow(ref, (name, *places, *[printed[at] for at in self._others]))
        if known != made:
            self.rows[space, name] = made
        return space, name

    def drop(self, row: TableRow) -> None:
        self.rows.pop((row.meta.namespace or "", row.meta.name or ""), None)

    def keep(self, keys: set[Key]) -> None:
        """Drops all others."""
        for key in self.rows.keys() - keys:
            del self.rows[key]

    def _uid(self, namespace: str, name: str, known: ObjectRow | None) -> str:
        """Who it is, where the fleet follows the kind anyway, or as it was known before."""
        found = self._shelf.items.get(f"{namespace}/{name}") if self._shelf is not None else None
        if found is not None:
            return found.metadata.uid or ""
        return known.ref.uid if known else ""
