"""Server-printed tables: the cells a server chose, as text, with the identity of each row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acp_tui.wire.kubernetes import Unreadable
from acp_tui.wire.table import decode_table, decode_table_event


def table(rows: Any, **more: Any) -> bytes:
    columns = [
        {"name": "Name", "type": "string", "priority": 0, "description": "the name"},
        {"name": "Ready", "type": "integer", "priority": 1},
    ]
    return json.dumps({"kind": "Table", "columnDefinitions": columns, "rows": rows, **more}).encode()


def test_rows_keep_cells_in_order_and_the_identity_of_the_object() -> None:
    meta = {"name": "web", "namespace": "shop", "uid": "u1"}
    found = decode_table(table([{"cells": ["web", 3], "object": {"metadata": meta}}]))

    assert [(column.name, column.priority) for column in found.columns] == [("Name", 0), ("Ready", 1)]
    assert found.rows[0].cells == ("web", "3")
    assert found.rows[0].meta.uid == "u1"


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (None, ("", "")),
        (["web"], ("web", "")),
        (["web", None, "more"], ("web", "")),
        ([True, 1.5], ("true", "1.5")),
        (["a\x1b[2J\nb", {"a": [1]}], ("a␛[2J␊b", '{"a":[1]}')),
    ],
)
def test_any_cell_becomes_text_and_any_row_as_wide_as_the_table(cells: Any, shown: tuple[str, ...]) -> None:
    assert decode_table(table([{"cells": cells}])).rows[0].cells == shown


def test_rows_without_objects_have_an_empty_identity() -> None:
    found = decode_table(table([{"cells": ["web", 1], "object": None}, None, {"cells": ["db", 1], "object": 5}]))

    assert [row.meta.name for row in found.rows] == [None, None]


def test_a_table_can_go_on() -> None:
    found = decode_table(table(None, metadata={"resourceVersion": "9", "continue": "next"}))

    assert (found.rows, found.resource_version, found.continue_token) == ((), "9", "next")


@pytest.mark.parametrize("body", [b'{"kind": "PodList", "items": []}', b"<html>", b"", b"[]"])
def test_a_server_that_prints_no_table_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_table(body)


def test_a_line_of_a_watch_is_a_row_with_its_object() -> None:
    meta = {"name": "pay-1", "namespace": "shop", "uid": "u-1", "resourceVersion": "7"}
    row = {"cells": ["pay-1", 1], "object": {"metadata": meta}}
    line = json.dumps({"type": "MODIFIED", "object": {"kind": "Table", "rows": [row]}}).encode()

    event = decode_table_event(line, 3)

    assert (event.type, event.resource_version) == ("MODIFIED", "7")
    assert event.rows[0].cells == ("pay-1", "1", "")
    assert event.rows[0].meta.uid == "u-1"


def test_a_watch_that_fell_behind_says_so_and_a_bookmark_has_no_rows() -> None:
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
    mark = {"type": "BOOKMARK", "object": {"kind": "Table", "metadata": {"resourceVersion": "9"}, "rows": None}}

    error = decode_table_event(json.dumps(gone).encode(), 1)
    bookmark = decode_table_event(json.dumps(mark).encode(), 1)

    assert error.status is not None
    assert error.status.code == 410
    assert (bookmark.rows, bookmark.resource_version) == ((), "9")


def test_equal_cells_can_be_one_string() -> None:
    texts: dict[str, str] = {}
    rows = [{"cells": [f"pay-{n}", "a state that many rows are in"]} for n in range(2)]
    body = {"kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "Status"}], "rows": rows}

    first, second = decode_table(json.dumps(body).encode(), share=texts.setdefault).rows

    assert first.cells[1] is second.cells[1]
