"""Any kind as a view: what matters is in view at 80 columns, and only words that are known say how a thing is."""

from __future__ import annotations

from typing import Any

import pytest

from acp_tui.fleet.columns import View
from acp_tui.fleet.tables import MergedTable, ObjectRow
from acp_tui.model.health import Tone
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.panes.objects import view_of
from acp_tui.wire.table import TableColumn

POD_COLUMNS = ("Name", "Cluster", "Namespace", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node")
WIDE = {"IP", "Node", "Nominated Node"}


def pod(name: str, ready: str, status: str, restarts: str = "0", cluster: str = "prod-east") -> ObjectRow:
    ref = ObjectRef(cluster, "", "Pod", "cpaas-system", name)
    return ObjectRow(
        ref, (name, cluster, "cpaas-system", ready, status, restarts, "120d", "10.3.0.1", "prod-east-w-17", "<none>")
    )


PODS = MergedTable(
    title="pods",
    columns=tuple(TableColumn(name, priority=int(name in WIDE)) for name in POD_COLUMNS),
    rows=(
        pod("storefront-6c9d8f7b5-x2k9p", "1/1", "Running"),
        pod("invoice-worker-7f6d5c4b3a-m4qtz", "0/1", "CrashLoopBackOff", "12 (3m4s ago)"),
        pod("checkout-web-5b4c3d2e1f-abcde", "0/1", "Running", "1 (20s ago)", "staging"),
        pod("migrate-1-zxcvb", "0/1", "Completed"),
    ),
    clusters=("prod-east", "staging"),
)


def cells(view: View[Any], table: MergedTable, column: str) -> dict[str, Tone]:
    found = view.column(column)
    assert found is not None
    return {view.cell(found, row, 0.0).text: view.cell(found, row, 0.0).tone for row in table.rows}


def ids(view: View[Any], width: int) -> list[str]:
    return [column.id for column, _ in view.fit(width)]


def test_pods_show_how_they_are_at_eighty_columns() -> None:
    fitted = view_of(PODS).fit(76)

    assert [column.id for column, _ in fitted] == [
        *("name", "namespace", "cluster"),
        *("ready", "status", "restarts", "age"),
    ]
    assert sum(width for _, width in fitted) + len(fitted) - 1 <= 76


def test_what_the_server_calls_wide_comes_last() -> None:
    assert "node" not in ids(view_of(PODS), 110)
    assert "node" in ids(view_of(PODS), 198)


def test_what_is_wrong_stands_first_and_what_runs_unready_is_not_well() -> None:
    view = view_of(PODS)

    assert [row.ref.name.split("-")[0] for row in sorted(PODS.rows, key=view.order)] == [
        *("invoice", "checkout", "migrate", "storefront"),
    ]
    status = view.column("status")
    assert status is not None
    assert [view.cell(status, row, 0.0).tone for row in PODS.rows] == [Tone.OK, Tone.FAIL, Tone.WARN, Tone.OK]


@pytest.mark.parametrize(
    ("word", "tone"),
    [
        ("Ready", Tone.OK),
        ("Ready,SchedulingDisabled", Tone.WARN),
        ("NotReady", Tone.FAIL),
        ("Init:0/2", Tone.WARN),
        ("Init:CrashLoopBackOff", Tone.FAIL),
        ("CreateContainerConfigError", Tone.FAIL),
        ("True", Tone.PLAIN),
        ("SomethingNew", Tone.PLAIN),
    ],
)
def test_a_word_nobody_knows_is_neither_well_nor_wrong(word: str, tone: Tone) -> None:
    row = ObjectRow(ObjectRef("e", "", "Thing", "", "one"), ("one", "e", word))
    table = MergedTable("things", (TableColumn("Name"), TableColumn("Cluster"), TableColumn("Status")), (row,))

    assert cells(view_of(table), table, "status") == {word: tone}


def test_events_are_told_newest_first_and_their_own_names_go_first() -> None:
    def event(name: str, seen: str, kind: str) -> ObjectRow:
        ref = ObjectRef("e", "", "Event", "shop", name)
        return ObjectRow(ref, (name, "e", "shop", seen, kind, "BackOff", "pod/payments-api-1", "Back-off restarting"))

    names = ("Name", "Cluster", "Namespace", "Last Seen", "Type", "Reason", "Object", "Message")
    rows = (event("payments-api-1.17f2a7", "2d3h", "Normal"), event("payments-api-1.17f2a8", "41s", "Warning"))
    table = MergedTable("events", tuple(TableColumn(name) for name in names), rows)
    view = view_of(table)

    assert [row.ref.name[-1] for row in sorted(rows, key=view.order)] == ["8", "7"]
    assert {"last seen", "type", "reason", "object", "message"} <= set(ids(view, 76))
    assert "name" not in ids(view, 76)
    assert cells(view, table, "type") == {"Normal": Tone.PLAIN, "Warning": Tone.WARN}
